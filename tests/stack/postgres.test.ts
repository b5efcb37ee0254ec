/**
 * The operational database on a real PostgreSQL: the suites PGlite passes, under a superuser and under a login that owns
 * the tables, and what only a server has: connections that break, logins that change, migrations and processes that race.
 * Works in databases of its own.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sqlAudit } from '#lib/adapters/audit/sql.ts';
import { type PostgresSqlOptions, postgresSql } from '#lib/adapters/sql/postgres.ts';
import type { AuditTrail } from '#lib/ports/audit.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { auditCases } from '#tests/contract/audit/cases.ts';
import { auditTableCases } from '#tests/contract/audit/table-cases.ts';
import { ppaStoreCases } from '#tests/contract/ppa/cases.ts';
import { releaseUsesCases } from '#tests/contract/release-uses/cases.ts';
import { scenarioCases } from '#tests/contract/scenarios/cases.ts';
import { sqlCases } from '#tests/contract/sql/cases.ts';
import { doorTo } from './door.ts';

const url = process.env.AURUM_POSTGRES_URL;
const ddl = readFileSync(join(import.meta.dirname, '../../ddl/postgres/app.sql'), 'utf8');
const run = randomBytes(4).toString('hex');
const OWNER = `sql_test_owner_${run}`;
const PASSWORD = 'p@ss/w:rd';
const WRONG = 'not-the-password';

const at = (database: string, change: (named: URL) => void = () => {}) => {
  const named = new URL(url!);
  named.pathname = `/${database}`;
  change(named);
  return named.href;
};
const asOwner = (named: URL) => {
  named.username = OWNER;
  named.password = encodeURIComponent(PASSWORD);
};

/** Statements outside the adapter, as the login of the stack. */
const administer = (...statements: readonly string[]) => directly(url!, ...statements);

