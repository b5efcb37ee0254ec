/** What is impossible is refused with one code and the path of the field. */
import { describe, expect, test } from 'vitest';
import { openValuation, readInputs, valuePpa } from '#lib/domain/ppa/value.ts';
import type { PpaContractInput } from '#schemas/ppa-contract.ts';
import type { PpaMarketInput } from '#schemas/ppa-market.ts';
import {
  contractOf,
  DUCK_SHAPE,
  marketOf,
  pricesOf,
  refusalOf,
  SOLAR_SHAPE,
  VALUATION_DATE,
} from './contracts.ts';

const refused = (
  contract: unknown,
  market: unknown = marketOf(),
  date = VALUATION_DATE,
  options: unknown = {},
) =>
  refusalOf(() => valuePpa(contract as PpaContractInput, market as PpaMarketInput, date, options as object));

const energy = (first: object) => ({
  kind: 'monthly_energy' as const,
  months: [first, ...Array.from({ length: 11 }, () => ({ p50_mwh: 10 }))],
});

test.each<[string, object, string]>([
  ['ends before it starts', { end: '2025-12-31' }, 'contract.end'],
  ['lasts for ever', { end: '2199-12-31' }, 'contract.end'],
  ['a day that is none', { start: '2026-02-30' }, 'contract.start'],
  ['floor above cap', { price: { kind: 'collar', floor: 60, cap: 50 } }, 'contract.price.floor'],
  ['a collar without bounds', { price: { kind: 'collar' } }, 'contract.price.floor'],
  ['bounds turned', { reference_bounds: { floor: 2, cap: 1 } }, 'contract.reference_bounds.floor'],
  ['share above 1', { share_of_output: 1.2 }, 'contract.share_of_output'],
  ['share of nothing', { share_of_output: 0 }, 'contract.share_of_output'],
  [
    'negative capacity',
    { volume: { kind: 'baseload', power_mw: -1, block: 'BASE' } },
    'contract.volume.power_mw',
  ],
  ['NaN', { price: { kind: 'fixed', strike: Number.NaN } }, 'contract.price.strike'],
  ['infinite', { price: { kind: 'fixed', strike: Number.POSITIVE_INFINITY } }, 'contract.price.strike'],
  ['an unknown term', { discount: 0.1 }, 'contract.discount'],
  ['an unknown kind of volume', { volume: { kind: 'wind' } }, 'contract.volume.kind'],
  [
    'P90 above P50',
    { volume: energy({ p50_mwh: 10, p90_mwh: 11, p10_mwh: 12 }) },
    'contract.volume.months.0.p90_mwh',
  ],
  ['P90 alone', { volume: energy({ p50_mwh: 10, p90_mwh: 9 }) }, 'contract.volume.months.0.p10_mwh'],
  ['eleven months', { volume: { ...energy({ p50_mwh: 10 }), months: [] } }, 'contract.volume.months'],
  ['physical on the average', { kind: 'physical', settles_on: 'average' }, 'contract.settles_on'],
  [
    'physical with bounds on the reference',
    { kind: 'physical', reference_bounds: { floor: 30 } },
    'contract.reference_bounds',
  ],
  [
    'physical with a reference of 0',
    { kind: 'physical', negative_prices: 'zero_reference' },
    'contract.negative_prices',
  ],
  [
    'two index points of one month',
    {
      price: {
        kind: 'indexed',
        strike: 1,
        base_index: 1,
        index: [
          { month: '2025-01-01', value: 1 },
          { month: '2025-01-01', value: 2 },
        ],
      },
    },
    'contract.price.index.1.month',
  ],
  [
    'two zero rates of one day',
    {
      discounting: {
        kind: 'curve',
        points: [
          { date: '2030-01-01', rate: 0.01 },
          { date: '2030-01-01', rate: 0.02 },
        ],
        compounding: 'annual',
        day_count: 'ACT/365F',
      },
    },
    'contract.discounting.points.1.date',
  ],
  ['all output lost', { degradation_annual: 1 }, 'contract.degradation_annual'],
  [
    'a rate of -100 %',
    { discounting: { ...contractOf().discounting, rate: -1 } },
    'contract.discounting.rate',
  ],
  ['no currency', { settlement_currency: 'dollars' }, 'contract.settlement_currency'],
])('a contract: %s', (_, change, field) => {
  expect(refused({ ...contractOf(), ...change })).toMatchObject({ code: 'ppa_contract_invalid', field });
});

