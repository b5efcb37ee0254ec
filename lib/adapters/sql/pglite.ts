/**
 * PostgreSQL in process (PGlite), its data in a folder, opened at the first call. Every login of PGlite is a superuser, so
 * each transaction takes the caller's role and tenant, as it does on a server. Knows no table.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { PGlite } from '@electric-sql/pglite';
import { AurumError, busy } from '#lib/domain/errors.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { lockFolder } from './folder-lock.ts';

export interface PgliteSqlOptions {
  /** Data folder; left out: in memory. One process at a time. */
  readonly dir?: string;
  /** Text of `ddl/postgres/app.sql`, applied when the database is opened. */
  readonly ddl: string;
}

interface Opened {
  readonly db: PGlite;
  close(): Promise<void>;
}

/** A buffer pool for one user instead of 128 MB: opens in half the time and memory. */
const SETTINGS = ['-c', 'shared_buffers=4MB'];

/**
 * V8 compiles PostgreSQL's WASM once more while it runs, with 600 MB for a few seconds and nothing gained on statements as
 * short as ours: 766 MB at the peak with it, 183 MB without, and the first hundred transactions in a fifth of the time.
 */
const BASELINE_COMPILER_ONLY = ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering'];

/** As the port promises them, by type: int8, date, timestamp, timestamptz. */
const PARSERS = {
  20: Number,
  1082: (text: string) => text,
  1114: (text: string) => new Date(`${text.replace(' ', 'T')}Z`).toISOString(),
  1184: (text: string) => new Date(text).toISOString(),
};

const SET_ROLE = `SELECT set_config('role', $1, true), set_config('aurum.tenant', $2, true)`;

export function pgliteSql({ dir, ddl }: PgliteSqlOptions): Sql {
  let opening: Promise<Opened> | undefined;
  const opened = () => {
    opening ??= open(dir, ddl).catch((error: unknown) => {
      opening = undefined; // The next call tries again.
      throw error;
    });
    return opening;
  };
  return {
    async transaction(role, work, tenant = '') {
      const { db } = await opened();
      return db.transaction(async (tx) => {
        await tx.query(SET_ROLE, [role, tenant]);
        let failed = false;
        const value = await work({
          query: (text, parameters) =>
            tx.query(text, [...(parameters ?? [])]).then(
              ({ rows }) => rows as never,
              (error) => {
                failed = true;
                throw error;
              },
            ),
        });
        // COMMIT would roll back without a word.
        if (failed)
          throw new AurumError('fault', 'transaction_failed', 'A statement failed and nobody was told');
        return value;
      });
    },
    async migrate() {
      await applyDdl((await opened()).db, ddl);
    },
    async close() {
      const closing = opening;
      opening = undefined;
      await (await closing)?.close();
    },
  };
}

async function open(dir: string | undefined, ddl: string): Promise<Opened> {
  if (dir !== undefined) mkdirSync(dirname(dir), { recursive: true });
  const unlock = dir === undefined ? () => {} : lockFolder(dir);
  try {
    const db = dir === undefined ? await start(undefined, true) : await startInFolder(dir);
    await applyDdl(db, ddl);
    return { db, close: () => db.close().finally(unlock) };
  } catch (cause) {
    unlock();
    if (cause instanceof AurumError) throw cause;
    const message = `The operational database in ${dir ?? 'memory'} does not open: ${String(cause)}`;
    throw busy('database_unavailable', message, {
      remedy: 'Restore its folder from a copy, or remove it: an empty one is made at the next start.',
      cause,
    });
  }
}

/** A folder whose first start died is begun again; one that was ever complete is never cleared. */
async function startInFolder(dir: string): Promise<PGlite> {
  const unfinished = `${dir}.unfinished`;
  if (existsSync(unfinished)) rmSync(dir, { recursive: true, force: true });
  const fresh = !existsSync(join(dir, 'PG_VERSION'));
  if (fresh) writeFileSync(unfinished, '');
  const db = await start(dir, fresh);
  rmSync(unfinished, { force: true });
  return db;
}

/** An image of an empty cluster costs a third of the time of initdb and a quarter of its memory. */
async function start(dir: string | undefined, fresh: boolean): Promise<PGlite> {
  BASELINE_COMPILER_ONLY.forEach(setFlagsFromString);
  const { PGlite } = await import('@electric-sql/pglite');
  const image = fresh
    ? { loadDataDir: await (await import('@electric-sql/pglite-prepopulatedfs')).dataDir() }
    : {};
  const startParams = [...PGlite.defaultStartParams, ...SETTINGS];
  return PGlite.create({
    ...image,
    startParams,
    parsers: PARSERS,
    ...(dir === undefined ? {} : { dataDir: `file://${dir}` }),
  });
}

async function applyDdl(db: PGlite, ddl: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.exec(ddl);
  });
}
