/**
 * Valuations of random contracts against a second implementation in Python, hour by hour. Needs `AURUM_PYTHON`, an interpreter
 * with numpy, scipy, pandas and numpy-financial (`stack/python.sh` prints one).
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { marketCalendar } from '#lib/domain/calendar/market-calendar.ts';
import { readContract, readMarket } from '#lib/domain/ppa/terms.ts';
import { valuePpa } from '#lib/domain/ppa/value.ts';
import type { PpaContractInput } from '#schemas/ppa-contract.ts';
import type { PpaMarketInput } from '#schemas/ppa-market.ts';
import type { PpaValuation } from '#schemas/ppa-valuation.ts';
import { DUCK_SHAPE, pricesOf, SOLAR_SHAPE } from '#tests/unit/ppa/contracts.ts';

const python = process.env.AURUM_PYTHON ?? '';
const reason = python === '' ? ' (skipped: AURUM_PYTHON is not set)' : '';
const CASES = 40;
const SEED = 20260915;

const real = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const twelve = <Value>(value: fc.Arbitrary<Value>) => fc.array(value, { minLength: 12, maxLength: 12 });
const party = fc.constantFrom('buyer' as const, 'seller' as const);

const volume: fc.Arbitrary<PpaContractInput['volume']> = fc.oneof(
  fc.record({ kind: fc.constant('baseload' as const), power_mw: real(1, 200), block: fc.constant('BASE') }),
  fc.record({
    kind: fc.constant('capacity_factor' as const),
    power_mw: real(1, 200),
    capacity_factors: twelve(real(0.05, 0.6)),
  }),
  fc.record({
    kind: fc.constant('month_hour_shape' as const),
    power_mw: real(1, 200),
    capacity_factors: fc.constant(SOLAR_SHAPE),
  }),
  fc.record({
    kind: fc.constant('monthly_energy' as const),
    months: twelve(fc.record({ p50_mwh: real(10, 1e4) })),
  }),
);
const INDEX = [
  { month: '2027-01-01', value: 112 },
  { month: '2025-01-01', value: 101 },
  { month: '2028-04-01', value: 118 },
];
const price: fc.Arbitrary<PpaContractInput['price']> = fc.oneof(
  fc.record({ kind: fc.constant('fixed' as const), strike: real(20, 80) }),
  fc.record({
    kind: fc.constant('escalated' as const),
    strike: real(20, 80),
    escalation_annual: real(-0.02, 0.05),
    base_date: fc.constantFrom('2024-05-17', '2027-01-01'),
  }),
  fc.record({
    kind: fc.constant('indexed' as const),
    strike: real(20, 80),
    base_index: real(90, 110),
    indexed_share: real(0, 1),
    index: fc.constant(0).map(() => [...INDEX]),
  }),
  fc.record({ kind: fc.constant('collar' as const), floor: real(20, 45), cap: real(46, 80) }),
);
const discounting: fc.Arbitrary<PpaContractInput['discounting']> = fc.oneof(
  fc.record({
    kind: fc.constant('flat' as const),
    rate: real(0, 0.12),
    compounding: fc.constantFrom(
      'annual' as const,
      'semiannual' as const,
      'quarterly' as const,
      'monthly' as const,
      'continuous' as const,
      'simple' as const,
    ),
    day_count: fc.constantFrom(
      'ACT/365F' as const,
      'ACT/360' as const,
      '30/360' as const,
      'ACT/ACT ISDA' as const,
    ),
  }),
  fc.record({
    kind: fc.constant('curve' as const),
    points: fc.tuple(real(0, 0.06), real(0, 0.06), real(0, 0.06)).map(([a, b, c]) => [
      { date: '2027-01-01', rate: a },
      { date: '2026-06-30', rate: b },
      { date: '2040-01-01', rate: c },
    ]),
    compounding: fc.constant('continuous' as const),
    day_count: fc.constant('ACT/365F' as const),
  }),
);
const contractTerms: fc.Arbitrary<PpaContractInput> = fc.record({
  name: fc.constant('random'),
  kind: fc.constant('cfd' as const),
  direction: party,
  calendar: fc.constantFrom('PJM', 'ERCOT', 'CAISO', 'EEX'),
  start: fc.constantFrom('2025-11-03', '2026-01-01', '2026-03-08'),
  end: fc.constantFrom('2026-12-31', '2027-10-31', '2029-05-17'),
  settlement_currency: fc.constant('USD'),
  volume,
  share_of_output: real(0.1, 1),
  degradation_annual: real(0, 0.02),
  price,
  settles_on: fc.constantFrom('captured' as const, 'average' as const),
  negative_prices: fc.constantFrom(
    'settled' as const,
    'no_settlement' as const,
    'zero_price' as const,
    'zero_reference' as const,
  ),
  basis: fc.oneof(
    fc.record({ kind: fc.constant('adder' as const), price: real(-6, 6) }),
    fc.constant({ kind: 'curve' as const }),
    fc.constant({ kind: 'none' as const }),
  ),
  balancing: fc.record({ borne_by: party, cost_per_mwh: real(0, 4), share_of_reference: real(0, 0.08) }),
  certificates: fc.record({ value_per_mwh: real(0, 12), growth_annual: real(-0.01, 0.03) }),
  upfront: fc.record({
    amount: real(1e4, 3e6),
    date: fc.constantFrom('2025-01-01', '2025-12-20', '2026-04-01'),
    paid_by: party,
  }),
  payment_lag: fc.oneof(
    fc.record({ kind: fc.constant('days' as const), days: fc.integer({ min: 0, max: 45 }) }),
    fc.record({ kind: fc.constant('months' as const), months: fc.integer({ min: 0, max: 2 }) }),
  ),
  discounting,
  credit: fc.oneof(
    fc.constant({ kind: 'none' as const }),
    fc.record({
      kind: fc.constant('spread' as const),
      spread: real(0, 0.05),
      loss_given_default: real(0.3, 0.9),
    }),
    fc.record({
      kind: fc.constant('default_probability' as const),
      annual_probability: real(0, 0.08),
      loss_given_default: real(0, 0.9),
    }),
  ),
});
const marketTerms: fc.Arbitrary<PpaMarketInput> = fc
  .record({
    level: real(25, 70),
    capture: fc.oneof(
      fc.record({ kind: fc.constant('rates' as const), rates: twelve(real(0.6, 1.1)) }),
      fc.constant({ kind: 'price_shape' as const, shape: DUCK_SHAPE }),
      fc.constant({
        kind: 'price_differences' as const,
        differences: DUCK_SHAPE.map((row) => row.map((ratio) => 40 * ratio)),
      }),
    ),
    negative_hours: twelve(fc.record({ share_of_volume: real(0, 0.2), average_price: real(-30, 0) })),
    spread: real(-5, 5),
  })
  .map(({ level, spread, ...rest }) => {
    const seasonal = (month: string) => level + 8 * Math.cos((Number(month.slice(5, 7)) / 6) * Math.PI);
    const curve = (add: number) => ({
      block: 'ATC',
      currency: 'USD',
      per_unit: 'MWh',
      prices: pricesOf('2025-11-01', 60, (month) => seasonal(month) + add),
    });
    return { ...rest, reference: curve(0), location: curve(spread) };
  });

interface Case {
  readonly contract: PpaContractInput;
  readonly market: PpaMarketInput;
}
/** An hourly price shape needs an hourly volume: monthly energies are valued on rates. */
const fits = ({ contract, market }: Case) =>
  contract.volume.kind !== 'monthly_energy' || market.capture!.kind === 'rates';
