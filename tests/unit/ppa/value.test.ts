/** The valuation as a whole: against closed forms, and the properties a value must have. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blockHours, marketCalendar } from '#lib/domain/calendar/market-calendar.ts';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { discountFactor } from '#lib/domain/discounting.ts';
import { valuePpa } from '#lib/domain/ppa/value.ts';
import { stableSum } from '#lib/domain/strips.ts';
import type { PpaContractInput } from '#schemas/ppa-contract.ts';
import type { PpaMarketInput } from '#schemas/ppa-market.ts';
import { ppaValuation } from '#schemas/ppa-valuation.ts';
import {
  contractOf,
  DUCK_SHAPE,
  flatMarket,
  marketOf,
  pricesOf,
  SOLAR_SHAPE,
  seasonalPrice,
  VALUATION_DATE,
} from './contracts.ts';

const value = (contract: PpaContractInput, market: PpaMarketInput = marketOf(), date = VALUATION_DATE) =>
  valuePpa(contract, market, date);
const relative = (a: number, b: number) => Math.abs(a - b) / Math.max(1, Math.abs(a), Math.abs(b));

const amount = fc.double({ min: -200, max: 300, noNaN: true });
/** Contracts of every form, with clauses, costs and bounds. */
const anyContract: fc.Arbitrary<PpaContractInput> = fc
  .record({
    direction: fc.constantFrom('buyer' as const, 'seller' as const),
    volume: fc.constantFrom<PpaContractInput['volume'][]>(
      { kind: 'baseload', power_mw: 25, block: 'BASE' },
      { kind: 'month_hour_shape', power_mw: 80, capacity_factors: SOLAR_SHAPE },
      {
        kind: 'capacity_factor',
        power_mw: 50,
        capacity_factors: Array.from({ length: 12 }, (_, m) => 0.2 + 0.03 * m),
      },
    ),
    price: fc.oneof(
      amount.map((strike) => ({ kind: 'fixed' as const, strike })),
      amount.map((strike) => ({
        kind: 'escalated' as const,
        strike,
        escalation_annual: 0.02,
        base_date: '2025-06-01',
      })),
      fc
        .tuple(amount, amount)
        .map(([a, b]) => ({ kind: 'collar' as const, floor: Math.min(a, b), cap: Math.max(a, b) })),
    ),
    negative_prices: fc.constantFrom(
      'settled' as const,
      'no_settlement' as const,
      'zero_price' as const,
      'zero_reference' as const,
    ),
    basis: amount.map((price) => ({ kind: 'adder' as const, price: price / 20 })),
    degradation_annual: fc.double({ min: 0, max: 0.03, noNaN: true }),
    share_of_output: fc.double({ min: 0.1, max: 1, noNaN: true }),
    balancing: fc.record({
      borne_by: fc.constantFrom('buyer' as const, 'seller' as const),
      cost_per_mwh: fc.double({ min: 0, max: 5, noNaN: true }),
      share_of_reference: fc.double({ min: 0, max: 0.1, noNaN: true }),
    }),
    certificates: fc.record({
      value_per_mwh: fc.double({ min: 0, max: 20, noNaN: true }),
      growth_annual: fc.constant(0.01),
    }),
    upfront: fc.record({
      amount: fc.double({ min: 0, max: 1e6, noNaN: true }),
      date: fc.constantFrom('2026-01-15', '2025-01-01'),
      paid_by: fc.constantFrom('buyer' as const, 'seller' as const),
    }),
    credit: fc.constantFrom<NonNullable<PpaContractInput['credit']>[]>(
      { kind: 'none' },
      { kind: 'spread', spread: 0.02, loss_given_default: 0.6 },
      { kind: 'default_probability', annual_probability: 0.03, loss_given_default: 0.45 },
    ),
  })
  .map((parts) => contractOf({ end: '2027-06-15', ...parts } as Partial<PpaContractInput>));

const NEGATIVE_HOURS = Array.from({ length: 12 }, () => ({ share_of_volume: 0.04, average_price: -8 }));
const market = marketOf({
  capture: { kind: 'price_shape', shape: DUCK_SHAPE },
  negative_hours: NEGATIVE_HOURS,
});

