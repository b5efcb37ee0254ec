/** What a store of scenarios and runs does on every engine; names and tenants are new in each run. */
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ScenarioRequest } from '#events/scenario-request.ts';
import { sqlScenarios } from '#lib/adapters/scenarios/sql.ts';
import { sqlScenarioRuns } from '#lib/adapters/scenarios/sql-runs.ts';
import { canonicalHash } from '#lib/domain/canonical-json.ts';
import type { RunResult } from '#lib/ports/scenarios.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { type StoredAssumption, scenarioSummary } from '#schemas/scenario.ts';
import { scenarioRun } from '#schemas/scenario-run.ts';

const fresh = () => randomBytes(6).toString('hex');
const hash = () => randomBytes(32).toString('hex');

async function freshTenant(sql: Sql): Promise<string> {
  const tenant = `t-${fresh()}`;
  await sql.transaction('aurum_admin', (tx) =>
    tx.query('INSERT INTO tenant (id, name) VALUES ($1, $1)', [tenant]),
  );
  return tenant;
}

/** Numbers at the ends of what a double holds, and a text that looks like SQL. */
const assumptions = (change: number): StoredAssumption[] => [
  {
    id: 'carbon',
    driver: 'policy',
    version: 1,
    parameters: { change, tiny: 5e-324, huge: 1.7976931348623157e308, text: `'; DROP TABLE scenario; --` },
    applies_to: { iso: ['PJM'], block: [] },
  },
  { id: 'a', driver: 'load_growth', version: 3, parameters: {}, applies_to: {}, depends_on: ['carbon'] },
];

function scenarioOf(name: string, change: number) {
  const stored = assumptions(change).sort((a, b) => (a.id < b.id ? -1 : 1));
  const scenario_hash = canonicalHash(stored);
  return { name, description: `change ${change}`, assumptions: stored, scenario_hash, created_by: 'ann' };
}

const AT = '2025-09-12T10:00:00.000Z';
const RESULT: RunResult = {
  curve_count: 2,
  row_count: 32,
  notes: ['"a" holds for nothing'],
  band_coverage: {
    ...{ level: 0.9, coverage: 0.905, binomial_error: 0.067, moves: 20, contracts: 480, curves: 2 },
    ...{ from: '2025-08-15', to: '2025-09-12', lowest: { curve_key: 'a'.repeat(64), coverage: 0.89 } },
  },
  data_file: 'curated/x.parquet',
  table_commit: 'c0ffee',
};
const ERROR = { code: 'scenario_month_missing', message: 'no price', field: 'curves', remedy: 'Narrow it.' };

function requestOf(
  tenant_id: string,
  scenario_id: string,
  part: Partial<ScenarioRequest> = {},
): ScenarioRequest {
  return {
    run_id: randomUUID(),
    tenant_id,
    attempt: 1,
    scenario_id,
    scenario_version: 1,
    scenario_hash: hash(),
    run_hash: hash(),
    code_version: '1.0.0',
    requested_at: AT,
    requested_by: 'ann',
    asof_date: '2025-09-12',
    input_commit: 'head',
    input_versions: [hash()],
    assumptions: '[]',
    request: '{"seed":9007199254740991}',
    ...part,
  };
}