const cases = fc
  .sample(fc.record({ contract: contractTerms, market: marketTerms }).filter(fits), {
    numRuns: CASES,
    seed: SEED,
  })
  .map((given) => ({ ...given, valuation_date: '2025-12-10' }));

const flow = z.object({
  month: z.string(),
  hours: z.number(),
  volume_mwh: z.number(),
  delivered_mwh: z.number(),
  capture_price: z.number(),
  market_leg: z.number(),
  contract_leg: z.number(),
  balancing: z.number(),
  certificates: z.number(),
  settlement: z.number(),
  discount_factor: z.number(),
  pv: z.number(),
});
const answers = z.object({
  versions: z.record(z.string(), z.string()),
  cases: z.array(
    z.object({
      npv: z.number(),
      credit: z.number(),
      upfront: z.number(),
      sign_changes: z.number(),
      irr_monthly: z.number().nullable(),
      break_even: z.number().nullable(),
      volume_mwh: z.number(),
      levelised_price: z.number().nullable(),
      capture_price: z.number().nullable(),
      cashflows: z.array(flow),
    }),
  ),
});

async function ask(): Promise<z.infer<typeof answers>> {
  const input = cases.map(({ contract, market, valuation_date }) => ({
    contract: readContract(contract),
    market: readMarket(market),
    valuation_date,
    time_zone: marketCalendar(contract.calendar).time_zone,
  }));
  const oracle = spawn(python, [join(import.meta.dirname, 'oracle/ppa_oracle.py')]);
  oracle.stdin.end(JSON.stringify({ cases: input }));
  const [out, errors, code] = await Promise.all([
    text(oracle.stdout),
    text(oracle.stderr),
    new Promise((resolve) => oracle.on('close', resolve)),
  ]);
  if (code !== 0) throw new Error(`the oracle failed: ${errors}`);
  return answers.parse(JSON.parse(out));
}