test('an unknown calendar and an unknown block', () => {
  expect(refused(contractOf({ calendar: 'ATLANTIS' }))).toMatchObject({
    code: 'calendar_unknown',
    field: 'contract.calendar',
  });
  expect(refused(contractOf({ volume: { kind: 'baseload', power_mw: 1, block: 'NIGHT' } }))).toMatchObject({
    code: 'block_unknown',
    field: 'contract.volume.block',
  });
});

test.each<[string, object, string]>([
  [
    'a price that is no number',
    { reference: { ...marketOf().reference, prices: [{ month: '2026-01-01', price: Number.NaN }] } },
    'market.reference.prices.0.price',
  ],
  [
    'a month twice',
    {
      reference: {
        ...marketOf().reference,
        prices: [...pricesOf('2026-01-01', 2), ...pricesOf('2026-02-01', 1)],
      },
    },
    'market.reference.prices.2.month',
  ],
  [
    'a month that is none',
    { reference: { ...marketOf().reference, prices: [{ month: '2026-13-01', price: 1 }] } },
    'market.reference.prices.0.month',
  ],
  ['an unknown extrapolation', { extrapolation: { kind: 'guess' } }, 'market.extrapolation.kind'],
])('a market: %s', (_, change, field) => {
  expect(refused(contractOf(), { ...marketOf(), ...change })).toMatchObject({
    code: 'ppa_market_invalid',
    field,
  });
});

describe('a month without a price', () => {
  const short = (changes: Partial<PpaMarketInput> = {}) =>
    marketOf(changes, { prices: pricesOf('2026-01-01', 22).filter(({ month }) => month !== '2026-05-01') });

  test('is refused by name', () => {
    const { code, field, message } = refused(contractOf(), short());
    expect([code, field, message]).toEqual([
      'price_missing',
      'market.reference.prices',
      'No price for 2026-05, 2027-11, 2027-12',
    ]);
  });

  test.each<[string, Partial<PpaMarketInput>, Partial<PpaContractInput>, RegExp, RegExp]>([
    ['in a gap: to give it', {}, { end: '2026-12-31' }, /^Give their prices; .*strips/, /ask for/],
    [
      'after the last: to extrapolate',
      {},
      { start: '2026-06-01' },
      /ask for an extrapolation.* 2027-10/,
      /gap/,
    ],
    ['both: each', {}, {}, /before 2027-10.*those after it/, /^$/],
    [
      'in the year that is to be repeated: not to',
      { extrapolation: { kind: 'flat', repeat: 'same_month' } },
      { start: '2027-09-01', end: '2028-12-31' },
      /repeat "last_month"/,
      /ask for/,
    ],
  ])('says what helps: %s', (_, changes, part, expected, never) => {
    // The last twelve prices lack a month where they are repeated.
    const market = marketOf(changes, {
      prices: pricesOf('2026-01-01', 22).filter(
        ({ month }) => month !== (changes.extrapolation === undefined ? '2026-05-01' : '2027-05-01'),
      ),
    });
    const work = () => valuePpa(contractOf(part), market, VALUATION_DATE);
    expect(work).toThrow(expect.objectContaining({ remedy: expect.stringMatching(expected) }));
    expect(work).not.toThrow(expect.objectContaining({ remedy: expect.stringMatching(never) }));
  });

  test('is extrapolated after the last price when that is asked for, never in a gap', () => {
    expect(refused(contractOf(), short({ extrapolation: { kind: 'flat' } })).message).toBe(
      'No price for 2026-05',
    );
    const market = marketOf(
      { extrapolation: { kind: 'escalate', rate: 0.02 } },
      { prices: pricesOf('2026-01-01', 22, () => 50) },
    );
    const { cashflows } = valuePpa(contractOf(), market, VALUATION_DATE);
    expect(cashflows.filter(({ extrapolated }) => extrapolated).map(({ month }) => month)).toEqual([
      '2027-11-01',
      '2027-12-01',
    ]);
    expect(cashflows.at(-1)!.reference_price).toBe(50 * 1.02 ** (2 / 12));
  });

  test('may take the price of the same calendar month', () => {
    const market = marketOf(
      { extrapolation: { kind: 'escalate', rate: 0.1, repeat: 'same_month' } },
      { prices: pricesOf('2026-01-01', 12) },
    );
    const { cashflows } = valuePpa(contractOf(), market, VALUATION_DATE);
    for (const index of [12, 23]) {
      expect(cashflows[index]!.reference_price).toBe(cashflows[index - 12]!.reference_price * 1.1);
    }
  });
});

