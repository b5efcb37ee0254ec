/** Months from rows, capture prices, negative hours: what a contract settles on. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bootstrapMonths } from '#lib/domain/curve-bootstrap.ts';
import { captureOf } from '#lib/domain/ppa/capture.ts';
import { monthlyPrices } from '#lib/domain/ppa/monthly-prices.ts';
import { valuePpa } from '#lib/domain/ppa/value.ts';
import { quotedContracts, selectQuotes } from '#lib/domain/quoted-contracts.ts';
import { stableSum } from '#lib/domain/strips.ts';
import { addMonths, monthsBetween, OTC_SEASONS } from '#lib/domain/tenor.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { PpaContractInput } from '#schemas/ppa-contract.ts';
import type { PpaMarketInput } from '#schemas/ppa-market.ts';
import {
  contractOf,
  DUCK_SHAPE,
  flatMarket,
  marketOf,
  refusalOf,
  SOLAR_SHAPE,
  VALUATION_DATE,
} from './contracts.ts';

const row = (tenor: Partial<CurveObservation>, value: number): CurveObservation => ({
  asof_date: '2025-09-12',
  source_file: 'a.xlsx',
  sheet_name: 'Months',
  asset_class: 'power',
  region: null,
  iso: 'PJM',
  location: 'West',
  market: 'West',
  product: null,
  block: 'ON_PEAK',
  spark_location: null,
  price_type: 'Mid',
  units_raw: 'USD/MWh',
  currency: 'USD',
  per_unit: 'MWh',
  tenor_type: 'MONTHLY',
  contract_month: '2026-01-01',
  tenor_label: '2026-01',
  value,
  bid: null,
  ask: null,
  mid: value,
  curve_key: 'a'.repeat(64),
  version_hash: 'b'.repeat(64),
  source_cell: 'Months!B2',
  source_cell_bid_ask: null,
  _ingest_ts: '2025-09-12T18:00:00.000Z',
  ...tenor,
});
const monthRow = (contract_month: string, value: number) =>
  row({ contract_month, tenor_label: contract_month.slice(0, 7) }, value);
const strip = (
  tenor_type: CurveObservation['tenor_type'],
  contract_month: string,
  tenor_label: string,
  value: number,
) => row({ tenor_type, contract_month, tenor_label }, value);

describe('months from the rows of a release', () => {
  // The quotes of cmdty/curves' example, as a plain mean.
  const january = monthRow('2026-01-01', 19.05);
  const quarter = strip('QUARTER', '2026-01-01', 'Q1 2026', 17.22);

  test.each(['finest', 'independent'] as const)(
    'a month holds against what is left of a running strip: %s',
    (choice) => {
      const asof_date = '2025-12-15';
      const december = row({ asof_date, contract_month: '2025-12-01', tenor_label: '2025-12' }, 20);
      const running = row(
        { asof_date, tenor_type: 'CALENDAR', contract_month: '2025-01-01', tenor_label: 'Cal 2025' },
        15,
      );
      const contracts = quotedContracts([running, december], OTC_SEASONS);
      expect(contracts.map(({ from, to }) => [from, to])).toEqual([
        ['2025-12-01', '2026-01-01'],
        ['2025-12-01', '2026-01-01'],
      ]);
      const { used, left_out } = selectQuotes(contracts, monthsBetween, choice);
      expect(used.map(({ name }) => name)).toEqual(['2025-12']);
      expect(left_out).toMatchObject([{ contract: { name: 'Cal 2025' }, reason: 'conflict', implied: 20 }]);
    },
  );

  test('a month and a strip that holds it are not counted twice: the month wins', () => {
    const { prices } = monthlyPrices([quarter, january]);
    expect(prices).toEqual([{ month: '2026-01-01', price: 19.05, origin: 'month' }]);
  });

  test('strips fill the months nobody quotes, when that is asked for', () => {
    const { prices } = monthlyPrices([quarter, january], { strips: 'bootstrapped' });
    expect(prices.map(({ origin }) => origin)).toEqual(['month', 'strip', 'strip']);
    expect(prices[0]!.price).toBe(19.05);
    expect(prices[1]!.price).toBeCloseTo((3 * 17.22 - 19.05) / 2, 12);
    expect(stableSum(prices.map(({ price }) => price)) / 3).toBeCloseTo(17.22, 12);
  });

  test('a calendar year over quarters that are there says nothing new, even when it is rounded', () => {
    const quarters = [1, 4, 7, 10].map((first, index) =>
      strip('QUARTER', `2028-${String(first).padStart(2, '0')}-01`, `Q${index + 1} 2028`, 40 + index),
    );
    const year = strip('CALENDAR', '2028-01-01', 'Calendar 2028', 41.501);
    const { prices } = monthlyPrices([year, ...quarters], { strips: 'bootstrapped' });
    expect(prices).toHaveLength(12);
    expect(prices.map(({ price }) => price)).toEqual([40, 40, 40, 41, 41, 41, 42, 42, 42, 43, 43, 43]);
  });

  describe('a strip whose months others cover, and that says something new', () => {
    // Nothing but strips from 2029 on. Winter 2029 is November 2028 to March 2029, of which two months are quoted.
    const rows = [
      monthRow('2028-10-01', 45),
      monthRow('2028-11-01', 46.121),
      monthRow('2028-12-01', 47.121),
      strip('SEASON', '2028-11-01', 'Winter 2029', 45.871),
      strip('SEASON', '2029-04-01', 'Summer 2029', 60.325),
      strip('CALENDAR', '2029-01-01', 'Cal 2029', 54.34),
      strip('SEASON', '2029-11-01', 'Winter 2030', 46.486),
      strip('SEASON', '2030-04-01', 'Summer 2030', 59.899),
      strip('CALENDAR', '2030-01-01', 'Cal 2030', 54.5005),
    ];
    const { prices } = monthlyPrices(rows, { strips: 'bootstrapped' });
    const of = (...months: string[]) =>
      months.map((month) => prices.find((row) => row.month === `${month}-01`)!.price);
    const near = (expected: number, count: number) => new Array(count).fill(expect.closeTo(expected, 9));

    test('is used: what the calendar year leaves for November and December, and winter for spring', () => {
      expect(of('2029-01', '2029-02', '2029-03')).toEqual(near((5 * 45.871 - 46.121 - 47.121) / 3, 3));
      expect(of('2029-11', '2029-12')).toEqual(near(46.846, 2));
      expect(of('2030-01', '2030-02', '2030-03')).toEqual(near(46.246, 3));
      expect(of('2030-11', '2030-12')).toEqual(near(47.9875, 2));
      const year = prices.filter(({ month }) => month.startsWith('2029')).map(({ price }) => price);
      expect(stableSum(year) / 12).toBeCloseTo(54.34, 12);
    });

    test('gives the months of the shape of the same quotes, all of them determined', () => {
      const { used, left_out } = selectQuotes(
        quotedContracts(rows, OTC_SEASONS),
        monthsBetween,
        'independent',
      );
      expect([used.length, left_out.length]).toEqual([rows.length, 0]);
      const shape = bootstrapMonths(used, monthsBetween);
      expect(prices.map(({ month }) => month)).toEqual(shape.map(({ month }) => month));
      shape.forEach(({ price }, index) => void expect(prices[index]!.price).toBeCloseTo(price, 12));
      expect(prices.filter(({ determined }) => determined === false)).toEqual([]);
      expect(prices.map(({ origin }) => origin)).toEqual(
        prices.map(({ month }) => (month < '2029' ? 'month' : 'strip')),
      );
    });

    test('is left out where it contradicts the shorter ones, rounded or not', () => {
      const quarters = [0, 1, 2, 3].map((quarter) =>
        strip('QUARTER', addMonths('2031-01-01', 3 * quarter), `Q${quarter + 1} 2031`, 50 + quarter),
      );
      const first = monthlyPrices([...rows, ...quarters], { strips: 'bootstrapped' });
      for (const year of [51.5, 51.501, 60]) {
        const given = [...rows, ...quarters, strip('CALENDAR', '2031-01-01', 'Cal 2031', year)];
        expect(monthlyPrices(given, { strips: 'bootstrapped' })).toEqual(first);
      }
    });

    test('that is the quoted month it has left does not move it', () => {
      const running = strip('QUARTER', '2025-07-01', 'Q3 2025', 30);
      const quoted = [monthRow('2025-09-01', 31), monthRow('2025-10-01', 33)];
      const quarter = strip('QUARTER', '2025-10-01', 'Q4 2025', 36);
      const given = monthlyPrices([running, ...quoted, quarter], { strips: 'bootstrapped' }).prices;
      expect(given.map(({ price }) => price)).toEqual([31, 33, ...near((3 * 36 - 33) / 2, 2)]);
    });
  });

  test('what strips that only overlap leave open says so, in the valuation too', () => {
    const rows = [
      monthRow('2026-01-01', 50),
      strip('QUARTER', '2026-01-01', 'Q1 2026', 48),
      strip('SEASON', '2026-04-01', 'Summer 2026', 60),
      strip('CALENDAR', '2026-01-01', 'Cal 2026', 54),
      strip('SEASON', '2026-11-01', 'Winter 2027', 52),
      strip('CALENDAR', '2027-01-01', 'Cal 2027', 53),
    ];
    const reference = monthlyPrices(rows, { strips: 'bootstrapped' });
    const open = reference.prices.filter(({ determined }) => determined === false);
    // Winter 2027 gives January to March 2027; of the rest of 2027 only the mean is known: that is a piece, and determined.
    expect(open).toEqual([]);
    const without = monthlyPrices(
      rows.filter(({ tenor_label }) => tenor_label !== 'Cal 2026'),
      { strips: 'bootstrapped' },
    );
    const months = ['2026-11', '2026-12', '2027-01', '2027-02', '2027-03']
      .concat(Array.from({ length: 9 }, (_, index) => `2027-${String(index + 4).padStart(2, '0')}`))
      .map((month) => `${month}-01`);
    expect(without.prices.filter(({ determined }) => determined === false).map(({ month }) => month)).toEqual(
      months,
    );
    const contract = contractOf({ volume: { kind: 'baseload', power_mw: 1, block: 'ON_PEAK' } });
    const value = (of: typeof reference) => valuePpa(contract, { reference: of }, VALUATION_DATE);
    expect(value(without).undetermined_months).toEqual(months);
    expect(value(reference)).not.toHaveProperty('undetermined_months');
  });

  test('the order of the rows does not show', () => {
    const rows = [
      january,
      quarter,
      monthRow('2026-02-01', 18),
      strip('CALENDAR', '2026-01-01', 'Calendar 2026', 20),
    ];
    const first = monthlyPrices(rows, { strips: 'bootstrapped' });
    expect(monthlyPrices(rows.toReversed(), { strips: 'bootstrapped' })).toEqual(first);
  });

  test('mixtures are refused, not averaged', () => {
    const code = (rows: CurveObservation[]) => refusalOf(() => monthlyPrices(rows)).code;
    expect(code([])).toBe('curve_empty');
    expect(code([january, { ...quarter, currency: 'EUR' }])).toBe('currencies_mixed');
    expect(code([january, { ...quarter, curve_key: 'c'.repeat(64) }])).toBe('curves_mixed');
    expect(code([january, { ...january, value: 20 }])).toBe('price_conflict');
    const twice = [january, quarter, { ...quarter, value: 20 }];
    expect(refusalOf(() => monthlyPrices(twice, { strips: 'bootstrapped' })).code).toBe('price_conflict');
    expect(monthlyPrices(twice).prices).toHaveLength(1);
    expect(code([{ ...january, per_unit: null }])).toBe('price_unit_unknown');
  });
});

describe('capture', () => {
  test('the price is weighted by the volume (ppaoracle glossary)', () => {
    const capture = captureOf([80, 40], [100, 400]);
    expect(capture).toEqual({ base_price: 60, capture_price: 48, capture_factor: 0.8 });
    expect(capture.capture_price - 55).toBe(-7);
  });

  test('a stated rate of 80 % on 60 with a strike of 55 loses 7 per MWh', () => {
    const contract = contractOf({
      kind: 'physical',
      volume: { kind: 'capacity_factor', power_mw: 10, capacity_factors: new Array(12).fill(0.3) },
      price: { kind: 'fixed', strike: 55 },
    });
    const market = flatMarket(60, { capture: { kind: 'rates', rates: new Array(12).fill(0.8) } });
    const { cashflows, capture_price, capture_factor } = valuePpa(contract, market, VALUATION_DATE);
    expect([capture_price, capture_factor]).toEqual([expect.closeTo(48, 12), expect.closeTo(0.8, 12)]);
    for (const { settlement, volume_mwh } of cashflows) expect(settlement / volume_mwh).toBeCloseTo(-7, 12);
  });

  test('shapes are the same as going through every hour', () => {
    const contract = contractOf({
      volume: { kind: 'month_hour_shape', power_mw: 100, capacity_factors: SOLAR_SHAPE },
    });
    const market = flatMarket(50, { capture: { kind: 'price_shape', shape: DUCK_SHAPE } });
    const april = valuePpa(contract, market, VALUATION_DATE).cashflows[3]!;
    const hours = Array.from({ length: 30 * 24 }, (_, hour) => hour % 24);
    const raw = hours.map((hour) => DUCK_SHAPE[3]![hour]!);
    const mean = stableSum(raw) / raw.length;
    const byHour = captureOf(
      raw.map((ratio) => (50 * ratio) / mean),
      hours.map((hour) => 100 * SOLAR_SHAPE[3]![hour]!),
    );
    expect(april.capture_price).toBeCloseTo(byHour.capture_price, 11);
    expect(april.volume_mwh).toBeCloseTo(stableSum(hours.map((hour) => 100 * SOLAR_SHAPE[3]![hour]!)), 9);
  });

  test('shapes have no level: twice the ratios, or 10 more in all differences, change nothing', () => {
    const contract = contractOf({
      volume: { kind: 'month_hour_shape', power_mw: 100, capacity_factors: SOLAR_SHAPE },
    });
    const npv = (capture: PpaMarketInput['capture']) =>
      valuePpa(contract, flatMarket(50, { capture }), VALUATION_DATE).npv;
    const moved = (by: (value: number) => number) => DUCK_SHAPE.map((row) => row.map(by));
    const ratios = npv({ kind: 'price_shape', shape: DUCK_SHAPE });
    expect(npv({ kind: 'price_shape', shape: moved((ratio) => 2 * ratio) })).toBeCloseTo(ratios, 6);
    const differences = (level: number) =>
      npv({ kind: 'price_differences', differences: moved((ratio) => 30 * ratio + level) });
    expect(differences(10)).toBeCloseTo(differences(0), 6);
  });

  test('the day of 23 hours has no hour from two to three', () => {
    const contract = contractOf({
      start: '2026-03-08',
      end: '2026-03-08',
      volume: {
        kind: 'month_hour_shape',
        power_mw: 1,
        capacity_factors: Array.from({ length: 12 }, () =>
          Array.from({ length: 24 }, (_, hour) => (hour === 2 ? 1 : hour === 3 ? 0.5 : 0)),
        ),
      },
    });
    expect(valuePpa(contract, marketOf(), VALUATION_DATE).volume_mwh).toBe(0.5);
  });

  test('settled on the average, the profile costs nothing', () => {
    const contract = contractOf({
      settles_on: 'average',
      volume: { kind: 'month_hour_shape', power_mw: 100, capacity_factors: SOLAR_SHAPE },
    });
    const market = flatMarket(50, { capture: { kind: 'price_shape', shape: DUCK_SHAPE } });
    expect(valuePpa(contract, market, VALUATION_DATE).capture_factor).toBeCloseTo(1, 14);
  });
});

describe('the clause for negative prices, hour by hour', () => {
  const solar = { kind: 'month_hour_shape' as const, power_mw: 100, capacity_factors: SOLAR_SHAPE };
  const market = flatMarket(50, { capture: { kind: 'price_shape', shape: DUCK_SHAPE } });
  const mean = stableSum(DUCK_SHAPE[0]!) / 24;
  const april = (changes: Partial<PpaContractInput>) =>
    valuePpa(
      contractOf({ start: '2026-04-01', end: '2026-04-30', volume: solar, ...changes }),
      market,
      VALUATION_DATE,
    ).cashflows[0]!;
  /** Sum over the hours of April of what an hour of this price pays per MWh. */
  const byHour = (pays: (price: number) => number) =>
    30 *
    100 *
    stableSum(SOLAR_SHAPE[3]!.map((factor, hour) => factor * pays((50 * DUCK_SHAPE[3]![hour]!) / mean)));

  test.each<[PpaContractInput['negative_prices'], (price: number) => number]>([
    ['settled', (price) => price - 45],
    ['no_settlement', (price) => (price < 0 ? 0 : price - 45)],
    ['zero_price', (price) => (price < 0 ? price : price - 45)],
    ['zero_reference', (price) => Math.max(price, 0) - 45],
  ])('%s', (negative_prices, pays) => {
    expect(april({ negative_prices }).settlement).toBeCloseTo(byHour(pays), 6);
  });

  test('stated shares and prices of the hours below 0 give the same as the hours themselves', () => {
    const below = SOLAR_SHAPE[3]!.map((factor, hour) => (DUCK_SHAPE[3]![hour]! < 0 ? factor : 0));
    const stated = {
      share_of_volume: stableSum(below) / stableSum(SOLAR_SHAPE[3]!),
      average_price: (50 * -0.2) / mean,
    };
    const captured = april({}).capture_price / 50;
    for (const negative_prices of ['no_settlement', 'zero_price', 'zero_reference'] as const) {
      const monthly = contractOf({
        start: '2026-04-01',
        end: '2026-04-30',
        volume: { kind: 'monthly_energy', months: new Array(12).fill({ p50_mwh: april({}).volume_mwh }) },
        negative_prices,
      });
      const rates = flatMarket(50, {
        capture: { kind: 'rates', rates: new Array(12).fill(captured) },
        negative_hours: new Array(12).fill(stated),
      });
      const [flow] = valuePpa(monthly, rates, VALUATION_DATE).cashflows;
      expect(flow!.settlement).toBeCloseTo(april({ negative_prices }).settlement, 6);
    }
  });
});

