import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { sqlAudit } from '#lib/adapters/audit/sql.ts';
import { pgliteSql } from '#lib/adapters/sql/pglite.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { operationalDdl } from '#lib/runtime/compose.ts';
import { auditCases } from './cases.ts';
import { auditTableCases } from './table-cases.ts';

const ddl = operationalDdl();
const home = mkdtempSync(join(tmpdir(), 'aurum-audit-'));
const memory = pgliteSql({ ddl });
afterAll(async () => {
  await memory.close();
  rmSync(home, { recursive: true });
});

auditCases('PGlite', () => sqlAudit(memory));

auditTableCases('PGlite', async () => {
  const dir = mkdtempSync(join(home, 'trail-'));
  /** One after another has the folder for itself, and the first statement applies the definition. */
  const opened = async <T>(definition: string, work: (sql: Sql) => Promise<T>): Promise<T> => {
    const sql = pgliteSql({ dir: join(dir, 'database'), ddl: definition });
    return work(sql).finally(() => sql.close());
  };
  return {
    use: (work) => opened(ddl, work),
    asOwner: (statements) => opened(`${ddl}\n${statements}`, (sql) => sql.migrate()),
  };
});
