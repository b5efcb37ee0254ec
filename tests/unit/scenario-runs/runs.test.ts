/** Scenarios, their versions and runs, through the flows over memory and a database in process. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alertTopic } from '#events/alert.ts';
import { scenarioOutputTopic } from '#events/scenario-output.ts';
import { scenarioRequestTopic } from '#events/scenario-request.ts';
import { memoryEventBus } from '#lib/adapters/event-bus/memory.ts';
import type { Caller } from '#lib/domain/access.ts';
import { type AurumError, busy } from '#lib/domain/errors.ts';
import { compareRuns, runOutputs } from '#lib/flows/scenario-outputs.ts';
import { cancelRun, listRuns, showRun } from '#lib/flows/scenario-runs.ts';
import { listDrivers, listScenarios, showScenario } from '#lib/flows/scenarios.ts';
import { entitleTenant, registerTenant } from '#lib/flows/tenants.ts';
import { adapters } from '#lib/vendors/registry.gen.ts';
import {
  driverListAnswer,
  scenarioAnswer,
  scenarioDiffAnswer,
  scenarioListAnswer,
  scenarioListQuery,
  scenarioOutput,
  scenarioOutputQuery,
  scenarioRunAnswer,
  scenarioRunListAnswer,
  scenarioRunListQuery,
} from '#schemas/scenario.ts';
import { chainPorts, runChain, upload } from '#tests/fixtures/chain.ts';
import { STAFF } from '#tests/fixtures/released-days.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import {
  asked,
  carbon,
  created,
  DAY,
  growth,
  PJM_WEST,
  runAll,
  type ScenarioPorts,
  scenarioPorts,
  scenarioSite,
} from '#tests/fixtures/scenario-site.ts';

let site: Awaited<ReturnType<typeof scenarioSite>>;
let count = 0;
beforeAll(async () => {
  site = await scenarioSite();
}, 60_000);
afterAll(() => site.close());

const fresh = async (version?: string) => scenarioPorts(await site.copy(), version);
/** A name nobody else has: the database is shared. */
const named = () => `scenario ${++count}`;
const member = (tenant: string, entitlements: Caller['entitlements'] = []): Caller => ({
  subject: 'tom',
  roles: ['tenant'],
  tenant,
  entitlements,
});

async function records(ports: ScenarioPorts, topic: typeof alertTopic): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { value } of ports.bus.read(topic)) found.push(value);
  return found;
}
const outputRecords = (ports: ScenarioPorts) => records(ports, scenarioOutputTopic as never);

async function keys(ports: ScenarioPorts): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of ports.objects.list('')) found.push(key);
  return found;
}

const rowsOf = async (ports: ScenarioPorts, run_id: string, part: object = {}) =>
  runOutputs(scenarioOutputQuery.parse({ run_id, limit: '10000', ...part }), ports, STAFF);