test('a contract whose deliveries are over has an empty window', () => {
  expect(refused(contractOf(), marketOf(), '2028-01-01')).toMatchObject({
    code: 'window_empty',
    field: 'contract.end',
  });
  expect(refused(contractOf(), marketOf(), '2028-02-30').code).toBe('ppa_valuation_date_invalid');
  expect(refused(contractOf(), marketOf(), VALUATION_DATE, { mark_date: '2028-01-01' })).toMatchObject({
    code: 'window_empty',
    field: 'options.mark_date',
  });
});

describe('a mark', () => {
  const rates: PpaContractInput['discounting'] = {
    kind: 'curve',
    points: [{ date: '2040-01-01', rate: 0.04 }],
    compounding: 'annual',
    day_count: 'ACT/365F',
  };

  test.each<[string, Partial<PpaContractInput>]>([
    ['at a flat rate', {}],
    ['on a curve of the valuation date', { discounting: { ...rates, asof: VALUATION_DATE } }],
    ['on a curve of no day', { discounting: rates }],
  ])('before the valuation date is refused: %s', (_, terms) => {
    const mark = (mark_date: string) => () =>
      valuePpa(contractOf(terms), marketOf(), VALUATION_DATE, { mark_date });
    expect(mark('2025-12-14')).toThrow(
      expect.objectContaining({
        code: 'mark_date_past',
        place: { field: 'options.mark_date' },
        remedy: expect.stringMatching(/valuation date or later/),
      }),
    );
    expect(mark(VALUATION_DATE)().mark_to_market!.value).toBe(mark('2026-01-01')().npv);
  });

  test('that was stored is made again', () => {
    const inputs = readInputs(contractOf(), marketOf(), VALUATION_DATE);
    const kept = { ...inputs, options: { mark_date: '2025-11-01' } };
    expect(openValuation(kept).valuation.mark_to_market!.date).toBe('2025-11-01');
  });
});

test('a curve of other hours, a missing curve, a missing rate, missing hours are refused', () => {
  expect(refused(contractOf(), marketOf({}, { block: 'ON_PEAK' }))).toMatchObject({
    code: 'block_mismatch',
    field: 'market.reference.block',
  });
  expect(refused(contractOf({ basis: { kind: 'curve' } }))).toMatchObject({
    code: 'location_missing',
    field: 'market.location',
  });
  expect(refused(contractOf({ settlement_currency: 'GBP' })).code).toBe('conversion_missing');
  expect(refused(contractOf(), marketOf({}, { per_unit: 'tonne' })).code).toBe('conversion_missing');
  expect(refused(contractOf({ negative_prices: 'no_settlement' }))).toMatchObject({
    code: 'negative_hours_missing',
    field: 'market.negative_hours',
  });
  const monthly = contractOf({ volume: energy({ p50_mwh: 10 }) as PpaContractInput['volume'] });
  expect(refused(monthly, marketOf({ capture: { kind: 'price_shape', shape: DUCK_SHAPE } })).code).toBe(
    'volume_shape_missing',
  );
  const late = contractOf({
    price: { kind: 'indexed', strike: 1, base_index: 1, index: [{ month: '2026-02-01', value: 1 }] },
  });
  expect(refused(late)).toMatchObject({ code: 'index_missing', field: 'contract.price.index' });
});

test('a curve in pence per therm of energy is converted, pence being hundredths', () => {
  const contract = contractOf({
    settlement_currency: 'GBP',
    calendar: 'UK',
    volume: { kind: 'month_hour_shape', power_mw: 1, capacity_factors: SOLAR_SHAPE },
  });
  const { cashflows } = valuePpa(
    contract,
    marketOf({}, { currency: 'GBp', per_unit: 'kWh' }),
    VALUATION_DATE,
  );
  expect(cashflows[0]!.reference_price).toBeCloseTo(57 * 10, 9);
});

const RISK = { seed: '1', model: { sigma_short: 0.4, reversion_short: 1, sigma_long: 0.1, correlation: 0 } };

test.each<[string, object, string]>([
  ['a seed out of range', { seed: '18446744073709551616' }, 'options.risk.seed'],
  ['a seed that is no number', { seed: '-1' }, 'options.risk.seed'],
  ['a level that is none', { levels: [95] }, 'options.risk.levels.0'],
  ['a level twice', { levels: [0.95, 0.95] }, 'options.risk.levels.1'],
  ['a level with fewer than ten paths beyond it', { paths: 999 }, 'options.risk.levels.1'],
  ['a level that only more paths can tell', { levels: [0.9991] }, 'options.risk.levels.0'],
  ['half a pair', { antithetic: true, paths: 1001 }, 'options.risk.paths'],
  [
    'a speed beyond the model',
    { model: { ...RISK.model, reversion_short: 101 } },
    'options.risk.model.reversion_short',
  ],
])('risk: %s', (_, change, field) => {
  const risk = { ...RISK, ...change };
  expect(refused(contractOf(), marketOf(), VALUATION_DATE, { risk })).toMatchObject({
    code: 'ppa_options_invalid',
    field,
  });
});

