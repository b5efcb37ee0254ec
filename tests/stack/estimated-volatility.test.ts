/**
 * Volatilities estimated from released history on the real services: 81 market days of one curve in Nessie, a PPA and a
 * scenario on the last of them. What the functions estimate is, to the last bit, what the estimator makes of the prices that
 * were released, whether the columnar engine or Trino reads them.
 */
import { hash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scenarioRequestTopic } from '#events/scenario-request.ts';
import { versionHash } from '#lib/domain/curve.ts';
import { batchesOfRows } from '#lib/domain/curve-batches.ts';
import { estimateModel } from '#lib/domain/simulation/calibration.ts';
import { addMonths } from '#lib/domain/tenor.ts';
import type { ScenarioOutput } from '#schemas/scenario-run.ts';
import { weekdays } from '#tests/fixtures/history.ts';
import type { HostProcess } from '#tests/fixtures/host-process.ts';
import type { Person } from '#tests/fixtures/people.ts';
import { ON_PEAK, RISK } from '#tests/fixtures/ppa.ts';
import { months } from '#tests/fixtures/rows.ts';
import { carbon } from '#tests/fixtures/scenario-site.ts';
import { commitTable } from './released-tables.ts';
import { absent, ownDay, SEED, type StackSite, stackSite, wake, whyAbsent } from './site.ts';

const DAYS = weekdays(ownDay(2070), 81).reverse();
const DAY = DAYS.at(-1)!;
const FIRST_MONTH = addMonths(`${DAY.slice(0, 7)}-01`, 1);
const DELIVERY = Array.from({ length: 24 }, (_, month) => addMonths(FIRST_MONTH, month));
/** A curve and a vendor of this run alone. */
const HUB = `Hub ${SEED}`;
const VENDOR = `h${SEED}`;
const QUINN: Person = ['quinn', 'analyst'];

/** Two factors, some 2 % a day each, the second fading over the months: waves that are no multiple of a day, as good as random. */
const PRICES = DAYS.reduce<number[][]>((days, _, day) => {
  const before = days.at(-1) ?? DELIVERY.map((_, month) => 50 + month / 8);
  const [long, short] = [Math.sin(day * day), Math.sin(day * day * Math.SQRT2)];
  const move = (month: number) => 0.02 * Math.SQRT2 * (long + short * Math.exp(-month / 6));
  days.push(before.map((price, month) => price * Math.exp(day === 0 ? 0 : move(month))));
  return days;
}, []);

describe.skipIf(absent)(`volatilities estimated on real services${whyAbsent}`, () => {
  const history = { days: DAYS, months: DELIVERY, prices: Float64Array.from(PRICES.flat()) };
  let site: StackSite;
  let server: HostProcess;

  beforeAll(async () => {
    site = await stackSite('estimates');
    for (const [at, asof_date] of DAYS.entries()) {
      const source_file = `${VENDOR}-${asof_date}.xlsx`;
      const bytes = Buffer.from(Float64Array.from(PRICES[at]!).buffer);
      const sheet = versionHash(source_file, 'Fixed Prices - Mid', asof_date, hash('sha256', bytes));
      const identity = { asof_date, source_file, version_hash: sheet, location: HUB, market: HUB };
      const [batch] = batchesOfRows(months(FIRST_MONTH, PRICES[at]!, identity));
      const known_at = new Date(Date.now() - (DAYS.length - at) * 1_000).toISOString();
      await commitTable(site.platform.tables, batch!.table, known_at, VENDOR);
    }
    server = await site.serve('scenario');
  }, 240_000);
  afterAll(() => site?.close(), 60_000);

  const call = (path: string, sent?: object, at = server) => site.call(at, QUINN, path, sent);

  const contract = (name: string) => ({
    ...ON_PEAK,
    name: `${name} ${SEED}`,
    start: DELIVERY[0]!,
    end: new Date(Date.parse(DELIVERY[12]!) - 86_400_000).toISOString().slice(0, 10),
  });
  const valued = (name: string, at?: HostProcess) =>
    call(
      '/v1/ppa/valuate',
      {
        contract: contract(name),
        market: { reference: { source: 'curve', vendor: VENDOR, location: HUB, asof: DAY } },
        options: { risk: { ...RISK, paths: 1_000, model: 'estimate' } },
      },
      at,
    );

  test('a PPA is valued with the volatilities of its curve’s releases, and made again without them', async () => {
    const wanted = estimateModel(history);
    const { meta, data } = await valued('Estimated');
    expect(meta.provenance.model).toMatchObject({
      vendor: VENDOR,
      from: DAYS[0],
      to: DAY,
      days: 81,
      moves: 80,
      model: wanted.model,
      standard_errors: wanted.standard_errors,
    });
    // 2 % a day on the clock of weekdays.
    expect(wanted.model.sigma_long).toBeGreaterThan(0.2);
    expect(wanted.model.sigma_long).toBeLessThan(0.5);
    expect(data.risk.paths).toBe(1_000);
    expect(data.risk.p90.value).toBeGreaterThan(data.risk.p10.value);
    const again = await call(`/v1/ppa/valuations/${meta.valuation_hash}/replay`);
    expect(again.data).toMatchObject({ identical: true, differences: [] });
  });

  test('Trino reads the same history', async () => {
    const trino = await site.serve('scenario', { AURUM_QUERIES: 'trino' });
    const { meta } = await valued('Estimated by Trino', trino);
    expect(meta.provenance.model.model).toEqual(estimateModel(history).model);
  });

  test('a scenario’s bands come from the same history, and the run says how they held on the last days', async () => {
    const scenario = { name: `Estimated ${SEED}`, assumptions: [carbon(20)] };
    const { id } = (await call('/v1/scenarios', scenario)).data;
    const request = {
      asof: DAY,
      vendor: VENDOR,
      curves: { location: HUB },
      seed: 7,
      bands: { paths: 2_000 },
    };
    const { run_id } = (await call(`/v1/scenarios/${id}/run`, request)).data;
    await wake(server, 'run-scenario', scenarioRequestTopic.name);
    const { data: run } = await call(`/v1/scenarios/runs/${run_id}`);
    expect(run).toMatchObject({ state: 'succeeded', band_coverage: { level: 0.9, curves: 1, to: DAY } });
    expect(run.input_versions.length).toBeGreaterThan(80);
    const { data } = await call(`/v1/scenarios/runs/${run_id}/outputs?limit=10000`);
    const last = (data as ScenarioOutput[]).at(-1)!;
    const spread = Math.log(last.bands.p95! / last.bands.p05!) / (2 * 1.645);
    expect(spread).toBeGreaterThan(0.2);
    expect(spread).toBeLessThan(1);
  });
});
