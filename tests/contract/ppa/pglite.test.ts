import { afterAll } from 'vitest';
import { memorySql } from '#tests/fixtures/ppa.ts';
import { ppaStoreCases } from './cases.ts';

const sql = memorySql();
afterAll(() => sql.close());

ppaStoreCases('PGlite', () => sql);
