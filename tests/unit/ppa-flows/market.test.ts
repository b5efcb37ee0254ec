/** What a contract is valued on: a released curve, the run of a scenario, and volatilities of released history. */
import { afterAll, describe, expect, test } from 'vitest';
import type { Caller } from '#lib/domain/access.ts';
import { showValuation } from '#lib/flows/query-valuations.ts';
import { replayValuation } from '#lib/flows/replay-valuation.ts';
import { valueContract } from '#lib/flows/value-contract.ts';
import type { StoredRun } from '#lib/ports/scenarios.ts';
import { ppaShowAnswer, ppaValuateAnswer } from '#schemas/ppa-routes.ts';
import { weekdays, withHistory } from '#tests/fixtures/history.ts';
import { RISK, WEST } from '#tests/fixtures/ppa.ts';
import { STAFF, tenantWith } from '#tests/fixtures/released-days.ts';
import { asked, BY_HAND, NEW, prices, terms, type ValuationPorts, valuationSite } from './site.ts';

const { ports, value } = await valuationSite();
afterAll(() => ports.sql.close());

describe('the curve', () => {
  const on = (part: object, caller?: Caller) =>
    value({ market: { reference: { source: 'curve', ...part } } }, caller);

  test('must be one: several are refused, each by name', async () => {
    const refused = await on({ iso: 'PJM' }).catch((error) => error);
    expect(refused).toMatchObject({ code: 'curve_ambiguous', place: { field: 'market.reference' } });
    expect(refused.message).toMatch(/^3 curves fit: .*PJM West .* of pw \([0-9a-f]{64}\)/);
  });

  test('is of the hours of the contract where the filter does not say', async () => {
    const { meta } = await value();
    const [row] = await ports.queries.slice({
      releases: await ports.tables.releases('main'),
      latest: true,
      entitlements: 'all',
      filter: { curve_key: meta.curve_key! },
      limit: 1,
    });
    expect(row).toMatchObject({ iso: 'PJM', market: 'West', block: 'ON_PEAK' });
    const off = on({ iso: 'PJM', market: 'West', block: 'OFF_PEAK' });
    await expect(off).rejects.toMatchObject({ code: 'block_mismatch' });
  });

  test('that a tenant has not bought is not there', async () => {
    const bought = tenantWith({ vendor: 'eugp', asset_class: null, region: null });
    const curve_key = (await value()).meta.curve_key!;
    const hidden = await on({ curve_key }, bought).catch((error) => error);
    const absent = await on({ curve_key: '0'.repeat(64) }, bought).catch((error) => error);
    expect(hidden.code).toBe('curve_not_found');
    expect(hidden.detail()).toEqual(absent.detail());
  });

  test('without a price for a month is refused by the month, unless the months after it are asked for', async () => {
    const contract = terms({ end: '2040-12-31' });
    await expect(value({ contract })).rejects.toMatchObject({
      code: 'price_missing',
      message: expect.stringContaining('2040-12'),
    });
    const market = { reference: WEST, extrapolation: { kind: 'flat', repeat: 'same_month' } };
    const { data } = await value({ contract, market });
    expect(data.cashflows.at(-1)).toMatchObject({ month: '2040-12-01', extrapolated: true });
  });

  test('in another currency needs a rate', async () => {
    const contract = terms({ settlement_currency: 'EUR' });
    await expect(value({ contract })).rejects.toMatchObject({ code: 'conversion_missing' });
    const fx_rates = [{ base: 'USD', quote: 'EUR', rate: 0.5 }];
    const { data } = await value({ contract, market: { reference: WEST, fx_rates } });
    expect(data.currency).toBe('EUR');
  });
});

