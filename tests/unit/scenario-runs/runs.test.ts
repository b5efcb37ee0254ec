/** A run from the question to its end, through the flows over memory and a database in process. */
import { afterAll, describe, expect, test } from 'vitest';
import { alertTopic } from '#events/alert.ts';
import { scenarioRequestTopic } from '#events/scenario-request.ts';
import { busy } from '#lib/domain/errors.ts';
import { runRequested } from '#lib/flows/run-scenario.ts';
import { cancelRun } from '#lib/flows/scenario-runs.ts';
import { scenarioOutput, scenarioRunAnswer } from '#schemas/scenario-run.ts';
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
import { BANDED, failure, keys, named, outputRecords, records, rowsOf, stateOf } from './site.ts';

const site = await scenarioSite();
afterAll(() => site.close());
const fresh = async () => scenarioPorts(await site.copy());

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

  test('with rates that contradict each other is refused when it is asked for, whether or not one is needed', async () => {
    const ports = await fresh();
    const { id } = await created(ports, named());
    const rate = { base: 'EUR', quote: 'USD', rate: 1.1 };
    const fx_rates = [rate, { base: 'USD', quote: 'EUR', rate: 0.8 }];
    for (const part of [PJM_WEST, {}]) {
      expect(await failure(asked(ports, id, { ...part, fx_rates }))).toMatchObject({
        code: 'fx_rates_disagree',
        field: 'fx_rates.1',
      });
    }
    expect(await records(ports, scenarioRequestTopic)).toEqual([]);
    expect(await asked(ports, id, { ...PJM_WEST, fx_rates: [rate] })).toMatchObject({ state: 'queued' });
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
    for (const request of await records(ports, scenarioRequestTopic)) {
      expect(await runRequested(request, ports)).toBe('already');
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
    expect(await records(ports, scenarioRequestTopic)).toEqual([]);
  });

  test('notes an assumption that holds for nothing', async () => {
    const ports = await fresh();
    const { id } = await created(ports, named(), [carbon(20), { ...growth, applies_to: { iso: 'MISO' } }]);
    const { run_id } = await asked(ports, id);
    await runAll(ports);
    expect((await stateOf(ports, run_id)).notes).toEqual([expect.stringContaining('"growth"')]);
  });
});

function failing(ports: ScenarioPorts, error: () => Error): ScenarioPorts['queries'] {
  return {
    ...ports.queries,
    slice: async () => {
      throw error();
    },
  };
}