const TOLERANCE = 1e-9;
const agree = (ours: number, theirs: number, scale: number) =>
  Math.abs(ours - theirs) <= TOLERANCE * Math.max(1, scale);

/** Outside the stretch of prices Python looks at. */
const isFar = (price: number | null) => price === null || price < -200 || price > 400;

describe.skipIf(python === '')(`the valuation against Python${reason}`, () => {
  let ours: PpaValuation[];
  let theirs: z.infer<typeof answers>;
  beforeAll(async () => {
    ours = cases.map(({ contract, market, valuation_date }) => valuePpa(contract, market, valuation_date));
    theirs = await ask();
  });

  test(`${CASES} random contracts: every cashflow`, () => {
    const differences = ours.flatMap(({ cashflows }, index) =>
      cashflows.flatMap((row, at) => {
        const other = theirs.cases[index]!.cashflows[at]!;
        const scale = Math.abs(row.market_leg) + Math.abs(row.contract_leg);
        const { month, ...numbers } = other;
        const differ = Object.entries(numbers).filter(([name, value]) => {
          const mine = row[name as keyof typeof numbers];
          return !agree(
            mine,
            value,
            ['hours', 'discount_factor', 'capture_price'].includes(name) ? Math.abs(mine) : scale,
          );
        });
        return month === row.month && differ.length === 0 ? [] : [{ index, month: row.month, differ }];
      }),
    );
    expect(differences).toEqual([]);
    expect(ours.map(({ cashflows }) => cashflows.length)).toEqual(
      theirs.cases.map(({ cashflows }) => cashflows.length),
    );
  });

  test('values, credit, break-even, levelised and capture prices', () => {
    const differences = ours.flatMap((valuation, index) => {
      const other = theirs.cases[index]!;
      const scale = valuation.cashflows.reduce((sum, { market_leg }) => sum + Math.abs(market_leg), 0);
      const step = (name: string) => valuation.waterfall.find(({ step }) => step === name)!.value;
      const price = (mine: number | null, other: number | null) =>
        mine === null || other === null
          ? mine === other
          : agree(mine, other, 1e3 * Math.max(1, Math.abs(mine)));
      const beyond = other.break_even === null;
      const checks: Record<string, boolean> = {
        npv: agree(valuation.npv, other.npv, scale),
        credit: agree(step('credit'), other.credit, scale),
        upfront: agree(step('upfront'), other.upfront, scale),
        volume: agree(valuation.volume_mwh, other.volume_mwh, valuation.volume_mwh),
        levelised: price(valuation.levelised_price, other.levelised_price),
        capture: price(valuation.capture_price, other.capture_price),
        break_even: beyond
          ? isFar(valuation.break_even.value)
          : price(valuation.break_even.value, other.break_even),
      };
      const wrong = Object.keys(checks).filter((name) => !checks[name]);
      return wrong.length === 0
        ? []
        : [{ index, wrong, ours: valuation.break_even, theirs: other.break_even }];
    });
    expect(differences).toEqual([]);
  });

  test('rates of return, where there is one', () => {
    let single = 0;
    for (const [index, { irr }] of ours.entries()) {
      const other = theirs.cases[index]!;
      expect(irr.sign_changes).toBe(other.sign_changes);
      if (other.irr_monthly === null || !Number.isFinite(other.irr_monthly)) continue;
      single++;
      expect(irr.roots).toHaveLength(1);
      expect(agree(irr.roots[0]!.monthly, other.irr_monthly, 1)).toBe(true);
    }
    expect(single).toBeGreaterThan(0);
  });
});