describe('a scenario run', () => {
  const run_id = '11111111-1111-4111-8111-111111111111';
  const scenario_id = '22222222-2222-4222-8222-222222222222';
  const run_hash = 'a'.repeat(64);
  /** A run of two curves, each month 10 above its base. */
  const withRun = async (): Promise<ValuationPorts> => {
    const rows = ['AEP', 'West'].flatMap((market, curve) =>
      prices(24).map(({ month, price }) => outputRow(market, `${curve}`.repeat(64), month, price)),
    );
    const name = { version: run_id, at: '2025-09-12T22:00:00.000Z' };
    const { key: data_file } = await ports.tables.stageRows('market.scenario_output', name, rows);
    const run = { run_id, scenario_id, run_hash, asof_date: NEW, data_file, state: 'succeeded', error: null };
    const get = async (tenant: string, id: string) =>
      tenant === 'house' && id === run_id ? (run as unknown as StoredRun) : undefined;
    return { ...ports, runs: { ...ports.runs, get } };
  };
  const outputRow = (market: string, curve_key: string, contract_month: string, base_price: number) => ({
    ...{
      run_id,
      tenant_id: 'house',
      scenario_id,
      scenario_hash: run_hash,
      run_hash,
      asof_date: NEW,
      curve_key,
    },
    ...{ asset_class: 'power', region: 'US', iso: 'PJM', location: null, market, product: null },
    ...{
      block: 'ON_PEAK',
      spark_location: null,
      currency: 'USD',
      per_unit: 'MWh',
      contract_month,
      base_price,
    },
    ...{ scenario_price: base_price + 10, delta: 10, attribution: '{}', bands: `{"p95":${base_price + 20}}` },
  });
  const on = async (part: object, caller: Caller = STAFF) => {
    const reference = { source: 'scenario', run_id, ...part };
    return valueContract({ body: asked({ market: { reference } }) }, await withRun(), caller);
  };

  test('gives its prices, its day and its hash', async () => {
    const { meta, data } = await on({ market: 'west' });
    expect(meta).toMatchObject({ run_id, valuation_date: NEW, curve_key: '1'.repeat(64) });
    expect(meta.provenance.reference).toMatchObject({ run: { run_hash, price: 'scenario' }, release: null });
    expect(data.inputs.scenario).toEqual({ scenario_id, run_id, version_hash: run_hash });
    expect(data.cashflows[0]!.reference_price).toBe(60);
    const of = async (price: string) =>
      (await on({ market: 'west', price })).data.cashflows[0]!.reference_price;
    expect([await of('base'), await of('p95')]).toEqual([50, 70]);
  });

  test('is refused where it says nothing of the kind, or is another tenant’s', async () => {
    await expect(on({})).rejects.toMatchObject({ code: 'curve_ambiguous' });
    await expect(on({ market: 'East' })).rejects.toMatchObject({ code: 'curve_not_found' });
    await expect(on({ market: 'West', price: 'p05' })).rejects.toMatchObject({
      code: 'scenario_band_not_found',
    });
    await expect(on({ market: 'West' }, tenantWith())).rejects.toMatchObject({
      code: 'run_not_found',
      place: { field: 'market.reference.run_id' },
    });
  });
});

describe('risk by volatilities estimated from released history', () => {
  const ESTIMATED = { options: { risk: { ...RISK, model: 'estimate' } } };
  /** The newest release of PW, and weekdays before it on which all its prices were others by moves of 2 % a day. */
  const historyOf = async (count: number): Promise<ValuationPorts> => {
    const all = await ports.tables.releases('main');
    const today = all.find(({ vendor, asof_date }) => vendor === 'pw' && asof_date === NEW)!;
    const days = weekdays(NEW, count);
    let level = 0;
    // A wave that is no multiple of a day: as good as random, and the same each time.
    const levels = new Map(
      days.map((day, back) => {
        level += back === 0 ? 0 : 0.02 * Math.SQRT2 * Math.sin(back * back);
        return [day, level];
      }),
    );
    return withHistory(ports, today, days, (day) => levels.get(day)!);
  };

  test('is that of the model it says it found, with its errors; replayed without the history', async () => {
    const past = await historyOf(70);
    const contract = terms();
    const { meta, data } = ppaValuateAnswer.parse(
      await valueContract({ body: asked({ contract, ...ESTIMATED }) }, past, STAFF),
    );
    const found = meta.provenance.model!;
    expect(found).toMatchObject({ curve_key: meta.curve_key, vendor: 'pw', to: NEW, days: 70, moves: 69 });
    // 2 % a day on the clock of weekdays.
    expect(found.model.sigma_long).toBeGreaterThan(0.25);
    expect(found.model.sigma_long).toBeLessThan(0.4);
    expect(found.standard_errors.sigma_long).toBeGreaterThan(0);
    const { meta: shown } = ppaShowAnswer.parse(
      await showValuation({ hash: meta.valuation_hash }, ports, STAFF),
    );
    expect(shown.inputs.options.risk!.model).toEqual(found.model);
    const given = await value({ contract, options: { risk: { ...RISK, model: found.model } } });
    expect(given.data).toEqual(data);
    const again = await replayValuation({ hash: meta.valuation_hash }, ports, STAFF);
    expect(again.data).toMatchObject({ identical: true });
  });

  test('carries the units of the contract where the dynamics have some', async () => {
    const past = await historyOf(70);
    const found = async (part: object) => {
      const body = asked({
        ...part,
        options: { risk: { ...RISK, model: 'estimate', dynamics: { kind: 'normal' } } },
      });
      return (await valueContract({ body }, past, STAFF)).meta.provenance.model!.model.sigma_long;
    };
    const fx_rates = [{ base: 'USD', quote: 'EUR', rate: 0.5 }];
    const euros = await found({
      contract: terms({ settlement_currency: 'EUR' }),
      market: { reference: WEST, fx_rates },
    });
    expect(euros / (await found({}))).toBeCloseTo(0.5, 9);
  });

  test('is refused without one: of too few days, naming them, and of prices by hand', async () => {
    const short = valueContract({ body: asked(ESTIMATED) }, await historyOf(59), STAFF);
    await expect(short).rejects.toMatchObject({
      code: 'history_too_short',
      message: expect.stringContaining('59 days; 60 are needed'),
    });
    const by_hand = value({ valuation_date: NEW, market: { reference: BY_HAND }, ...ESTIMATED });
    await expect(by_hand).rejects.toMatchObject({
      code: 'model_history_missing',
      place: { field: 'options.risk.model' },
    });
  });
});
