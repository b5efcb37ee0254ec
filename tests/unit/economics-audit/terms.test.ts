/** PPA terms in combination, held to what must be so whatever they are: sums, mirrors, bumps, and the price that makes them worth nothing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { valuePpa } from '#lib/domain/ppa/value.ts';

type Contract = Parameters<typeof valuePpa>[0];
type Market = Parameters<typeof valuePpa>[1];
const DAY = '2026-01-15';
const MONTHS = Array.from({ length: 36 }, (_, index) => {
  const month = String((index % 12) + 1).padStart(2, '0');
  return `${2026 + Math.floor(index / 12)}-${month}-01`;
});
const twelve = <Value>(value: Value): Value[] => new Array<Value>(12).fill(value);
const real = (min: number, max: number) => fc.double({ min, max, noNaN: true });

const volume = fc.oneof(
  fc.constant({ kind: 'baseload' as const, power_mw: 10, block: 'BASE' }),
  real(0.1, 0.9).map((factor) => ({
    kind: 'capacity_factor' as const,
    power_mw: 10,
    capacity_factors: twelve(factor),
  })),
  real(100, 5_000).map((p50_mwh) => ({ kind: 'monthly_energy' as const, months: twelve({ p50_mwh }) })),
);
const price = fc.oneof(
  fc.record({ kind: fc.constant('fixed' as const), strike: real(30, 70) }),
  fc.record({
    kind: fc.constant('escalated' as const),
    strike: real(30, 70),
    escalation_annual: real(-0.05, 0.05),
    base_date: fc.constant('2024-06-01'),
  }),
  fc.record({ kind: fc.constant('collar' as const), floor: real(20, 45), cap: real(50, 80) }),
);
const contract = fc.record({
  name: fc.constant('audited'),
  kind: fc.constantFrom('physical' as const, 'cfd' as const),
  direction: fc.constantFrom('buyer' as const, 'seller' as const),
  calendar: fc.constantFrom('PJM', 'EEX', 'UK'),
  start: fc.constant('2026-03-10'),
  end: fc.constantFrom('2026-08-20', '2028-11-20'),
  settlement_currency: fc.constant('EUR'),
  volume,
  price,
  share_of_output: real(0.1, 1),
  degradation_annual: real(0, 0.05),
  negative_prices: fc.constantFrom('settled' as const, 'no_settlement' as const, 'zero_price' as const),
  basis: fc.constantFrom({ kind: 'none' as const }, { kind: 'adder' as const, price: -3 }),
  certificates: fc.record({ value_per_mwh: real(0, 10), growth_annual: real(0, 0.03) }),
  upfront: fc.record({
    amount: real(0, 1e5),
    date: fc.constant('2026-02-01'),
    paid_by: fc.constantFrom('buyer' as const, 'seller' as const),
  }),
  discounting: fc.record({
    kind: fc.constant('flat' as const),
    rate: real(-0.01, 0.1),
    compounding: fc.constantFrom('annual' as const, 'continuous' as const, 'simple' as const),
    day_count: fc.constantFrom('ACT/365F' as const, '30/360' as const, 'ACT/ACT ISDA' as const),
  }),
});
const market = fc.array(real(20, 90), { minLength: 36, maxLength: 36 }).map(
  (prices): Market => ({
    reference: {
      block: 'BASE',
      currency: 'EUR',
      per_unit: 'MWh',
      prices: MONTHS.map((month, index) => ({ month, price: prices[index]! })),
    },
    negative_hours: twelve({ share_of_volume: 0.08, average_price: -5 }),
  }),
);
const RUNS = { numRuns: 150, seed: 6 };

const moneyOf = ({ cashflows }: ReturnType<typeof valuePpa>) =>
  cashflows.reduce((sum, flow) => sum + Math.abs(flow.market_leg) + Math.abs(flow.contract_leg), 1);

test('waterfall and cashflows add up to the value to the last bit, in any order', () => {
  const holds = (terms: Contract, prices: Market) => {
    const { npv, waterfall, cashflows, upfront } = valuePpa(terms, prices, DAY);
    const steps = waterfall.map(({ value }) => value);
    const flows = [...cashflows.map(({ pv }) => pv), upfront?.pv ?? 0];
    for (const parts of [steps, steps.toReversed(), flows, flows.toReversed()])
      expect(parts.reduce((sum, part) => sum + part, 0)).toBe(npv);
  };
  fc.assert(fc.property(contract, market, holds), RUNS);
});

test('what the buyer gains the seller loses', () => {
  const holds = (terms: Contract, prices: Market) => {
    const buyer = valuePpa({ ...terms, direction: 'buyer' }, prices, DAY);
    expect(valuePpa({ ...terms, direction: 'seller' }, prices, DAY).npv).toBe(-buyer.npv + 0);
  };
  fc.assert(fc.property(contract, market, holds), RUNS);
});

test('at the break-even price the contract is worth nothing', () => {
  const holds = (terms: Contract, prices: Market) => {
    const value = valuePpa(terms, prices, DAY);
    const at = value.break_even.value;
    fc.pre(at !== null);
    const moved =
      terms.price.kind === 'collar'
        ? { ...terms.price, floor: terms.price.floor! + at, cap: terms.price.cap! + at }
        : { ...terms.price, strike: at };
    const there = valuePpa({ ...terms, price: moved }, prices, DAY).npv;
    expect(Math.abs(there) / moneyOf(value)).toBeLessThan(1e-12);
  };
  fc.assert(fc.property(contract, market, holds), RUNS);
});

test('a delta is what a bump of its month alone changes', () => {
  const holds = (terms: Contract, prices: Market, pick: number) => {
    const { deltas, cashflows, npv } = valuePpa(terms, prices, DAY);
    const place = pick % deltas.length;
    const { month, delta_mwh } = deltas[place]!;
    const moved = (by: number): number => {
      const rows = prices.reference.prices.map((row) =>
        row.month === month ? { ...row, price: row.price + by } : row,
      );
      return valuePpa(terms, { ...prices, reference: { ...prices.reference, prices: rows } }, DAY).npv;
    };
    const slopes = [(moved(1e-4) - npv) / 1e-4, (npv - moved(-1e-4)) / 1e-4];
    const nearest = Math.min(...slopes.map((slope) => Math.abs(slope - delta_mwh)));
    expect(nearest / (cashflows[place]!.volume_mwh + 1)).toBeLessThan(1e-5);
  };
  fc.assert(fc.property(contract, market, fc.nat(100), holds), RUNS);
});