export function scenarioCases(name: string, open: () => Sql): void {
  const opened = async () => {
    const sql = open();
    const tenant = await freshTenant(sql);
    const scenarios = sqlScenarios(sql);
    const { id } = await scenarios.save(tenant, scenarioOf('Base', 1));
    return { sql, tenant, id, scenarios, runs: sqlScenarioRuns(sql) };
  };

  describe(`${name}: scenarios`, () => {
    test('assumptions come back as they were, whichever version', async () => {
      const { tenant, scenarios, id } = await opened();
      const second = await scenarios.save(tenant, scenarioOf('Base', 2));
      expect(second).toMatchObject({ id, version: 2, current_version: 2, description: 'change 2' });
      const first = (await scenarios.get(tenant, id, 1))!;
      for (const [held, change] of [
        [first, 1],
        [second, 2],
      ] as const) {
        expect(held.assumptions).toEqual(scenarioOf('', change).assumptions);
        expect(held.scenario_hash).toBe(scenarioOf('', change).scenario_hash);
      }
      expect(await scenarios.get(tenant, id, 3)).toBeUndefined();
      expect(await scenarios.get(tenant, randomUUID())).toBeUndefined();
      const [listed] = await scenarios.list(tenant, { limit: 10 });
      expect(scenarioSummary.parse(listed)).toEqual(listed);
      expect(listed).toMatchObject({ version: 2, scenario_hash: second.scenario_hash });
    });

    test('saved by many at once, each change is one whole version', async () => {
      const { tenant, scenarios } = await opened();
      const made = await Promise.all(
        [5, 6, 7, 8].map((change) => scenarios.save(tenant, scenarioOf('Many', change))),
      );
      expect(made.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4]);
      for (const { assumptions: held } of made) expect(held).toHaveLength(2);
    });

    test('a tenant that is not registered, and another one’s scenarios', async () => {
      const { sql, tenant, scenarios, id } = await opened();
      await expect(scenarios.save(`t-${fresh()}`, scenarioOf('Base', 1))).rejects.toMatchObject({
        code: 'tenant_unknown',
      });
      const other = await freshTenant(sql);
      expect(await scenarios.get(other, id)).toBeUndefined();
      expect(await scenarios.list(other, { limit: 10 })).toEqual([]);
      expect((await scenarios.save(other, scenarioOf('Base', 1))).id).not.toBe(id);
      expect(await scenarios.list(tenant, { limit: 10 })).toHaveLength(1);
    });
  });

  describe(`${name}: runs`, () => {
    test('queued, begun, sealed, succeeded; each step again changes nothing', async () => {
      const { tenant, id, runs } = await opened();
      const request = requestOf(tenant, id);
      const { run_id } = request;
      await runs.queue(request);
      await runs.queue({ ...request, requested_by: 'other' });
      const queued = (await runs.get(tenant, run_id))!;
      const { data_file, ...shown } = queued;
      expect(data_file).toBeNull();
      expect(scenarioRun.parse(shown)).toEqual(shown);
      expect(queued).toMatchObject({
        state: 'queued',
        requested_by: 'ann',
        seed: Number.MAX_SAFE_INTEGER,
        created_at: AT,
        asof_date: '2025-09-12',
        input_versions: request.input_versions,
      });
      expect(await runs.begin(request, AT)).toEqual({ tries: 1, sealed: false });
      expect(await runs.begin(request, AT)).toEqual({ tries: 2, sealed: false });
      expect(await runs.isRunning(tenant, run_id, 1)).toBe(true);
      expect(await runs.seal(tenant, run_id, 1, AT)).toBe(true);
      expect(await runs.seal(tenant, run_id, 1, AT)).toBe(true);
      expect(await runs.begin(request, AT)).toEqual({ tries: 3, sealed: true });
      await runs.fail(tenant, run_id, 1, ERROR, AT);
      expect(await runs.cancel(tenant, run_id, AT)).toBe(false);
      await runs.succeed(tenant, run_id, 1, RESULT, AT);
      const done = await runs.get(tenant, run_id);
      expect(done).toMatchObject({
        state: 'succeeded',
        ...RESULT,
        finished_at: AT,
        started_at: AT,
        error: null,
      });
      expect(await runs.begin(request, AT)).toBeUndefined();
      await runs.queue({ ...request, attempt: 2 });
      await runs.succeed(tenant, run_id, 1, { ...RESULT, row_count: 1 }, AT);
      expect(await runs.get(tenant, run_id)).toEqual(done);
    });

    test('failed or cancelled, the next attempt takes it up and the last one is over', async () => {
      const { tenant, id, runs } = await opened();
      const request = requestOf(tenant, id);
      const { run_id } = request;
      // Nobody noted it before its turn.
      expect(await runs.begin(request, AT)).toEqual({ tries: 1, sealed: false });
      await runs.fail(tenant, run_id, 1, ERROR, AT);
      expect(await runs.get(tenant, run_id)).toMatchObject({ state: 'failed', error: ERROR });
      expect(await runs.begin(request, AT)).toBeUndefined();
      const second = { ...request, attempt: 2, requested_at: '2025-09-12T11:00:00.000Z' };
      await runs.queue(second);
      expect(await runs.get(tenant, run_id)).toMatchObject({ state: 'queued', attempt: 2, error: null });
      expect(await runs.begin(request, AT)).toBeUndefined();
      expect(await runs.cancel(tenant, run_id, AT)).toBe(true);
      expect(await runs.begin(second, AT)).toBeUndefined();
      expect(await runs.begin({ ...second, attempt: 3 }, AT)).toEqual({ tries: 1, sealed: false });
      expect(await runs.seal(tenant, run_id, 2, AT)).toBe(false);
      expect(await runs.isRunning(tenant, run_id, 3)).toBe(true);
    });

    test('of ten that seal or cancel at once exactly one is in time', async () => {
      const { tenant, id, runs } = await opened();
      for (let round = 0; round < 5; round++) {
        const request = requestOf(tenant, id);
        await runs.begin(request, AT);
        const [sealed, ...cancelled] = await Promise.all([
          runs.seal(tenant, request.run_id, 1, AT),
          ...Array.from({ length: 9 }, () => runs.cancel(tenant, request.run_id, AT)),
        ]);
        expect([sealed, ...cancelled].filter(Boolean)).toHaveLength(1);
      }
    });

    test('are listed newest first after a place, and another tenant has none of them', async () => {
      const { sql, tenant, id, runs } = await opened();
      const times = ['09', '11', '11', '10'].map((hour) => `2025-09-12T${hour}:00:00.000Z`);
      for (const requested_at of times) await runs.queue(requestOf(tenant, id, { requested_at }));
      const all = await runs.list(tenant, { limit: 10, scenario_id: id });
      expect(all.map(({ created_at }) => created_at)).toEqual([times[1], times[2], times[3], times[0]]);
      expect(await runs.list(tenant, { limit: 2, before: all[0] })).toEqual(all.slice(1, 3));
      expect(await runs.list(tenant, { limit: 9, state: 'failed' })).toEqual([]);
      const other = await freshTenant(sql);
      const { run_id } = all[0]!;
      expect(await runs.list(other, { limit: 9 })).toEqual([]);
      expect(await runs.get(other, run_id)).toBeUndefined();
      expect(await runs.cancel(other, run_id, AT)).toBe(false);
      expect(await runs.isRunning(other, run_id, 1)).toBe(false);
    });
  });
}