test('a level says how many paths it needs', () => {
  const risk = { ...RISK, paths: 5_000, levels: [0.95, 0.999] };
  expect(refused(contractOf(), marketOf(), VALUATION_DATE, { risk }).message).toContain('10000 paths');
});

test.each<[string, object, object, string, string]>([
  [
    'a volatility beyond its dynamics',
    { model: { ...RISK.model, sigma_short: 101 } },
    {},
    'model_out_of_domain',
    'options.risk.model.sigma_short',
  ],
  [
    'a normal volume that is too uncertain',
    { volume: { sigma: 0.5, correlation: 0 } },
    {},
    'volume_out_of_domain',
    'options.risk.volume.sigma',
  ],
  [
    'a price of 0 that is to stay above it',
    {},
    {
      // The first month is delivered before the contract starts.
      prices: pricesOf('2025-12-01', 25, (month) => (month === '2026-03-01' ? 0 : 50)).toReversed(),
    },
    'forward_not_positive',
    'market.reference.prices.3.price',
  ],
])('what is simulated: %s', (_, change, reference, code, field) => {
  const market = marketOf({}, reference);
  const found = refused(contractOf(), market, VALUATION_DATE, { risk: { ...RISK, ...change } });
  expect(found).toMatchObject({ code, field });
});

test('a volume too uncertain to be normal is told of the other distribution', () => {
  const options = { risk: { ...RISK, volume: { sigma: 0.5, correlation: 0 } } };
  const work = () => valuePpa(contractOf(), marketOf(), VALUATION_DATE, options);
  expect(work).toThrow(expect.objectContaining({ remedy: expect.stringContaining('lognormal') }));
  const volume = { ...options.risk.volume, distribution: 'lognormal' as const };
  const { risk } = valuePpa(contractOf(), marketOf(), VALUATION_DATE, { risk: { ...options.risk, volume } });
  expect(risk!.volume_sigma).toBe(0.5);
});

test('rates that disagree, or are none, are refused where they stand', () => {
  const contract = contractOf({ settlement_currency: 'EUR' });
  const rate = { base: 'USD', quote: 'EUR', rate: 0.9 };
  const on = (...fx_rates: object[]) => refused(contract, marketOf({ fx_rates: fx_rates as never }));
  expect(on(rate, { ...rate, rate: 0.8 })).toMatchObject({
    code: 'fx_rates_disagree',
    field: 'market.fx_rates.1',
  });
  expect(on(rate, { base: 'GBp', quote: 'USD', rate: 0.01 })).toMatchObject({
    code: 'fx_rate_impossible',
    field: 'market.fx_rates.1',
  });
});

test('a zero rate of a day that is past is refused where it stands', () => {
  const points = [
    { date: '2030-01-01', rate: 0.02 },
    { date: '2025-01-01', rate: 0.01 },
  ];
  const discounting = { kind: 'curve', points, compounding: 'annual', day_count: 'ACT/365F' } as const;
  expect(refused(contractOf({ discounting }))).toMatchObject({
    code: 'discount_curve_point_past',
    field: 'contract.discounting.points.1.date',
  });
});

test('a curve of zero rates of a day after the valuation date is refused by that day', () => {
  const points = [{ date: '2030-01-01', rate: 0.02 }];
  const asof = '2026-03-01';
  const discounting = { kind: 'curve', points, asof, compounding: 'annual', day_count: 'ACT/365F' } as const;
  const work = () => valuePpa(contractOf({ discounting }), marketOf(), VALUATION_DATE);
  expect(work).toThrow(
    expect.objectContaining({
      code: 'discount_curve_later',
      place: { field: 'contract.discounting.asof' },
      remedy: expect.stringContaining(VALUATION_DATE),
    }),
  );
});

test('amounts that could not be kept are refused', () => {
  const contract = contractOf({
    end: '2123-12-31',
    volume: { kind: 'baseload', power_mw: 1e6, block: 'BASE' },
    price: { kind: 'fixed', strike: 1e6 },
    discounting: { ...contractOf().discounting, kind: 'flat', rate: 0 },
  });
  const market = marketOf({ extrapolation: { kind: 'flat' } });
  expect(refused(contract, market)).toMatchObject({ code: 'amount_out_of_range', field: 'contract.volume' });
});
