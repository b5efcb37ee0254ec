/** What a contract may be valued on, and what is told to who asked: curves of its market and hours, contracts that can be delivered. */
import { afterAll, describe, expect, test } from 'vitest';
import { ppaRequestTopic } from '#events/ppa-request.ts';
import { blockHours, marketCalendar } from '#lib/domain/calendar/market-calendar.ts';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { openValuation, valuationHash } from '#lib/domain/ppa/value.ts';
import { replayValuation } from '#lib/flows/replay-valuation.ts';
import { storeContract } from '#lib/flows/store-contract.ts';
import { traceLineage } from '#lib/flows/trace-lineage.ts';
import { valueContract, valued } from '#lib/flows/value-contract.ts';
import { lineageQuery } from '#schemas/lineage.ts';
import { keptPpaContract, ppaContract } from '#schemas/ppa-contract.ts';
import { ppaValuateAnswer } from '#schemas/ppa-routes.ts';
import { RISK, WEST } from '#tests/fixtures/ppa.ts';
import { STAFF } from '#tests/fixtures/released-days.ts';
import { asked, NEW, terms, valuationSite } from './site.ts';

const { ports, value, queue, recordsOf } = await valuationSite();
afterAll(() => ports.sql.close());

const BASE = { volume: { kind: 'baseload', power_mw: 1, block: 'BASE' } };
const SOLAR = {
  volume: { kind: 'capacity_factor', power_mw: 10, capacity_factors: new Array(12).fill(0.2) },
};
const onWest = (part: object, more: object = {}) =>
  value({ contract: terms(part), market: { reference: { ...WEST, ...more } } });

/** Prices of one block of PJM West, by month. */
async function westPrices(block: string): Promise<ReadonlyMap<string, number>> {
  const rows = await ports.queries.slice({
    releases: await ports.tables.releases('main'),
    latest: true,
    entitlements: 'all',
    filter: { iso: 'PJM', market: 'West', block, tenor_type: 'MONTHLY' },
    limit: 1_000,
  });
  return new Map(rows.map((row) => [row.contract_month, row.value]));
}

describe('the price of all hours, quoted on and off peak alone', () => {
  test('is made of the two, by their hours, and says so', async () => {
    const { meta, data } = ppaValuateAnswer.parse(await onWest(BASE));
    const [on, off] = [await westPrices('ON_PEAK'), await westPrices('OFF_PEAK')];
    // January 2026 at PJM: 21 weekdays without New Year's Day, 16 hours each; 744 hours in all.
    expect(blockHours(marketCalendar('PJM'), 'ON_PEAK', '2026-01-01', '2026-02-01')).toBe(336);
    const january = (336 * on.get('2026-01-01')! + 408 * off.get('2026-01-01')!) / 744;
    expect(data.cashflows[0]!.reference_price).toBeCloseTo(january, 12);
    expect(meta.curve_key).toBeNull();
    const { reference } = meta.provenance;
    expect(reference.derived_from!.map(({ block }) => block)).toEqual(['ON_PEAK', 'OFF_PEAK']);
    expect(reference.release!.asof_date).toBe(NEW);
    const versions = reference.derived_from!.flatMap(({ version_hashes }) => version_hashes);
    expect(data.inputs.reference_versions).toEqual([...new Set(versions)].sort());
    const again = await replayValuation({ hash: meta.valuation_hash }, ports, STAFF);
    expect(again.data.identical).toBe(true);
  });

  test('is what pay-as-produced is valued on, and basis to another place', async () => {
    const location = { ...WEST, market: 'AEP Dayton' };
    const contract = terms({ ...SOLAR, basis: { kind: 'curve' } });
    const { meta } = await value({ contract, market: { reference: WEST, location } });
    expect(meta.provenance.location!.derived_from).toHaveLength(2);
    expect(meta.npv).not.toBeNull();
  });

  test('is not made where it is quoted, nor where a block is named, nor of one block alone', async () => {
    const north = { iso: 'ERCOT', market: 'North' };
    const quoted = await onWest({ ...BASE, calendar: 'ERCOT' }, north);
    expect(quoted.meta.curve_key).not.toBeNull();
    expect(quoted.meta.provenance.reference.derived_from).toBeUndefined();
    await expect(onWest(BASE, { block: 'ATC' })).rejects.toMatchObject({
      code: 'block_mismatch',
      message: 'No curve for ATC fits; there are curves for OFF_PEAK, ON_PEAK',
      remedy: expect.stringContaining('Leave the block out'),
      place: { field: 'market.reference.block' },
    });
    const weekend = { volume: { kind: 'baseload', power_mw: 1, block: '2x16' } };
    await expect(onWest(weekend)).rejects.toMatchObject({
      code: 'block_mismatch',
      message: 'No curve for 2x16 fits; there are curves for OFF_PEAK, ON_PEAK',
    });
  });

  test('of several places is refused, each by name; of none there is no curve', async () => {
    const anyWhere = value({ contract: terms(BASE), market: { reference: { source: 'curve', iso: 'PJM' } } });
    await expect(anyWhere).rejects.toMatchObject({
      code: 'curve_ambiguous',
      message: expect.stringMatching(/^6 curves fit: /),
    });
    await expect(onWest(BASE, { market: 'Atlantis' })).rejects.toMatchObject({ code: 'curve_not_found' });
  });

  test('has no history of its own', async () => {
    const options = { risk: { ...RISK, model: 'estimate' } };
    await expect(
      value({ contract: terms(BASE), market: { reference: WEST }, options }),
    ).rejects.toMatchObject({ code: 'model_history_missing', place: { field: 'options.risk.model' } });
  });

  test('is found from the prices it is made of', async () => {
    const { meta } = await onWest(BASE);
    const { derived_from, release } = meta.provenance.reference;
    for (const { curve_key } of derived_from!) {
      const place = {
        curve_key,
        tenor_type: 'MONTHLY',
        contract_month: '2026-03',
        version: release!.version,
      };
      const { data } = await traceLineage(lineageQuery.parse(place), ports, STAFF);
      const named = data[0]!.downstream.valuations!.map(({ valuation_hash }) => valuation_hash);
      expect(named).toContain(meta.valuation_hash);
    }
  });
});