async function directly(login: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client(login);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Appended to by several processes in turn, read by any. */
function trailOfMany(processes: readonly Sql[]): AuditTrail {
  const trails = processes.map(sqlAudit);
  let turn = 0;
  return { ...trails[0]!, append: (content) => trails[turn++ % trails.length]!.append(content) };
}

describe.skipIf(url === undefined)('PostgreSQL (skipped without AURUM_POSTGRES_URL)', () => {
  const names = { shared: `sql_test_${run}`, owned: `sql_test_owned_${run}`, empty: `sql_test_empty_${run}` };
  const trails: string[] = [];
  const opened: Sql[] = [];
  const open = (options: Partial<PostgresSqlOptions> & { url: string }) => {
    const sql = postgresSql({ ddl, ...options });
    opened.push(sql);
    return sql;
  };
  /** Four processes. */
  let together: readonly Sql[];
  let superuser: Sql;
  let owner: Sql;

  beforeAll(async () => {
    await administer(
      `CREATE ROLE ${OWNER} LOGIN CREATEROLE PASSWORD '${PASSWORD}'`,
      `CREATE DATABASE ${names.shared}`,
      `CREATE DATABASE ${names.owned} OWNER ${OWNER}`,
      `CREATE DATABASE ${names.empty}`,
    );
    together = Array.from({ length: 4 }, () => open({ url: at(names.shared) }));
    superuser = together[0]!;
    // All start at once.
    await Promise.all(together.map((sql) => sql.migrate()));
    owner = open({ url: at(names.owned, asOwner) });
    // PUBLIC may not create in `public` since 15: the owner of a database may.
    await owner.migrate();
  });
  afterAll(async () => {
    await Promise.all(opened.map((sql) => sql.close()));
    await administer(
      ...[...Object.values(names), ...trails].map((name) => `DROP DATABASE ${name} WITH (FORCE)`),
      `DROP ROLE ${OWNER}`,
    );
  });

  sqlCases('PostgreSQL as superuser', () => superuser);
  ppaStoreCases('PostgreSQL as superuser', () => superuser);
  scenarioCases('PostgreSQL as superuser', () => superuser);
  releaseUsesCases('PostgreSQL as superuser', () => superuser);
  auditCases('PostgreSQL as superuser', () => sqlAudit(superuser));
  auditCases('PostgreSQL, four processes', () => trailOfMany(together));
  sqlCases('PostgreSQL as owner', () => owner);
  ppaStoreCases('PostgreSQL as owner', () => owner);
  scenarioCases('PostgreSQL as owner', () => owner);
  releaseUsesCases('PostgreSQL as owner', () => owner);
  auditCases('PostgreSQL as owner', () => sqlAudit(owner));
  auditTableCases('PostgreSQL', async () => {
    const name = `sql_test_trail_${run}_${trails.length}`;
    await administer(`CREATE DATABASE ${name} OWNER ${OWNER}`);
    trails.push(name);
    const login = at(name, asOwner);
    const sql = open({ url: login });
    await sql.migrate();
    return { use: (work) => work(sql), asOwner: (statements) => directly(login, statements) };
  });

  test('what tenants own is closed to the owner of the tables, in no role and with no tenant', async () => {
    const login = at(names.owned, asOwner);
    await directly(login, `SET aurum.tenant = 'house'; INSERT INTO scenario (name) VALUES ('closed-${run}')`);
    const client = new pg.Client(login);
    await client.connect();
    const seen = async () => (await client.query('SELECT name FROM scenario')).rows.length;
    expect(await seen()).toBe(0);
    await client.query(`SET aurum.tenant = 'house'`);
    expect(await seen()).toBeGreaterThan(0);
    const inAnothersName = client.query(
      `INSERT INTO scenario (name, tenant_id) VALUES ('theirs-${run}', 'acme')`,
    );
    await expect(inAnothersName).rejects.toMatchObject({ code: '42501' });
    await client.end();
  });

  const ask = (sql: Sql, text: string, tenant?: string) =>
    sql.transaction('aurum_api', (tx) => tx.query(text), tenant);

  test('a connection carries nothing into the next transaction, and failures use none up', async () => {
    const sql = open({ url: at(names.shared), pool_size: 2 });
    for (let round = 0; round < 50; round++) {
      await expect(ask(sql, 'SELECT 1 / 0', `t-${round}`)).rejects.toMatchObject({ code: '22012' });
    }
    const here = `SELECT current_setting('aurum.tenant') AS tenant, current_user::text AS name,
      (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'aurum' AND state LIKE 'idle in%') AS left_open`;
    expect(await ask(sql, here)).toEqual([{ tenant: '', name: 'aurum_api', left_open: 0 }]);
  });

  test('a statement that takes too long is ended, and the connection serves on', async () => {
    const sql = open({ url: at(names.shared), pool_size: 1, statement_timeout_ms: 200 });
    const began = performance.now();
    const slow = ask(sql, 'SELECT pg_sleep(30)');
    await expect(slow).rejects.toMatchObject({ kind: 'busy', code: 'postgres_timeout' });
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(await ask(sql, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('a transaction that deadlocks with another may be tried again', async () => {
    const sql = open({ url: at(names.shared) });
    const sources = [`deadlock-a-${run}`, `deadlock-b-${run}`];
    const touch = (source: string) =>
      [`UPDATE ingest_source SET description = 'x' WHERE name = $1`, [source]] as const;
    for (const source of sources)
      await sql.transaction('aurum_ingest', (tx) => tx.query('SELECT register_ingest_source($1)', [source]));
    let waiting = 0;
    const both = [sources, sources.toReversed()].map(([first, second]) =>
      sql.transaction('aurum_ingest', async (tx) => {
        await tx.query(...touch(first!));
        waiting++;
        while (waiting < 2) await new Promise((resolve) => setTimeout(resolve, 5));
        await tx.query(...touch(second!));
      }),
    );
    const outcomes = await Promise.allSettled(both);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const lost = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
    expect(lost.reason).toMatchObject({ kind: 'busy', code: 'postgres_unavailable' });
  });

  test('another login takes over while the work of the old one ends in peace', async () => {
    const { username, password } = new URL(url!);
    const logins = [
      { user: username, password: decodeURIComponent(password) },
      { user: OWNER, password: PASSWORD },
    ];
    let turn = 0;
    const sql = open({
      url: at(names.owned, (named) => {
        named.username = '';
        named.password = '';
      }),
      credential: async () => logins[turn]!,
    });
    const who = 'SELECT session_user::text AS name';
    const slow = sql.transaction('aurum_api', async (tx) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return tx.query(who);
    });
    expect(await ask(sql, who)).toEqual([{ name: logins[0]!.user }]);
    turn = 1;
    expect(await ask(sql, who)).toEqual([{ name: OWNER }]);
    expect(await slow).toEqual([{ name: logins[0]!.user }]);
  });

  test.each([
    [
      'a wrong password',
      (named: URL) => {
        named.password = WRONG;
      },
      'fault',
      'postgres_unauthorised',
    ],
    [
      'an unknown database',
      (named: URL) => {
        named.pathname = '/no_such';
      },
      'fault',
      'postgres_database_missing',
    ],
    [
      'a port nobody listens on',
      (named: URL) => {
        named.port = '9';
      },
      'busy',
      'postgres_unavailable',
    ],
    [
      'a host that has no address',
      (named: URL) => {
        named.hostname = 'postgres.invalid';
      },
      'busy',
      'postgres_unavailable',
    ],
    [
      'a database without our tables',
      (named: URL) => {
        named.pathname = `/${names.empty}`;
      },
      'fault',
      'postgres_not_migrated',
    ],
  ])('%s is named, with the setting and without the password', async (_, change, kind, code) => {
    const failed = await ask(open({ url: at(names.shared, change) }), 'SELECT * FROM instrument').catch(
      (error) => error,
    );
    expect(failed).toMatchObject({ kind, code });
    expect(`${failed.message} ${failed.remedy}`).toMatch(/AURUM_POSTGRES_URL|bootstrap/);
    expect(failed.message).not.toContain(WRONG);
  });

  test('a server that goes and comes back is used again, what it had not committed is not there', async () => {
    const door = await doorTo(new URL(url!));
    const sql = open({
      url: at(names.shared, (named) => {
        named.host = door.address;
      }),
      connect_timeout_ms: 1_000,
    });
    const source = `gone-${run}`;
    const broken = sql.transaction('aurum_ingest', async (tx) => {
      await tx.query('SELECT register_ingest_source($1)', [source]);
      await door.close();
      await tx.query('SELECT 1');
    });
    await expect(broken).rejects.toMatchObject({ kind: 'busy', code: 'postgres_unavailable' });
    await expect(ask(sql, 'SELECT 1 AS one')).rejects.toMatchObject({ code: 'postgres_unavailable' });
    await door.open();
    expect(await ask(sql, `SELECT name FROM ingest_source WHERE name = '${source}'`)).toEqual([]);
    await Promise.all(Array.from({ length: 5 }, () => ask(sql, 'SELECT 1 AS one')));

    // All idle connections ended by the server, as at its restart: nobody notices.
    await administer(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${names.shared}'`,
    );
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(sql, 'SELECT 1 AS one')));
    expect(answers).toEqual(Array(5).fill([{ one: 1 }]));
    await door.close();
  });

  test('a server that takes a connection and says nothing is given up in time', async () => {
    const mute = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => mute.once('listening', resolve));
    const { port } = mute.address() as { port: number };
    const sql = open({
      url: at(names.shared, (named) => {
        named.host = `127.0.0.1:${port}`;
      }),
      connect_timeout_ms: 300,
    });
    const began = performance.now();
    await expect(ask(sql, 'SELECT 1')).rejects.toMatchObject({ kind: 'busy', code: 'postgres_unavailable' });
    expect(performance.now() - began).toBeLessThan(3_000);
    mute.close();
  });
});