const stateOf = async (ports: ScenarioPorts, run_id: string) =>
  (await showRun({ run_id }, ports, STAFF)).data;
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: AurumError) => error.detail(),
  );

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

  test('two who change one scenario at once make two whole versions', async () => {
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

describe('a run', () => {
  test('goes from queued to succeeded, in the table, on the topic and in its record', async () => {
    const ports = await fresh();
    const { id } = await created(ports, named(), [carbon(20), growth]);
    const queued = await asked(ports, id);
    expect(scenarioRunAnswer.parse({ meta: {}, data: queued }).data).toMatchObject({
      state: 'queued',
      asof_date: DAY,
      request: { asof: DAY, seed: 0 },
    });
    expect(await runAll(ports)).toEqual(['succeeded']);
    const run = await stateOf(ports, queued.run_id);
    expect(run).toMatchObject({ state: 'succeeded', curve_count: 2, row_count: 32, error: null });
    const { data, meta } = await rowsOf(ports, queued.run_id);
    expect(meta).toMatchObject({ count: 32, run_hash: run.run_hash, next_cursor: null });
    for (const row of data) {
      expect(scenarioOutput.parse(row)).toEqual(row);
      expect(row.attribution.carbon).toBeCloseTo(8, 9);
      const shares = Object.values(row.attribution).reduce((sum, share) => sum + share, 0);
      expect(shares).toBeCloseTo(row.delta, 9);
    }
    expect(await outputRecords(ports)).toEqual(data);
    expect((await ports.tables.head('main'))!.commit).toBe(run.table_commit);
  });

  test('asked for again is the same run, delivered again it changes nothing', async () => {
    const ports = await fresh();
    const { id } = await created(ports, named());
    const [one, other] = await Promise.all([asked(ports, id), asked(ports, id)]);
    expect(other.run_id).toBe(one.run_id);
    await runAll(ports);
    const before = [await keys(ports), await outputRecords(ports), await stateOf(ports, one.run_id)];
    expect((await asked(ports, id)).state).toBe('succeeded');
    // Another group gets every request once more.
    const { runRequested } = await import('#lib/flows/run-scenario.ts');
    for (const request of await records(ports, scenarioRequestTopic as never)) {
      expect(await runRequested(request as never, ports)).toBe('already');
    }
    expect([await keys(ports), await outputRecords(ports), await stateOf(ports, one.run_id)]).toEqual(before);
  });

  test('of other curves, another seed, version or code is another run', async () => {
    const ports = await fresh();
    const name = named();
    const { id } = await created(ports, name);
    const runs = [
      await asked(ports, id),
      await asked(ports, id, { ...PJM_WEST, seed: 1 }),
      await asked(ports, id, { ...PJM_WEST, curves: { ...PJM_WEST.curves, block: ['ON_PEAK'] } }),
      await asked({ ...ports, code_version: '1.0.1' }, id),
    ];
    await created(ports, name, [carbon(21)]);
    runs.push(await asked(ports, id));
    expect(new Set(runs.map(({ run_id }) => run_id)).size).toBe(5);
    expect(new Set(runs.map(({ run_hash }) => run_hash)).size).toBe(5);
  });

  test('sees the day as it was when asked for, whatever is released before its turn', async () => {
    const stores = await site.copy();
    const later = chainPorts({ ...stores, now: () => '2025-09-13T08:00:00.000Z' });
    const ports = scenarioPorts({ ...stores, queries: later.queries });
    const { id } = await created(ports, named());
    const { run_id } = await asked(ports, id);
    const { file, bytes } = await sampleFile('pw', DAY, { seed: 99 });
    await runChain(later, await upload(later, file, DAY, bytes, '99'));
    await runAll(ports);
    const [before] = (await rowsOf(ports, run_id)).data;
    const corrected = await asked(ports, id);
    expect(corrected.run_id).not.toBe(run_id);
    await runAll(ports);
    const [after] = (await rowsOf(ports, corrected.run_id)).data;
    expect(after!.contract_month).toBe(before!.contract_month);
    expect(after!.base_price).not.toBe(before!.base_price);
  });

  test('that is cancelled before its turn does nothing, and may be asked for again', async () => {
    const ports = await fresh();
    const { id } = await created(ports, named());
    const { run_id } = await asked(ports, id);
    expect((await cancelRun({ run_id }, ports, STAFF)).data.state).toBe('cancelled');
    expect((await cancelRun({ run_id }, ports, STAFF)).data.state).toBe('cancelled');
    const before = await keys(ports);
    expect(await runAll(ports)).toEqual(['already']);
    expect(await keys(ports)).toEqual(before);
    expect(await asked(ports, id)).toMatchObject({ run_id, state: 'queued', attempt: 2 });
    expect(await runAll(ports)).toEqual(['succeeded']);
    expect(await failure(cancelRun({ run_id }, ports, STAFF))).toMatchObject({ code: 'run_ended_conflict' });
  });

  test('that is cancelled at work stops before the next curve and leaves nothing', async () => {
    const ports = await fresh();
    const { id } = await created(ports, named());
    const { run_id } = await asked(ports, id, BANDED);
    let simulated = 0;
    const simulator: ScenarioPorts['simulator'] = {
      ...ports.simulator,
      async run(job) {
        simulated += 1;
        await cancelRun({ run_id }, ports, STAFF);
        return ports.simulator.run(job);
      },
    };
    const before = await keys(ports);
    expect(await runAll({ ...ports, simulator })).toEqual(['cancelled']);
    expect(simulated).toBe(1);
    expect([await keys(ports), await outputRecords(ports)]).toEqual([before, []]);
    expect(await failure(rowsOf(ports, run_id))).toMatchObject({ code: 'run_output_not_found' });
  });

  test.each([
    ['a month without a price', { contract_to: '2090-12' }, 'scenario_month_missing'],
    ['an exchange rate that is not given', { curves: { iso: 'AESO' } }, 'conversion_missing'],
    ['volatilities of a history too short', { bands: {} }, 'history_too_short'],
  ])('that cannot be made (%s) says why, alerts, and leaves nothing', async (_, part, code) => {
    const ports = await fresh();
    const { id } = await created(ports, named());
    const { run_id } = await asked(ports, id, { ...PJM_WEST, ...part });
    const before = await keys(ports);
    expect(await runAll(ports)).toEqual(['failed']);
    const run = await stateOf(ports, run_id);
    expect(run).toMatchObject({ state: 'failed', error: { code }, row_count: null });
    expect([await keys(ports), await outputRecords(ports)]).toEqual([before, []]);
    expect(await records(ports, alertTopic)).toMatchObject([
      { code: 'scenario_run_failed', source: run_id, message: expect.stringContaining(run.error!.message) },
    ]);
    expect((await asked(ports, id, { ...PJM_WEST, ...part })).attempt).toBe(2);
  });

  test('waits for a store that is away, and gives up on a fault after three tries without its words', async () => {
    const ports = await fresh();
    const { id } = await created(ports, named());
    const away = { ...ports, queries: failing(ports, () => busy('store_unreachable', 'not there')) };
    const { run_id } = await asked(ports, id);
    for (let round = 0; round < 4; round++) {
      await expect(runAll(away)).rejects.toMatchObject({ code: 'store_unreachable' });
    }
    expect((await stateOf(ports, run_id)).state).toBe('running');
    expect(await runAll(ports)).toEqual(['succeeded']);

    const broken = { ...ports, queries: failing(ports, () => new TypeError('secret of ours')) };
    const second = await asked(ports, id, { ...PJM_WEST, seed: 3 });
    await expect(runAll(broken)).rejects.toThrow(TypeError);
    await expect(runAll(broken)).rejects.toThrow(TypeError);
    expect(await runAll(broken)).toEqual(['failed']);
    const { error } = await stateOf(ports, second.run_id);
    expect(error).toMatchObject({ code: 'run_fault' });
    expect(error!.message).not.toContain('secret');
  });

  test('asked for of one version of the code is not made by another', async () => {
    const ports = await fresh();
    const { id } = await created(ports, named());
    const { run_id } = await asked(ports, id);
    expect(await runAll({ ...ports, code_version: '2.0.0' })).toEqual(['failed']);
    expect((await stateOf(ports, run_id)).error).toMatchObject({ code: 'run_inputs_changed' });
  });

  test('of curves or days that are not there is refused when it is asked for', async () => {
    const ports = await fresh();
    const { id } = await created(ports, named());
    for (const part of [{ curves: { iso: 'NOWHERE' } }, { asof: '2025-09-13' }, { vendor: 'rp' }]) {
      expect(await failure(asked(ports, id, { ...PJM_WEST, ...part }))).toMatchObject({
        code: 'scenario_curve_missing',
        field: 'curves',
      });
    }
    const bands = { ...BANDED.bands, paths: 1_000_000 };
    const large = { curves: {}, bands };
    expect(await failure(asked(ports, id, large))).toMatchObject({
      code: 'run_too_large',
      field: 'bands.paths',
    });
    expect(await records(ports, scenarioRequestTopic as never)).toEqual([]);
  });

  test('notes an assumption that holds for nothing', async () => {
    const ports = await fresh();
    const { id } = await created(ports, named(), [carbon(20), { ...growth, applies_to: { iso: 'MISO' } }]);
    const { run_id } = await asked(ports, id);
    await runAll(ports);
    expect((await stateOf(ports, run_id)).notes).toEqual([expect.stringContaining('"growth"')]);
  });
});

const MODEL = { sigma_short: 0.6, reversion_short: 1.5, sigma_long: 0.15, correlation: 0.2 };
const BANDED = { ...PJM_WEST, bands: { model: MODEL, paths: 2_000, levels: [0.05, 0.5, 0.95] } };

function failing(ports: ScenarioPorts, error: () => Error): ScenarioPorts['queries'] {
  return {
    ...ports.queries,
    slice: async () => {
      throw error();
    },
  };
}

describe('bands', () => {
  test('are the same bits for one seed, others for another, and lie around the price', async () => {
    const ports = await fresh();
    const { id } = await created(ports, named());
    const bandsOf = async (seed: number) => {
      const { run_id } = await asked(ports, id, { ...BANDED, seed });
      await runAll(ports);
      return (await rowsOf(ports, run_id)).data;
    };
    const largest = Number.MAX_SAFE_INTEGER;
    const [one, other] = [await bandsOf(largest), await bandsOf(largest - 1)];
    const second = await fresh();
    await created(second, named());
    const again = await asked(second, id, { ...BANDED, seed: largest, vendor: 'PW' });
    await runAll(second);
    expect((await rowsOf(second, again.run_id)).data.map(({ bands }) => bands)).toEqual(
      one.map(({ bands }) => bands),
    );
    expect(other.at(-1)!.bands).not.toEqual(one.at(-1)!.bands);
    for (const { bands, scenario_price } of one) {
      expect(bands.p05).toBeLessThanOrEqual(bands.p50!);
      expect(bands.p50).toBeLessThanOrEqual(bands.p95!);
      expect(bands.p05).toBeLessThanOrEqual(scenario_price);
    }
    expect(one.at(-1)!.bands.p95).toBeGreaterThan(one.at(-1)!.scenario_price);
  });

  test('of estimated volatilities follow from the days before, and are the same bits again', async () => {
    const stores = await site.copy();
    const bandsOf = async () => {
      const ports = await withHistory(scenarioPorts({ ...stores, bus: memoryEventBus() }), 81);
      const { id } = await created(ports, 'estimated');
      const { run_id } = await asked(ports, id, { ...PJM_WEST, bands: { paths: 2_000 } });
      expect(await runAll(ports)).toEqual(['succeeded']);
      expect((await stateOf(ports, run_id)).input_versions.length).toBeGreaterThan(80);
      return (await rowsOf(ports, run_id)).data.map(({ bands }) => bands);
    };
    const bands = await bandsOf();
    const last = bands.at(-1)!;
    // Daily moves of 2 % of the whole curve: some 32 % a year.
    const spread = Math.log(last.p95! / last.p05!) / (2 * 1.645);
    expect(spread).toBeGreaterThan(0.2);
    expect(spread).toBeLessThan(0.6);
    await site.forgetRuns();
    expect(await bandsOf()).toEqual(bands);
  });
});

describe('coverage of the 90 % band on held-out days', () => {
  const covered = async (days: number, bands: object = {}) => {
    const ports = await withHistory(await fresh(), days);
    const { id } = await created(ports, named());
    const { run_id } = await asked(ports, id, { ...PJM_WEST, bands: { paths: 100, ...bands } });
    expect(await runAll(ports)).toEqual(['succeeded']);
    const run = scenarioRunAnswer.parse(await showRun({ run_id }, ports, STAFF)).data;
    expect((await rowsOf(ports, run_id)).data[0]!.bands).not.toEqual({});
    return run;
  };

  test('is told with the run, and is near 0.90 where the prices move by the model', async () => {
    const { band_coverage, notes } = await covered(200);
    expect(notes).toEqual([]);
    expect(band_coverage).toMatchObject({ level: 0.9, moves: 50, curves: 2, to: DAY });
    expect(band_coverage!.contracts).toBeGreaterThan(50 * 2 * 10);
    const { coverage, binomial_error, lowest } = band_coverage!;
    expect(Math.abs(coverage - 0.9)).toBeLessThan(3 * binomial_error);
    expect(lowest.coverage).toBeLessThanOrEqual(coverage);
  });

  test('of too few days is not: a note says how many there are and are needed', async () => {
    const { band_coverage, notes } = await covered(79);
    expect(band_coverage).toBeNull();
    expect(notes).toEqual([
      expect.stringMatching(/not measured: The history has 79 days; 80 are needed.*2 curves/),
    ]);
    expect(await covered(79, { model: MODEL })).toMatchObject({ band_coverage: null, notes: [] });
  });
});

/** The released day, and days before it: its prices less moves of two factors, 2 % a day each, the short one fading. */
async function withHistory(ports: ScenarioPorts, days: number): Promise<ScenarioPorts> {
  const [today] = await ports.tables.releases('main');
  const weekdays = Array.from(
    { length: 2 * days },
    (_, back) => new Date(Date.parse(DAY) - back * 86_400_000),
  )
    .filter((date) => date.getUTCDay() % 6 !== 0)
    .slice(0, days);
  const releases = weekdays.map((date, back) => ({
    ...today!,
    asof_date: date.toISOString().slice(0, 10),
    version: back === 0 ? today!.version : `${today!.version.slice(0, -3)}${String(back).padStart(3, '0')}`,
  }));
  let draw = 1;
  const random = () => {
    draw = (draw * 48_271) % 2_147_483_647;
    return draw / 2_147_483_647 - 0.5;
  };
  // Twelve uniform ones are as good as normal; their variances add up to 1.
  const normal = () => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, 0);
  const shocks = releases.map(({ asof_date }) => ({ asof_date, long: normal(), short: normal() }));
  /** By month, what has happened to its log price from each day to the newest. */
  const moves = new Map<string, Map<string, number>>();
  const movesOf = (month: string) => {
    let sum = 0;
    const since = new Map<string, number>();
    for (const { asof_date, long, short } of shocks) {
      since.set(asof_date, sum);
      const years = (Date.parse(month) - Date.parse(asof_date)) / 31_536_000_000;
      sum += 0.02 * (long + short * Math.exp(-1.5 * years));
    }
    moves.set(month, since);
    return since;
  };
  return {
    ...ports,
    tables: { ...ports.tables, releases: async () => releases },
    queries: {
      ...ports.queries,
      async slice(query) {
        const rows = await ports.queries.slice({ ...query, releases: [today!] });
        return query.releases.flatMap(({ asof_date }) =>
          rows.map((row) => ({
            ...row,
            asof_date,
            value:
              row.value *
              Math.exp(-(moves.get(row.contract_month) ?? movesOf(row.contract_month)).get(asof_date)!),
          })),
        );
      },
    },
  };
}

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
    for (const seed of [1, 2, 3]) await asked(ports, id, { ...PJM_WEST, seed });
    await runAll(ports);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const query = scenarioRunListQuery.parse({ scenario_id: id, state: 'succeeded', limit: '2', cursor });
      const page = scenarioRunListAnswer.parse(await listRuns(query, ports, STAFF));
      seen.push(...page.data.map(({ run_id }) => run_id));
      cursor = page.meta.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(3);
    expect(seen).toHaveLength(3);
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
    const tenant = `t${Date.now().toString(36)}`;
    await registerTenant({ body: { id: tenant, name: 'T' } }, ports);
    const entitle = (asset_class: string) =>
      entitleTenant(
        { id: tenant, body: { entitlements: [{ vendor: 'pw', asset_class, region: null }] } },
        { ...ports, vendors: adapters },
      );
    const power = member(tenant, [{ vendor: 'pw', asset_class: 'power', region: null }]);
    const gas = member(tenant, [{ vendor: 'pw', asset_class: 'gas', region: null }]);
    await entitle('power');
    const body = { name: 'own', description: '', assumptions: [] };
    const { createScenario } = await import('#lib/flows/scenarios.ts');
    const { scenarioCreate } = await import('#schemas/scenario.ts');
    const parsed = scenarioCreate.parse({ ...body, assumptions: [carbon(20)] });
    const { id } = (await createScenario({ body: parsed }, ports, power)).data;
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