describe('closed forms', () => {
  test('equal payments at equal intervals are an annuity', () => {
    // 30/360 makes months equal; monthly compounding at 12 % a year is 1 % a month. UTC-5 all year: no day of 23 hours.
    const contract = contractOf({
      calendar: 'IESO',
      start: '2026-01-01',
      end: '2035-12-31',
      discounting: { kind: 'flat', rate: 0.12, compounding: 'monthly', day_count: '30/360' },
      volume: { kind: 'monthly_energy', months: Array.from({ length: 12 }, () => ({ p50_mwh: 1000 })) },
    });
    const { npv } = value(contract, flatMarket(50), '2026-01-01');
    expect(relative(npv, (5 * 1000 * (1 - 1.01 ** -120)) / 0.01)).toBeLessThan(1e-12);
  });

  test("a contract for difference's delta is its discounted volume", () => {
    const { deltas, cashflows, npv } = value(contractOf());
    for (const [index, { delta_mwh }] of deltas.entries()) {
      const { volume_mwh, discount_factor } = cashflows[index]!;
      expect(delta_mwh).toBe(volume_mwh * discount_factor);
    }
    const byHand = cashflows.map(({ month, hours, payment_date }) => {
      const discounted = discountFactor(contractOf().discounting, VALUATION_DATE, payment_date);
      return 10 * hours * (seasonalPrice(month) - 45) * discounted;
    });
    expect(relative(npv, stableSum(byHand))).toBeLessThan(1e-13);
  });

  test('the break-even strike makes the value zero, and levelised prices bracket it', () => {
    const { break_even, levelised_market_value } = value(contractOf());
    expect(break_even.method).toBe('closed_form');
    expect(relative(break_even.value!, levelised_market_value!)).toBeLessThan(1e-12);
    const { npv } = value(contractOf({ price: { kind: 'fixed', strike: break_even.value! } }));
    expect(Math.abs(npv)).toBeLessThan(1e-6);
  });

  test('hours come from the time zone: March has 743, a cut month its part', () => {
    const { cashflows } = value(contractOf({ start: '2026-03-01', end: '2026-04-10' }));
    expect(cashflows.map(({ hours }) => hours)).toEqual([743, 240]);
    const peak = value(
      contractOf({ volume: { kind: 'baseload', power_mw: 1, block: 'ON_PEAK' }, end: '2026-12-31' }),
      marketOf({}, { block: 'PEAK' }),
    );
    expect(peak.volume_mwh).toBe(4096);
    expect(blockHours(marketCalendar('PJM'), 'ON_PEAK', '2026-01-01', '2027-01-01')).toBe(4096);
  });

  test('escalation steps up on the anniversary, an index holds until its next point', () => {
    const strikes = (price: PpaContractInput['price']) =>
      value(contractOf({ price })).cashflows.map(({ strike }) => strike);
    const escalated = strikes({
      kind: 'escalated',
      strike: 40,
      escalation_annual: 0.1,
      base_date: '2025-07-20',
    });
    expect([escalated[5], escalated[6], escalated[18]]).toEqual([40, 40 * 1.1, 40 * 1.1 ** 2]);
    const indexed = strikes({
      kind: 'indexed',
      strike: 40,
      base_index: 100,
      indexed_share: 0.5,
      index: [
        { month: '2027-01-01', value: 120 },
        { month: '2025-01-01', value: 100 },
      ],
    });
    expect([indexed[11], indexed[12]]).toEqual([40, 44]);
  });

  test('a settlement in another currency needs a rate', () => {
    const contract = contractOf({ settlement_currency: 'EUR' });
    const converted = value(contract, marketOf({ fx_rates: [{ base: 'USD', quote: 'EUR', rate: 0.9 }] }));
    expect(converted.cashflows[0]!.reference_price).toBe(seasonalPrice('2026-01-01') * 0.9);
    expect(() => value(contract)).toThrow(/exchange rate from USD to EUR/);
  });
});

