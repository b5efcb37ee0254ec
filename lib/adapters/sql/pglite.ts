/**
 * PostgreSQL in process (PGlite), its data in a folder. Opened at the first call. Every login of PGlite is a superuser, so
 * each transaction takes the caller's role, as it does on a server.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { AurumError } from '#lib/domain/errors.ts';
import type { Sql } from '#lib/ports/sql.ts';

export interface PgliteSqlOptions {
  /** Data folder; left out: in memory. One process at a time. */
  readonly dir?: string;
  /** Text of `ddl/postgres/app.sql`, applied when the database is opened. */
  readonly ddl: string;
}

/** What PGlite starts with, and a buffer pool for one user instead of 128 MB. */
const START_PARAMETERS = [
  ...['--single', '-F', '-O', '-j'],
  ...[
    'search_path=public',
    'exit_on_error=false',
    'log_checkpoints=false',
    'max_worker_processes=0',
    'max_parallel_workers=0',
    'max_parallel_workers_per_gather=0',
    'max_parallel_maintenance_workers=0',
    'io_method=sync',
    'shared_buffers=4MB',
  ].flatMap((setting) => ['-c', setting]),
];

export function pgliteSql({ dir, ddl }: PgliteSqlOptions): Sql {
  let opening: Promise<PGlite> | undefined;
  const database = () => {
    opening ??= open(dir, ddl).catch((error: unknown) => {
      opening = undefined; // The next call tries again.
      throw error;
    });
    return opening;
  };
  return {
    async transaction(role, work) {
      const db = await database();
      return db.transaction(async (tx) => {
        await tx.exec(`SET LOCAL ROLE ${role}`);
        return work({
          query: async (text, parameters) => (await tx.query(text, [...(parameters ?? [])])).rows as never,
        });
      });
    },
    async migrate() {
      await (await database()).exec(ddl);
    },
    async close() {
      await (await opening)?.close();
      opening = undefined;
    },
  };
}

async function open(dir: string | undefined, ddl: string): Promise<PGlite> {
  try {
    const { PGlite: Database } = await import('@electric-sql/pglite');
    const fresh = dir === undefined || !existsSync(join(dir, 'PG_VERSION'));
    if (fresh && dir !== undefined) {
      // Left by a process that died while unpacking.
      rmSync(dir, { recursive: true, force: true });
      mkdirSync(dir, { recursive: true });
    }
    const options = { startParams: START_PARAMETERS, ...(dir === undefined ? {} : { dataDir: `file://${dir}` }) };
    // An image of an empty cluster costs a quarter of what initdb costs, and a third of its memory.
    const image = fresh ? { loadDataDir: await (await import('@electric-sql/pglite-prepopulatedfs')).dataDir() } : {};
    const db = new Database({ ...options, ...image });
    await db.waitReady;
    await db.exec(ddl);
    return db;
  } catch (cause) {
    throw new AurumError('busy', 'database_unavailable', `the operational database in ${dir ?? 'memory'} does not open: ${String(cause)}`, {
      remedy: 'Check that no other process uses AURUM_HOME; the folder postgres in it can be removed, it is rebuilt from the bucket.',
      cause,
    });
  }
}
