/** Runs and valuations of all tenants that were made from a version. Names are new in each run. */
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sqlReleaseUses } from '#lib/adapters/release-uses/sql.ts';
import type { Sql } from '#lib/ports/sql.ts';

const newHash = () => randomBytes(32).toString('hex');
const newVersion = () => `20250912-${newHash().slice(0, 16)}`;

interface Made {
  readonly run: string;
  /** In the order of their hashes. */
  readonly valuations: readonly string[];
}

/** A run made from a version and a valuation on it; a valuation on the curve itself. */
async function makeUses(sql: Sql, tenant: string, version: string): Promise<Made> {
  const run = randomUUID();
  const [onRun, onCurve] = [newHash(), newHash()];
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
        [run, scenario!.id, newHash(), version],
      );
      const value = `INSERT INTO ppa_valuation
        (valuation_hash, state, contract, run_id, valuation_date, currency, inputs, provenance, created_at)
        VALUES ($1, 'queued', 'x', $2, '2025-09-12', 'USD', '{}', $3::json, now())`;
      await tx.query(value, [onRun, run, '{}']);
      await tx.query(value, [onCurve, null, JSON.stringify({ reference: { release: { version } } })]);
    },
    tenant,
  );
  return { run, valuations: [onRun!, onCurve!].sort() };
}

export function releaseUsesCases(name: string, open: () => Sql): void {
  describe(`${name}: uses of a release`, () => {
    test('of every tenant, the house among them, and of no other version', async () => {
      const sql = open();
      const uses = sqlReleaseUses(sql);
      const [version, other] = [newVersion(), newVersion()];
      const [acme, zeta] = ['acme', 'zeta'].map((id) => `${id}-${newHash().slice(0, 8)}`);
      await sql.transaction('aurum_admin', (tx) =>
        tx.query(`INSERT INTO tenant (id, name) VALUES ($1, 'Acme'), ($2, 'Zeta')`, [acme, zeta]),
      );
      const made = [
        ['house', await makeUses(sql, 'house', version)],
        [acme!, await makeUses(sql, acme!, version)],
      ] as const;
      await makeUses(sql, zeta!, other);
      const found = await uses.of(version);
      expect(found).toHaveLength(6);
      for (const [tenant, { run, valuations }] of made) {
        expect(found.filter((use) => use.tenant === tenant)).toEqual([
          { kind: 'scenario_run', tenant, id: run },
          ...valuations.map((id) => ({ kind: 'valuation', tenant, id })),
        ]);
      }
      expect((await uses.of(other)).map(({ tenant }) => tenant)).toEqual([zeta, zeta, zeta]);
      expect(await uses.of(newVersion())).toEqual([]);
    });

    test('are found by the sheets that a run read of it, of one tenant too, with the scenario', async () => {
      const sql = open();
      const [version, sheet] = [newVersion(), newHash()];
      const { run } = await makeUses(sql, 'house', sheet);
      const uses = sqlReleaseUses(sql);
      expect(await uses.of(version)).toEqual([]);
      expect(await uses.of(version, [newHash(), sheet])).toMatchObject([
        { kind: 'scenario_run', tenant: 'house', id: run },
        { kind: 'valuation', tenant: 'house' },
      ]);
      const state = 'queued';
      expect(await uses.runsOf('house', [version, sheet], 10)).toEqual([
        { run_id: run, scenario: run, state },
      ]);
      expect(await uses.runsOf('house', [version], 10)).toEqual([]);
      expect(await uses.runsOf('house', [sheet], 0)).toEqual([]);
      expect(await uses.runsOf('nobody', [sheet], 10)).toEqual([]);
    });

    test('are found while others are made', async () => {
      const sql = open();
      const version = newVersion();
      const made = Array.from({ length: 20 }, () => makeUses(sql, 'house', version));
      await Promise.all(made.map((use) => use.then(() => sqlReleaseUses(sql).of(version))));
      expect(await sqlReleaseUses(sql).of(version)).toHaveLength(60);
    });
  });
}