describe('the clause for negative prices, settled on the monthly average', () => {
  // Hours 12 and 18 of June, 1 MW: 60 MWh, of which 30 at 40 - 60 = -20. Everything is settled at the mean of 40 against 50.
  const byHour = (price: (hour: number) => number) =>
    Array.from({ length: 12 }, () => Array.from({ length: 24 }, (_, hour) => price(hour)));
  const june = {
    calendar: 'EEX',
    start: '2026-06-01',
    end: '2026-06-30',
    price: { kind: 'fixed', strike: 50 },
  } as const;
  const onAverage = { ...june, settles_on: 'average' } as const;
  const hourly = contractOf({
    ...onAverage,
    volume: {
      kind: 'month_hour_shape',
      power_mw: 1,
      capacity_factors: byHour((hour) => (hour === 12 || hour === 18 ? 1 : 0)),
    },
  });
  const monthly = contractOf({
    ...onAverage,
    volume: { kind: 'monthly_energy', months: new Array(12).fill({ p50_mwh: 60 }) },
  });
  const differences = byHour((hour) => (hour === 12 ? -60 : hour === 18 ? 60 : 0));
  const shape = flatMarket(40, { capture: { kind: 'price_differences', differences } });
  const stated = flatMarket(40, {
    capture: { kind: 'rates', rates: new Array(12).fill(0.7) },
    negative_hours: new Array(12).fill({ share_of_volume: 0.5, average_price: -20 }),
  });

  test.each([
    ['settled', 60 * (40 - 50)],
    ['no_settlement', 30 * (40 - 50)],
    ['zero_price', 30 * 40 + 30 * (40 - 50)],
    ['zero_reference', 30 * (0 - 50) + 30 * (40 - 50)],
  ] as const)('%s pays %d', (negative_prices, paid) => {
    for (const [contract, market] of [
      [hourly, shape],
      [monthly, stated],
    ] as const) {
      const { cashflows, capture_factor } = valuePpa(
        { ...contract, negative_prices },
        market,
        VALUATION_DATE,
      );
      expect(cashflows[0]!.settlement).toBeCloseTo(paid, 9);
      expect(capture_factor).toBe(1);
    }
  });
});

test('volume-weighting lies between the least and the greatest price', () => {
  const hour = fc.tuple(
    fc.double({ min: -100, max: 500, noNaN: true }),
    fc.double({ min: 0.001, max: 100, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(hour, { minLength: 1, maxLength: 50 }), (hours) => {
      const prices = hours.map(([price]) => price);
      const { capture_price } = captureOf(
        prices,
        hours.map(([, volume]) => volume),
      );
      expect(capture_price).toBeGreaterThanOrEqual(Math.min(...prices) - 1e-9);
      expect(capture_price).toBeLessThanOrEqual(Math.max(...prices) + 1e-9);
    }),
  );
});
