/**
 * PostgreSQL over a pool of connections, connected at the first call. Role, tenant and limits are set for one transaction
 * only, so a connection carries nothing into the next one and a pooler in transaction mode may stand in between. Knows no
 * table; `migrate` applies the text it is given.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, PoolClient, QueryConfig } from 'pg';
import { AurumError } from '#lib/domain/errors.ts';
import type { DatabaseCredential } from '#lib/ports/secrets.ts';
import type { Sql, SqlTransaction } from '#lib/ports/sql.ts';
import { postgresError } from './postgres-errors.ts';
import { valueTypes } from './postgres-values.ts';

export interface PostgresSqlOptions {
  /** `postgres://user:password@host:port/database?sslmode=...` */
  readonly url: string;
  /** Text of `ddl/postgres/app.sql`, applied by `migrate` alone. */
  readonly ddl: string;
  /** Asked before each transaction; another answer than last time moves to new connections. Left out: the URL's. */
  readonly credential?: () => Promise<DatabaseCredential>;
  /** Default 10. */
  readonly pool_size?: number;
  /** For a connection, new or from the pool. Default 5,000. */
  readonly connect_timeout_ms?: number;
  /** Default 30,000. */
  readonly statement_timeout_ms?: number;
}

const STATEMENT_TIMEOUT_MS = 30_000;
const MIGRATE_TIMEOUT_MS = 300_000;
const IDLE_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 2_000;
/** How much longer than the server we wait for its word that a statement took too long. */
const SILENCE_MS = 5_000;
/** Of a transaction that has not begun: an idle connection may be one the server has closed meanwhile. */
const BEGIN_ATTEMPTS = 2;

/** Dates and times are written in one way whatever the server's or the login's settings are. */
const SET_LOCAL = `SELECT set_config('role', $1, true), set_config('aurum.tenant', $2, true),
  set_config('statement_timeout', $3, true), set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true)`;

export function postgresSql(options: PostgresSqlOptions): Sql {
  const { url, ddl, statement_timeout_ms = STATEMENT_TIMEOUT_MS } = options;
  const pools = poolsOf(options);
  return {
    async transaction(role, work, tenant = '') {
      const settings = [role, tenant, String(statement_timeout_ms)];
      return inTransaction(url, await begin(url, pools, settings), work);
    },
    async migrate() {
      const client = await connect(url, pools);
      // One simple query; app.sql takes an advisory lock first, so migrations from two processes follow each other.
      const text = `BEGIN; SET LOCAL statement_timeout = ${MIGRATE_TIMEOUT_MS}; ${ddl}\n; COMMIT`;
      const query = { text, query_timeout: MIGRATE_TIMEOUT_MS + SILENCE_MS };
      try {
        await ask(url, client, query);
        client.release();
      } catch (error) {
        client.release(true);
        throw error;
      }
    },
    close: pools.close,
  };
}

async function inTransaction<T>(
  url: string,
  client: PoolClient,
  work: (tx: SqlTransaction) => Promise<T>,
): Promise<T> {
  let open = true;
  try {
    const value = await work({
      query: async (text, parameters = []) => {
        // By now the connection is another transaction's, or it works as the login itself.
        if (!open) throw new AurumError('fault', 'transaction_closed', 'A query came after its transaction');
        return (await ask(url, client, { text, values: [...parameters] })).rows as never;
      },
    });
    open = false;
    const { command } = await ask(url, client, { text: 'COMMIT' });
    if (command !== 'COMMIT')
      throw new AurumError('fault', 'transaction_failed', 'A statement failed and nobody was told');
    client.release();
    return value;
  } catch (error) {
    open = false;
    await rollBack(client, error);
    throw error;
  }
}

/** A connection that cannot be rolled back, or may still be at work, is not used again. */
async function rollBack(client: PoolClient, error: unknown): Promise<void> {
  if (error instanceof AurumError && error.code === 'postgres_unavailable') return client.release(true);
  await client.query('ROLLBACK').then(
    () => client.release(),
    () => client.release(true),
  );
}

async function begin(url: string, pools: Pools, settings: readonly string[]): Promise<PoolClient> {
  for (let attempt = 1; ; attempt++) {
    const client = await connect(url, pools);
    try {
      await ask(url, client, { text: 'BEGIN' });
      await ask(url, client, { text: SET_LOCAL, values: [...settings] });
      return client;
    } catch (error) {
      client.release(true);
      if (attempt === BEGIN_ATTEMPTS || !(error instanceof AurumError) || !error.retryable) throw error;
    }
  }
}

async function connect(url: string, pools: Pools): Promise<PoolClient> {
  const pool = await pools.current();
  return pool.connect().catch((error) => Promise.reject(postgresError(url, error)));
}

function ask(url: string, client: PoolClient, query: QueryConfig & { query_timeout?: number }) {
  return client.query(query).catch((error) => Promise.reject(postgresError(url, error)));
}

interface Pools {
  /** The pool of the credential that holds now. */
  current(): Promise<Pool>;
  close(): Promise<void>;
}

function poolsOf(options: PostgresSqlOptions): Pools {
  let held: { readonly pool: Pool; readonly credential: DatabaseCredential | undefined } | undefined;
  const ending = new Set<Promise<void>>();
  const retire = (pool: Pool) => {
    const ended = pool.end().finally(() => ending.delete(ended)); // What runs in it finishes first.
    ending.add(ended);
  };
  return {
    async current() {
      const driver = (await import('pg')).default;
      const credential = await options.credential?.();
      if (held !== undefined && sameCredential(held.credential, credential)) return held.pool;
      if (held !== undefined) retire(held.pool);
      held = { pool: newPool(driver, options, credential), credential };
      return held.pool;
    },
    async close() {
      if (held !== undefined) retire(held.pool);
      held = undefined;
      // A server that no longer answers does not answer a goodbye either.
      await Promise.race([Promise.all(ending), delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    },
  };
}

function sameCredential(a: DatabaseCredential | undefined, b: DatabaseCredential | undefined): boolean {
  return a?.user === b?.user && a?.password === b?.password;
}

function newPool(
  driver: Pick<typeof import('pg'), 'Pool' | 'types'>,
  options: PostgresSqlOptions,
  credential: DatabaseCredential | undefined,
): Pool {
  const {
    url,
    pool_size = 10,
    connect_timeout_ms = 5_000,
    statement_timeout_ms = STATEMENT_TIMEOUT_MS,
  } = options;
  const pool = new driver.Pool({
    connectionString: credential === undefined ? url : withCredential(url, credential),
    application_name: 'aurum',
    max: pool_size,
    connectionTimeoutMillis: connect_timeout_ms,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    allowExitOnIdle: true,
    keepAlive: true,
    query_timeout: statement_timeout_ms + SILENCE_MS,
    types: valueTypes(driver.types),
  });
  // A connection that breaks between two queries says so here and in the next query; unheard, it would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

function withCredential(url: string, { user, password }: DatabaseCredential): string {
  const named = new URL(url);
  named.username = encodeURIComponent(user);
  named.password = encodeURIComponent(password);
  return named.href;
}
