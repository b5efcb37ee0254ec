import { afterAll } from 'vitest';
import { pgliteSql } from '#lib/adapters/sql/pglite.ts';
import { operationalDdl } from '#lib/runtime/compose.ts';
import { releaseUsesCases } from './cases.ts';

const sql = pgliteSql({ ddl: operationalDdl() });
afterAll(() => sql.close());

releaseUsesCases('PGlite', () => sql);
