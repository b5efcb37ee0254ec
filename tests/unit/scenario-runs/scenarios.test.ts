/** Scenarios and their versions; what came of their runs, page by page and side by side; and whose all of it is. */
import { afterAll, describe, expect, test } from 'vitest';
import { compareRuns, runOutputs } from '#lib/flows/scenario-outputs.ts';
import { cancelRun, listRuns, showRun } from '#lib/flows/scenario-runs.ts';
import { createScenario, listDrivers, listScenarios, showScenario } from '#lib/flows/scenarios.ts';
import { entitleTenant, registerTenant } from '#lib/flows/tenants.ts';
import { adapters } from '#lib/vendors/registry.gen.ts';
import {
  driverListAnswer,
  scenarioAnswer,
  scenarioCreate,
  scenarioListAnswer,
  scenarioListQuery,
} from '#schemas/scenario.ts';
import {
  scenarioDiffAnswer,
  scenarioOutputQuery,
  scenarioRunListAnswer,
  scenarioRunListQuery,
} from '#schemas/scenario-run.ts';
import { STAFF } from '#tests/fixtures/released-days.ts';
import {
  asked,
  carbon,
  created,
  growth,
  PJM_WEST,
  runAll,
  scenarioPorts,
  scenarioSite,
} from '#tests/fixtures/scenario-site.ts';
import { failure, member, named, rowsOf } from './site.ts';

const site = await scenarioSite();
afterAll(() => site.close());
const fresh = async () => scenarioPorts(await site.copy());

describe('scenarios', () => {
  test('the same assumptions in any order are the same version; others are the next, and all are kept', async () => {
    const ports = await fresh();
    const name = named();
    const first = await created(ports, name, [carbon(20), growth]);
    expect(await created(ports, name, [growth, carbon(20)])).toEqual(first);
    const second = await created(ports, name, [carbon(25)]);
    expect(second).toMatchObject({ id: first.id, version: 2, assumption_count: 1 });
    const old = await showScenario({ id: first.id, version: 1 }, ports, STAFF);
    expect(scenarioAnswer.parse(old)).toEqual({
      meta: { scenario_hash: first.scenario_hash, current_version: 2 },
      data: first,
    });
    expect(await failure(showScenario({ id: first.id, version: 3 }, ports, STAFF))).toMatchObject({
      code: 'scenario_not_found',
    });
  });

  test('those who change one scenario at once make a whole version each', async () => {
    const ports = await fresh();
    const name = named();
    const made = await Promise.all(
      [1, 2, 3, 4].map((price) => created(ports, name, [carbon(price), growth])),
    );
    expect(made.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4]);
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    for (const { assumptions } of made) expect(assumptions).toHaveLength(2);
  });

  test('are listed by name, page after page, and found by a part of it as it is written', async () => {
    const ports = await fresh();
    const prefix = `50%_${named()}`;
    for (const letter of ['c', 'a', 'b']) await created(ports, `${prefix} ${letter}`);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const query = scenarioListQuery.parse({ name: prefix.toUpperCase(), limit: '2', cursor });
      const page = scenarioListAnswer.parse(await listScenarios(query, ports, STAFF));
      seen.push(...page.data.map(({ name }) => name.at(-1)!));
      cursor = page.meta.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(['a', 'b', 'c']);
    const other = scenarioListQuery.parse({ name: '50_%' });
    expect((await listScenarios(other, ports, STAFF)).data).toEqual([]);
  });

  test('what no database takes as text is refused', async () => {
    const ports = await fresh();
    for (const name of ['a\0b', 'half \ud800']) {
      expect(await failure(created(ports, name))).toMatchObject({ code: 'text_invalid' });
    }
    expect((await created(ports, `${named()} \\u0000 \u{1f600}`)).version).toBe(1);
  });

  test('drivers are described', async () => {
    expect(driverListAnswer.parse(await listDrivers()).data.map(({ driver }) => driver)).toContain(
      'fuel_curve',
    );
  });

  test('a tenant that is not set up is told so', async () => {
    const ports = await fresh();
    const { scenarios } = ports;
    const nobody = {
      name: 'x',
      description: '',
      assumptions: [],
      scenario_hash: 'a'.repeat(64),
      created_by: '',
    };
    await expect(scenarios.save('nobody', nobody)).rejects.toMatchObject({ code: 'tenant_unknown' });
  });
});

