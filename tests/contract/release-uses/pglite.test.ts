/** Runs and valuations of all tenants that were made from a version. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { sqlReleaseUses } from '#lib/adapters/release-uses/sql.ts';
import { pgliteSql } from '#lib/adapters/sql/pglite.ts';

const sql = pgliteSql({
  ddl: readFileSync(join(import.meta.dirname, '../../../ddl/postgres/app.sql'), 'utf8'),
});
afterAll(() => sql.close());

const VERSION = '20250912-0123456789abcdef';
const OTHER = '20250912-fedcba9876543210';
const hex = (digit: string) => digit.repeat(64);

/** A run made from a version and a valuation on it; a valuation on the curve itself. */
async function makeUses(tenant: string, version: string, digit: string): Promise<string> {
  const run = randomUUID();
  await sql.transaction(
    'aurum_api',
    async (tx) => {
      const [scenario] = await tx.query<{ id: string }>(
        `INSERT INTO scenario (name) VALUES ($1) RETURNING id`,
        [run],
      );
      await tx.query(
        `INSERT INTO model_run (id, scenario_id, code_version, seed, version_hash, input_versions)
         VALUES ($1, $2, '1', 7, $3, jsonb_build_array($4::text, 'sheet'))`,
        [run, scenario!.id, hex('a'), version],
      );
      const value = `INSERT INTO ppa_valuation
        (valuation_hash, state, contract, run_id, valuation_date, currency, inputs, provenance, created_at)
        VALUES ($1, 'queued', 'x', $2, '2025-09-12', 'USD', '{}', $3::json, now())`;
      await tx.query(value, [hex(digit), run, '{}']);
      const reference = JSON.stringify({ reference: { release: { version } } });
      await tx.query(value, [hex(`${digit}f`).slice(0, 64), null, reference]);
    },
    tenant,
  );
  return run;
}

test('uses of every tenant, the house among them, and of no other version', async () => {
  await sql.transaction('aurum_admin', (tx) =>
    tx.query(`INSERT INTO tenant (id, name) VALUES ('acme', 'Acme'), ('zeta', 'Zeta')`),
  );
  const house = await makeUses('house', VERSION, '1');
  const acme = await makeUses('acme', VERSION, '2');
  await makeUses('zeta', OTHER, '3');
  const uses = sqlReleaseUses(sql);
  const found = await uses.of(VERSION);
  expect(found).toHaveLength(6);
  for (const [tenant, run, digit] of [
    ['house', house, '1'],
    ['acme', acme, '2'],
  ] as const) {
    expect(found.filter((use) => use.tenant === tenant)).toEqual([
      { kind: 'scenario_run', tenant, id: run },
      { kind: 'valuation', tenant, id: hex(digit) },
      { kind: 'valuation', tenant, id: hex(`${digit}f`).slice(0, 64) },
    ]);
  }
  expect((await uses.of(OTHER)).map(({ tenant }) => tenant)).toEqual(['zeta', 'zeta', 'zeta']);
  expect(await uses.of('20250912-0000000000000000')).toEqual([]);
});
