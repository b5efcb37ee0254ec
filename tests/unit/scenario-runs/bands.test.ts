/** Bands around a run's prices: of a model that is given or of one estimated from history, and how often they held. */
import { afterAll, describe, expect, test } from 'vitest';
import { memoryEventBus } from '#lib/adapters/event-bus/memory.ts';
import { showRun } from '#lib/flows/scenario-runs.ts';
import { scenarioRunAnswer } from '#schemas/scenario-run.ts';
import { weekdays, withHistory } from '#tests/fixtures/history.ts';
import { STAFF } from '#tests/fixtures/released-days.ts';
import {
  asked,
  created,
  DAY,
  PJM_WEST,
  runAll,
  type ScenarioPorts,
  scenarioPorts,
  scenarioSite,
} from '#tests/fixtures/scenario-site.ts';
import { BANDED, MODEL, named, rowsOf, stateOf } from './site.ts';

const site = await scenarioSite();
afterAll(() => site.close());
const fresh = async () => scenarioPorts(await site.copy());

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
      const ports = await historyOf(scenarioPorts({ ...stores, bus: memoryEventBus() }), 81);
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
    const ports = await historyOf(await fresh(), days);
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
async function historyOf(ports: ScenarioPorts, count: number): Promise<ScenarioPorts> {
  const [today] = await ports.tables.releases('main');
  const days = weekdays(DAY, count);
  let draw = 1;
  const random = () => {
    draw = (draw * 48_271) % 2_147_483_647;
    return draw / 2_147_483_647 - 0.5;
  };
  // Twelve uniform ones are as good as normal; their variances add up to 1.
  const normal = () => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, 0);
  const shocks = days.map((asof_date) => ({ asof_date, long: normal(), short: normal() }));
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
  return withHistory(
    ports,
    today!,
    days,
    (asof_date, month) => (moves.get(month) ?? movesOf(month)).get(asof_date)!,
  );
}