describe('outputs and differences', () => {
  test('come in pages that hold every row once, and by curve and window', async () => {
    const ports = await fresh();
    const { id } = await created(ports, named());
    const { run_id } = await asked(ports, id);
    await runAll(ports);
    const all = (await rowsOf(ports, run_id)).data;
    const paged: unknown[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await rowsOf(ports, run_id, { limit: '7', ...(cursor ? { cursor } : {}) });
      paged.push(...page.data);
      cursor = page.meta.next_cursor;
    } while (cursor !== null);
    expect(paged).toEqual(all);
    const { curve_key } = all[20]!;
    const part = await rowsOf(ports, run_id, { curve_key, contract_from: '2026-02', contract_to: '2026-03' });
    expect(part.data).toEqual(
      all.filter((row) => row.curve_key === curve_key && /^2026-0[23]/.test(row.contract_month)),
    );
  });

  test('two runs, or the newest of two scenarios, differ by what their assumptions do', async () => {
    const ports = await fresh();
    const [a, b] = [await created(ports, named()), await created(ports, named(), [carbon(30), growth])];
    const runs = [await asked(ports, a.id), await asked(ports, b.id)];
    await runAll(ports);
    const byRun = await compareRuns({ a: runs[0]!.run_id, b: runs[1]!.run_id }, ports, STAFF);
    expect(scenarioDiffAnswer.parse(byRun)).toEqual(byRun);
    expect(await compareRuns({ a: a.id, b: b.id }, ports, STAFF)).toEqual(byRun);
    const rowsB = (await rowsOf(ports, runs[1]!.run_id)).data;
    expect(byRun.data.map(({ price_b }) => price_b)).toEqual(
      rowsB.map(({ scenario_price }) => scenario_price),
    );
    for (const { delta, attribution } of byRun.data) {
      expect(attribution.carbon).toBeCloseTo(4, 9);
      expect(attribution.carbon! + attribution.growth!).toBeCloseTo(delta, 9);
    }
    const window = { contract_from: '2026-01-01', contract_to: '2026-01-01' };
    expect((await compareRuns({ a: a.id, b: b.id, ...window }, ports, STAFF)).meta.count).toBe(2);
  });

  test('runs are listed newest first, in pages, by scenario and state', async () => {
    const ports = await fresh();
    const { id } = await created(ports, named());
    const made: string[] = [];
    for (const seed of [1, 2, 3]) {
      const clock = { now: () => `2025-09-12T2${seed}:00:00.000Z` };
      made.unshift((await asked({ ...ports, clock }, id, { ...PJM_WEST, seed })).run_id);
    }
    await runAll(ports);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const query = scenarioRunListQuery.parse({ scenario_id: id, state: 'succeeded', limit: '2', cursor });
      const page = scenarioRunListAnswer.parse(await listRuns(query, ports, STAFF));
      seen.push(...page.data.map(({ run_id }) => run_id));
      cursor = page.meta.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(made);
    const failed = scenarioRunListQuery.parse({ scenario_id: id, state: 'failed' });
    expect((await listRuns(failed, ports, STAFF)).data).toEqual([]);
  });
});

describe('tenants', () => {
  test('another tenant’s scenario and run are as absent as those that never were', async () => {
    const ports = await fresh();
    const { id } = await created(ports, named());
    const { run_id } = await asked(ports, id);
    await runAll(ports);
    const stranger = member('stranger', 'all');
    const absent = '00000000-0000-4000-8000-000000000000';
    const tries = {
      scenario: (one: string) => showScenario({ id: one }, ports, stranger),
      ask: (one: string) => asked(ports, one, PJM_WEST, stranger),
    };
    const runTries = {
      show: (one: string) => showRun({ run_id: one }, ports, stranger),
      cancel: (one: string) => cancelRun({ run_id: one }, ports, stranger),
      outputs: (one: string) => runOutputs(scenarioOutputQuery.parse({ run_id: one }), ports, stranger),
      diff: (one: string) => compareRuns({ a: one, b: one }, ports, stranger),
    };
    const detail = async (work: Promise<unknown>, one: string) =>
      JSON.stringify(await failure(work)).replaceAll(one, 'ID');
    for (const work of Object.values(tries))
      expect(await detail(work(id), id)).toBe(await detail(work(absent), absent));
    for (const work of Object.values(runTries))
      expect(await detail(work(run_id), run_id)).toBe(await detail(work(absent), absent));
    expect((await listScenarios(scenarioListQuery.parse({}), ports, stranger)).data).toEqual([]);
    expect((await listRuns(scenarioRunListQuery.parse({}), ports, stranger)).data).toEqual([]);
  });

  test('a run sees what its tenant has bought when its turn comes', async () => {
    const ports = await fresh();
    const tenant = 'buyer';
    await registerTenant({ body: { id: tenant, name: 'T' } }, ports);
    const entitle = (asset_class: string) =>
      entitleTenant(
        { id: tenant, body: { entitlements: [{ vendor: 'pw', asset_class, region: null }] } },
        { ...ports, vendors: adapters },
      );
    const power = member(tenant, [{ vendor: 'pw', asset_class: 'power', region: null }]);
    const gas = member(tenant, [{ vendor: 'pw', asset_class: 'gas', region: null }]);
    await entitle('power');
    const body = scenarioCreate.parse({ name: 'own', assumptions: [carbon(20)] });
    const { id } = (await createScenario({ body }, ports, power)).data;
    expect(await failure(asked(ports, id, PJM_WEST, gas))).toMatchObject({ code: 'scenario_curve_missing' });

    const { run_id } = await asked(ports, id, PJM_WEST, power);
    await entitle('gas');
    expect(await runAll(ports)).toEqual(['failed']);
    const failed = (await showRun({ run_id }, ports, power)).data;
    expect(failed.error).toMatchObject({ code: 'scenario_curve_missing' });
    await entitle('power');
    expect((await asked(ports, id, PJM_WEST, power)).attempt).toBe(2);
    expect(await runAll(ports)).toEqual(['succeeded']);
    expect((await runOutputs(scenarioOutputQuery.parse({ run_id }), ports, power)).meta.count).toBe(32);
  });
});