describe('a curve of something else', () => {
  test('is refused: of another market, of gas', async () => {
    const elsewhere = onWest({ ...BASE, calendar: 'EEX' });
    await expect(elsewhere).rejects.toMatchObject({
      code: 'calendar_mismatch',
      message: expect.stringMatching(/PJM West .* is of the calendar PJM, the contract of EEX$/),
      place: { field: 'market.reference' },
    });
    const contract = terms({ ...BASE, calendar: 'EEX', settlement_currency: 'EUR' });
    const on = (part: object) =>
      value({ contract, market: { reference: { source: 'curve', vendor: 'eugp', ...part } } });
    const refused = { code: 'reference_not_power', place: { field: 'market.reference' } };
    await expect(on({ asset_class: 'gas', location: 'Dutch_TTF' })).rejects.toMatchObject(refused);
    await expect(on({ product: 'spark_spread', location: 'German' })).rejects.toMatchObject(refused);
    // The place alone means its power.
    const { meta } = await on({ location: 'German' });
    expect(meta.curve_key).not.toBeNull();
  });
});

describe('what is refused is told by the field of the request', () => {
  test('when the history of the curve is short, at once and in the queue', async () => {
    const body = asked({ options: { risk: { ...RISK, model: 'estimate' } } });
    await expect(valueContract({ body }, ports, STAFF)).rejects.toMatchObject({
      code: 'history_too_short',
      place: { field: 'options.risk.model' },
    });
  });

  test('before it is queued', async () => {
    const before = await recordsOf(ppaRequestTopic);
    const steep = { ...RISK.model, sigma_short: 101 };
    await expect(queue({ options: { risk: { ...RISK, model: steep } } })).rejects.toMatchObject({
      code: 'model_out_of_domain',
      place: { field: 'options.risk.model.sigma_short' },
    });
    const huge = terms({
      volume: { kind: 'baseload', power_mw: 1e6, block: 'ON_PEAK' },
      price: { kind: 'fixed', strike: 1e6 },
    });
    const market = { reference: WEST, extrapolation: { kind: 'flat' } };
    await expect(queue({ contract: { ...huge, end: '2099-12-31' }, market })).rejects.toMatchObject({
      code: 'amount_out_of_range',
    });
    expect(await recordsOf(ppaRequestTopic)).toHaveLength(before.length);
  });
});

describe('a contract nobody could deliver', () => {
  const INDEXED = { kind: 'indexed', strike: 1, base_index: 1, index: [{ month: '2026-02-01', value: 1 }] };
  test.each<[string, object, string, string]>([
    ['of no market', { calendar: 'MARS' }, 'calendar_unknown', 'calendar'],
    [
      'in hours its market does not know',
      { volume: { kind: 'baseload', power_mw: 1, block: '8x3' } },
      'block_unknown',
      'volume.block',
    ],
    ['whose index starts after it', { price: INDEXED }, 'index_missing', 'price.index'],
    ['without an hour', { start: '2026-01-03', end: '2026-01-04' }, 'window_empty', 'end'],
  ])('is not stored: %s', async (_, part, code, field) => {
    const body = ppaContract.parse(terms(part));
    await expect(storeContract({ body }, ports, STAFF)).rejects.toMatchObject({ code, place: { field } });
  });
});

test('what was stored by earlier rules can still be read and made again', async () => {
  const { meta } = await value();
  const stored = (await ports.ppa.valuation('house', meta.valuation_hash))!;
  const inputs = JSON.parse(stored.inputs);
  const old = {
    ...inputs,
    contract: { ...inputs.contract, kind: 'physical', reference_bounds: { floor: 30 } },
    market: {
      ...inputs.market,
      reference: { ...inputs.market.reference, prices: inputs.market.reference.prices.toReversed() },
    },
    options: {
      risk: { ...RISK, paths: 200, levels: [0.95, 0.95], antithetic: false, dynamics: { kind: 'lognormal' } },
    },
  };
  expect(keptPpaContract.safeParse(old.contract).success).toBe(true);
  const output = await valued(old, ports.simulator, 'ppa/1');
  expect(output).toMatchObject({ model: 'ppa/1', valuation_hash: valuationHash(old, 'ppa/1') });
  expect(openValuation(old).valuation.valuation_hash).not.toBe(output.valuation_hash);
  const kept = { ...stored, inputs: canonicalJson(old), output: canonicalJson(output) };
  const ppa = { ...ports.ppa, valuation: async () => kept };
  const { data } = await replayValuation({ hash: output.valuation_hash }, { ...ports, ppa }, STAFF);
  expect(data.identical).toBe(true);
});