describe('properties', () => {
  const valuation = (contract: PpaContractInput) => value(contract, market);

  test('the waterfall and the cashflows add up to the value exactly, in any order', () => {
    fc.assert(
      fc.property(anyContract, fc.infiniteStream(fc.nat()), (contract, order) => {
        const { npv, waterfall, cashflows, upfront } = valuation(contract);
        const steps = waterfall.map((step) => step.value);
        expect(steps.reduce((sum, step) => sum + step, 0)).toBe(npv);
        const shuffled = steps.map((step) => [order.next().value, step] as const).sort(([a], [b]) => a - b);
        expect(shuffled.reduce((sum, [, step]) => sum + step, 0)).toBe(npv);
        const credit = steps.at(-1)!;
        expect(cashflows.reduce((sum, { pv }) => sum + pv, (upfront?.pv ?? 0) + credit)).toBe(npv);
      }),
      { numRuns: 100 },
    );
  });

  test('the answer keeps its schema', () => {
    fc.assert(
      fc.property(anyContract, (contract) => void ppaValuation.parse(valuation(contract))),
      { numRuns: 20 },
    );
  });

  test('the value is linear in volume', () => {
    fc.assert(
      fc.property(anyContract, fc.double({ min: 0.01, max: 50, noNaN: true }), (contract, factor) => {
        const { upfront: _, ...rest } = contract;
        const bigger = { ...rest, volume: { ...rest.volume, power_mw: 1 } } as PpaContractInput;
        const scaled = { ...rest, volume: { ...rest.volume, power_mw: factor } } as PpaContractInput;
        const one = valuation(bigger);
        const scale = stableSum(one.cashflows.map(({ pv }) => Math.abs(pv)));
        expect(Math.abs(valuation(scaled).npv - factor * one.npv)).toBeLessThan(
          1e-11 * Math.max(1, factor * scale),
        );
      }),
      { numRuns: 40 },
    );
  });

  test("what one party is paid the other pays: without costs of their own the seller's value is the buyer's turned", () => {
    fc.assert(
      fc.property(anyContract, (contract) => {
        const { balancing: _, credit: __, ...shared } = contract;
        const buyer = valuation({ ...shared, direction: 'buyer' }).npv;
        expect(valuation({ ...shared, direction: 'seller' }).npv).toBe(-buyer + 0);
      }),
      { numRuns: 30 },
    );
  });

  test('money scales with the currency', () => {
    const contract = contractOf({ price: { kind: 'collar', floor: 44, cap: 50 } });
    const cents = contractOf({ price: { kind: 'collar', floor: 4400, cap: 5000 } });
    const inCents = marketOf(
      {},
      { prices: pricesOf('2025-01-01', 300, (month) => 100 * seasonalPrice(month)) },
    );
    expect(relative(value(cents, inCents).npv, 100 * value(contract).npv)).toBeLessThan(1e-13);
  });

  test('a day later the value has grown by its interest, as long as nothing was delivered', () => {
    const contract = contractOf({ start: '2026-06-01', end: '2029-05-31' });
    const later = '2026-05-31';
    const marked = valuePpa(contract, marketOf(), VALUATION_DATE, { mark_date: later });
    const growth = discountFactor(contract.discounting, VALUATION_DATE, later);
    expect(relative(marked.mark_to_market!.value * growth, marked.npv)).toBeLessThan(1e-12);
  });

  test('marked within its life, a contract is worth its remaining deliveries', () => {
    const contract = contractOf();
    const { mark_to_market } = valuePpa(contract, marketOf(), VALUATION_DATE, { mark_date: '2027-02-15' });
    const rest = value({ ...contract, start: '2027-02-15' }, marketOf(), '2027-02-15');
    expect(mark_to_market).toEqual({ date: '2027-02-15', value: rest.npv, months: 11 });
    expect(rest.cashflows[0]!.hours).toBe(14 * 24);
  });

  test('marked later, zero rates that state no day are still those of the valuation date', () => {
    const points = [
      { date: '2026-09-30', rate: 0.01 },
      { date: '2027-06-30', rate: 0.03 },
      { date: '2028-06-30', rate: 0.06 },
    ];
    const rates = { kind: 'curve', points, compounding: 'annual', day_count: 'ACT/365F' } as const;
    const marked = (mark_date: string, asof?: string) => {
      const discounting = asof === undefined ? rates : { ...rates, asof };
      const contract = contractOf({
        start: '2027-01-01',
        price: { kind: 'fixed', strike: 50 },
        discounting,
        end: '2027-12-31',
      });
      return valuePpa(contract, flatMarket(60), '2026-06-01', { mark_date }).mark_to_market!.value;
    };
    expect(marked('2026-09-01')).toBeCloseTo(842_747.74, 2);
    // After the first point, which is no reason to refuse it.
    for (const day of ['2026-09-01', '2026-11-01']) expect(marked(day)).toBe(marked(day, '2026-06-01'));
  });

  test('a long cap and a short floor at one strike are the fixed-price contract', () => {
    fc.assert(
      fc.property(fc.double({ min: -50, max: 150, noNaN: true }), (strike) => {
        const swap = value(contractOf({ price: { kind: 'fixed', strike } })).npv;
        const collar = value(contractOf({ price: { kind: 'collar', floor: strike, cap: strike } })).npv;
        const cap = value(contractOf({ price: { kind: 'collar', cap: strike } })).npv;
        const floor = value(contractOf({ price: { kind: 'collar', floor: strike } })).npv;
        expect(relative(collar, swap)).toBeLessThan(1e-12);
        expect(relative(cap + floor, swap)).toBeLessThan(1e-12);
      }),
      { numRuns: 40 },
    );
  });

  test('the order in which prices are given does not show', () => {
    const shuffled = marketOf({}, { prices: [...pricesOf('2025-01-01', 300)].reverse() });
    const [a, b] = [value(contractOf()), value(contractOf(), shuffled)];
    expect(canonicalJson(b)).toBe(canonicalJson(a));
  });

  test('deltas are what moving a price by a cent shows', () => {
    fc.assert(
      fc.property(anyContract, fc.integer({ min: 0, max: 17 }), (contract, index) => {
        const valued = valuation(contract);
        const { month, delta_mwh } = valued.deltas[index]!;
        const moved = (by: number) =>
          value(contract, {
            ...market,
            reference: {
              ...market.reference,
              prices: market.reference.prices.map((row) =>
                row.month === month ? { ...row, price: row.price + by } : row,
              ),
            },
          }).npv;
        const [up, down] = [(moved(0.01) - valued.npv) / 0.01, (valued.npv - moved(-0.01)) / 0.01];
        // At a kink the two sides differ, and the delta is one of them.
        const [low, high] = [Math.min(up, down), Math.max(up, down)];
        const slack = 1e-4 * Math.max(1, Math.abs(delta_mwh));
        expect(delta_mwh).toBeGreaterThan(low - slack);
        expect(delta_mwh).toBeLessThan(high + slack);
      }),
      { numRuns: 60 },
    );
  });

  test('at its break-even price any contract is worth nothing', () => {
    fc.assert(
      fc.property(anyContract, (contract) => {
        const { break_even, cashflows } = valuation(contract);
        if (break_even.value === null) return;
        const at = (price: number): PpaContractInput['price'] =>
          contract.price.kind === 'collar'
            ? { kind: 'collar', floor: contract.price.floor! + price, cap: contract.price.cap! + price }
            : { ...contract.price, strike: price };
        const scale = stableSum(cashflows.map(({ market_leg }) => Math.abs(market_leg)));
        if (Math.abs(break_even.value) > 1e5) return;
        expect(Math.abs(valuation({ ...contract, price: at(break_even.value) }).npv)).toBeLessThan(
          1e-9 * scale,
        );
      }),
      { numRuns: 60 },
    );
  });

  test('the same inputs give the same bytes, whatever the order of their keys; a default stated is a default taken', () => {
    const contract = contractOf({ upfront: { amount: 1000, date: '2026-01-15', paid_by: 'buyer' } });
    const turned = Object.fromEntries(Object.entries(contract).reverse()) as PpaContractInput;
    const first = canonicalJson(value(contract));
    expect(canonicalJson(value({ ...turned, share_of_output: 1 }))).toBe(first);
    expect(canonicalJson(JSON.parse(first))).toBe(first);
    expect(value(contractOf()).valuation_hash).not.toBe(value(contract).valuation_hash);
  });

  test('240 months are valued in well under 20 ms', () => {
    const contract = contractOf({
      end: '2045-12-31',
      volume: { kind: 'month_hour_shape', power_mw: 80, capacity_factors: SOLAR_SHAPE },
      negative_prices: 'no_settlement',
      credit: { kind: 'spread', spread: 0.02, loss_given_default: 0.6 },
      upfront: { amount: 1e6, date: '2026-01-01', paid_by: 'buyer' },
    });
    // Time of this thread's processor alone: on a busy machine the clock on the wall measures the neighbours.
    const times_ms = Array.from({ length: 20 }, () => {
      const begin = process.threadCpuUsage();
      value(contract, market);
      const { user, system } = process.threadCpuUsage(begin);
      return (user + system) / 1000;
    });
    expect(Math.min(...times_ms)).toBeLessThan(20);
  });
});
