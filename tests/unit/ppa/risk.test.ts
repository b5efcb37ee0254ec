/** The kernel against the cashflows it stands for, and the simulated value against closed forms. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { kernelOf, kernelSlope, kernelValue } from '#lib/domain/ppa/cashflow-kernel.ts';
import { creditAdjustment, creditCurve, creditSensitivities } from '#lib/domain/ppa/credit.ts';
import { moneyGrid } from '#lib/domain/ppa/money-grid.ts';
import { riskFigures } from '#lib/domain/ppa/risk.ts';
import {
  type MonthState,
  type SettlementRule,
  settleMonth,
  settlementSum,
} from '#lib/domain/ppa/settlement.ts';
import { readContract } from '#lib/domain/ppa/terms.ts';
import { valuePpa } from '#lib/domain/ppa/value.ts';
import { stableSum } from '#lib/domain/strips.ts';
import type { PpaContractInput } from '#schemas/ppa-contract.ts';
import type { PpaOptionsInput } from '#schemas/ppa-market.ts';
import { contractOf, marketOf, pricesOf, VALUATION_DATE } from './contracts.ts';

const real = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const anyRule: fc.Arbitrary<SettlementRule> = fc
  .tuple(
    fc.constantFrom(1 as const, -1 as const),
    fc.option(real(-50, 150), { nil: null }),
    real(-100, 200),
    real(-100, 200),
    fc.constantFrom(
      'settled' as const,
      'no_settlement' as const,
      'zero_price' as const,
      'zero_reference' as const,
    ),
    fc.constantFrom(0 as const, 1 as const),
    fc.boolean(),
  )
  .map(([sign, strike, a, b, clause, bears_balancing, isBounded]) => ({
    sign,
    strike,
    floor: isBounded ? Math.min(a, b) : -Infinity,
    cap: isBounded ? Math.max(a, b) : Infinity,
    clause,
    bears_balancing,
  }));
const anyState: fc.Arbitrary<MonthState> = fc.record({
  volume_mwh: real(0, 1e5),
  reference: real(-100, 300),
  profile: fc.record({
    factor: fc.oneof(real(-1, 2), fc.constant(0)),
    offset: real(-30, 30),
    negative: fc.record({ share: real(0, 0.9), factor: real(-0.5, 0), offset: real(-20, 0) }),
  }),
  basis: real(-20, 20),
  strike_multiple: real(0.5, 2),
  balancing_per_mwh: real(0, 10),
  balancing_share: real(0, 0.2),
  certificates_per_mwh: real(0, 30),
});

describe('the kernel', () => {
  test('is worth what the cashflows are, at any price', () => {
    fc.assert(
      fc.property(anyRule, anyState, real(0.1, 1), real(-200, 400), (rule, state, discount_factor, price) => {
        // What is below 0 was found at the reference; it stays where it is when another price is put in.
        const settled = settleMonth(rule, { ...state, reference: price });
        const expected = settlementSum(settled) * discount_factor;
        const scale = Object.values(settled).reduce((sum, part) => sum + Math.abs(part), 1);
        const kernel = kernelOf(rule, [state], [discount_factor]);
        expect(Math.abs(kernelValue(kernel, [price]) - expected)).toBeLessThan(1e-10 * scale);
        expect(kernelValue(kernel, [price], [2])).toBe(2 * kernelValue(kernel, [price]));
      }),
      { numRuns: 1000 },
    );
  });

  test('has the slope of its value', () => {
    fc.assert(
      fc.property(anyRule, anyState, real(-200, 400), (rule, state, price) => {
        const kernel = kernelOf(rule, [state], [1]);
        fc.pre(Math.abs(price - kernel.floor[0]!) > 0.01 && Math.abs(price - kernel.cap[0]!) > 0.01);
        const slope = (kernelValue(kernel, [price + 0.005]) - kernelValue(kernel, [price - 0.005])) / 0.01;
        expect(Math.abs(slope - kernelSlope(kernel, 0, price))).toBeLessThan(
          1e-5 * Math.max(1, state.volume_mwh),
        );
      }),
    );
  });
});

describe('simulation', () => {
  const model = { sigma_short: 0.5, reversion_short: 2, sigma_long: 0.15, correlation: 0.3 };
  const risked = (
    contract: PpaContractInput,
    risk: Partial<NonNullable<PpaOptionsInput['risk']>> = {},
    market = marketOf(),
  ) => valuePpa(contract, market, VALUATION_DATE, { risk: { seed: '42', paths: 10000, model, ...risk } });
  const still = { sigma_short: 0, reversion_short: 1, sigma_long: 0, correlation: 0 };

  test('without volatility every path is the intrinsic value', () => {
    for (const price of [
      { kind: 'fixed' as const, strike: 45 },
      { kind: 'collar' as const, floor: 44, cap: 50 },
    ]) {
      const { risk, npv } = risked(contractOf({ price }), { model: still, paths: 1000 });
      for (const figure of [risk!.mean, risk!.p10, risk!.p90, risk!.tails[0]!.tail_mean]) {
        expect(Math.abs(figure.value - npv)).toBeLessThan(1e-10 * Math.max(1, Math.abs(npv)) + 1e-6);
      }
      expect(risk!.intrinsic).toBe(npv);
      expect(risk!.tails[0]!.value_at_risk.value).toBeCloseTo(0, 5);
    }
  });

  test('a linear contract is worth its intrinsic value on average', () => {
    const { risk } = risked(contractOf());
    expect(Math.abs(risk!.time_value.value)).toBeLessThan(4 * risk!.time_value.standard_error);
    expect(risk!.tails[0]!.conditional_value_at_risk.value).toBeGreaterThan(
      risk!.tails[0]!.value_at_risk.value,
    );
  });

  test('caps and floors are worth what Black (1976) says', () => {
    for (const [bound, isCap] of [
      [{ cap: 52 }, true],
      [{ floor: 44 }, false],
    ] as const) {
      const { risk, cashflows } = risked(contractOf({ price: { kind: 'collar', ...bound } }), {
        paths: 10_000,
        antithetic: true,
      });
      const options = cashflows.map(({ month, volume_mwh, discount_factor, reference_price }) => {
        const years = (Date.parse(month) - Date.parse(VALUATION_DATE)) / 86_400_000 / 365;
        const strike = isCap ? 52 : 44;
        const call = black(reference_price, strike, Math.sqrt(varianceAt(years)));
        // The holder is long the cap and short the floor.
        return volume_mwh * discount_factor * (isCap ? call : -(call - reference_price + strike));
      });
      const { value, standard_error } = risk!.mean;
      expect(Math.abs(value - stableSum(options))).toBeLessThan(4 * standard_error);
      expect(standard_error).toBeLessThan(0.03 * Math.abs(value));
    }
  });

  /** Variance of the log price at delivery in the two-factor model. */
  function varianceAt(years: number): number {
    const { sigma_short: s, reversion_short: k, sigma_long: l, correlation } = model;
    const short = (s * s * (1 - Math.exp(-2 * k * years))) / (2 * k);
    return short + l * l * years + (2 * correlation * s * l * (1 - Math.exp(-k * years))) / k;
  }
  /** Undiscounted call. */
  function black(forward: number, strike: number, deviation: number): number {
    const d1 = Math.log(forward / strike) / deviation + deviation / 2;
    return forward * normal(d1) - strike * normal(d1 - deviation);
  }
  /** Standard normal distribution by Simpson's rule: 1e-12, and nobody else's code. */
  function normal(x: number): number {
    const steps = 2000;
    const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    const width = x / steps;
    const terms = Array.from({ length: steps + 1 }, (_, index) => {
      const weight = index === 0 || index === steps ? 1 : index % 2 === 1 ? 4 : 2;
      return weight * density(index * width);
    });
    return 0.5 + (width / 3) * stableSum(terms);
  }

  test('volume that falls when prices rise lowers the value of pay-as-produced', () => {
    const wind = contractOf({
      volume: {
        kind: 'monthly_energy',
        months: new Array(12).fill({
          p50_mwh: 5000,
          p90_mwh: 5000 * (1 - 0.12815515655446),
          p10_mwh: 5000 * (1 + 0.12815515655446),
        }),
      },
    });
    const { risk } = risked(wind, { volume: { correlation: -0.6 } });
    expect(risk!.volume_sigma).toBeCloseTo(0.1, 12);
    expect(risk!.time_value.value).toBeLessThan(-4 * risk!.time_value.standard_error);
    expect(() => risked(contractOf(), { volume: { correlation: 0 } })).toThrow(/how uncertain/);
  });

  test('the same seed gives the same bytes, another seed other paths', () => {
    const [a, b] = [risked(contractOf(), { paths: 1000 }), risked(contractOf(), { paths: 1000 })];
    expect(canonicalJson(a)).toBe(canonicalJson(b));
    expect(risked(contractOf(), { paths: 1000, seed: '43' }).risk!.p50.value).not.toBe(a.risk!.p50.value);
  });

  test('prices below 0 need dynamics that know them', () => {
    const market = marketOf({}, { prices: pricesOf('2026-01-01', 24, () => -5) });
    expect(() => risked(contractOf(), {}, market)).toThrow(/not above 0/);
    expect(risked(contractOf(), { dynamics: { kind: 'normal' }, paths: 1000 }, market).risk!.paths).toBe(
      1000,
    );
  });
});

describe('risk figures', () => {
  test('quantiles and tails of a known sample', () => {
    const values = Float64Array.from({ length: 1001 }, (_, index) => (index * 577) % 1001);
    const figures = riskFigures(values, { levels: [0.95], antithetic: false }, 500);
    expect([figures.mean.value, figures.p10.value, figures.p50.value, figures.p90.value]).toEqual([
      500, 100, 500, 900,
    ]);
    const { quantile, tail_mean, value_at_risk, conditional_value_at_risk } = figures.tails[0]!;
    expect(quantile.value).toBeCloseTo(50, 9);
    expect([tail_mean.value, conditional_value_at_risk.value]).toEqual([25, 475]);
    expect(value_at_risk.value).toBeCloseTo(450, 9);
  });

  test('standard errors are those of a uniform sample', () => {
    // A congruential generator is enough here: independent of the one the simulation uses.
    let state = 12345n;
    const values = Float64Array.from({ length: 40_000 }, () => {
      state = (state * 6364136223846793005n + 1442695040888963407n) % (1n << 64n);
      return Number(state >> 11n) / 2 ** 53;
    });
    const { mean, p50 } = riskFigures(values, { levels: [0.95], antithetic: false }, 0);
    expect(mean.standard_error).toBeGreaterThan(0.7 / Math.sqrt(12 * 40_000));
    expect(mean.standard_error).toBeLessThan(1.4 / Math.sqrt(12 * 40_000));
    expect(p50.standard_error).toBeGreaterThan(0.7 * (0.5 / 200));
    expect(p50.standard_error).toBeLessThan(1.4 * (0.5 / 200));
  });
});

describe('credit', () => {
  const curve = creditCurve(
    readContract(
      contractOf({
        credit: { kind: 'default_probability', annual_probability: 0.1, loss_given_default: 0.5 },
      }),
    ),
    [1, 2],
  )!;

  test('two flows by hand', () => {
    // Exposed to 30 + 20 in the first year, to 20 in the second: 0.5 (50 x 0.1 + 20 x 0.09).
    expect(creditAdjustment(curve, [30, 20])).toBeCloseTo(-0.5 * (50 * 0.1 + 20 * 0.09), 12);
    expect(creditAdjustment(curve, [-30, -20])).toBe(0);
    expect(creditAdjustment(undefined, [30])).toBe(0);
  });

  const terms = contractOf({
    credit: { kind: 'default_probability', annual_probability: 0.1, loss_given_default: 0.5 },
  });
  const withUpfront = (years: number, pv: number) => creditCurve(readContract(terms), [1, 2], { years, pv })!;

  test('an upfront payment still to be made is at risk until its day', () => {
    // At half a year: 0.9^0.5 = 0.948683 live to see it, then 0.9 the first flow, 0.81 the second.
    const [half, first, second] = [1 - 0.9 ** 0.5, 0.9 ** 0.5 - 0.9, 0.09];
    expect(creditAdjustment(withUpfront(0.5, 7), [30, 20])).toBeCloseTo(
      -0.5 * (57 * half + 50 * first + 20 * second),
      12,
    );
    // To be paid, it is netted with what is to come.
    expect(creditAdjustment(withUpfront(0.5, -60), [30, 20])).toBeCloseTo(
      -0.5 * (50 * first + 20 * second),
      12,
    );
    // After the last delivery, and on the day of a payment, whichever comes first.
    expect(creditAdjustment(withUpfront(3, 7), [30, 20])).toBeCloseTo(
      -0.5 * (57 * 0.1 + 27 * 0.09 + 7 * 0.081),
      12,
    );
    expect(creditAdjustment(withUpfront(1, 7), [30, 20])).toBeCloseTo(-0.5 * (57 * 0.1 + 20 * 0.09), 12);
    // Paid today it is behind all default.
    expect(creditAdjustment(withUpfront(0, 7), [30, 20])).toBe(creditAdjustment(curve, [30, 20]));
  });

  describe('of 10 MW on peak in 2026 at 40 against 38, 20,000 paid once', () => {
    // PJM on peak 2026 by month: 4,096 hours. Survival 0.96^t, discounting 1.06^-t, t in days / 365 from 2026-01-01.
    const days = [31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    const hours = [336, 320, 352, 352, 320, 352, 368, 336, 336, 352, 320, 352];
    const flows = hours.map((count, month) => ({
      day: days[month]!,
      pv: 20 * count * 1.06 ** (-days[month]! / 365),
    }));
    const byHand = (day: number, amount: number) => {
      const all = [...flows, { day, pv: amount * 1.06 ** (-day / 365) }].sort((a, b) => a.day - b.day);
      let [before, loss] = [0, 0];
      for (const { day: now } of all) {
        const exposure = stableSum(all.filter((flow) => flow.day >= now).map(({ pv }) => pv));
        loss += 0.5 * Math.max(exposure, 0) * (0.96 ** (before / 365) - 0.96 ** (now / 365));
        before = now;
      }
      return -loss;
    };
    const credit = (upfront?: PpaContractInput['upfront']) => {
      const { waterfall } = valuePpa(
        contractOf({
          ...{ end: '2026-12-31', volume: { kind: 'baseload', power_mw: 10, block: 'ON_PEAK' } },
          price: { kind: 'fixed', strike: 38 },
          credit: { kind: 'default_probability', annual_probability: 0.04, loss_given_default: 0.5 },
          ...(upfront && { upfront }),
        }),
        marketOf({}, { block: 'ON_PEAK', prices: pricesOf('2026-01-01', 12, () => 40) }),
        '2026-01-01',
      );
      return waterfall.at(-1)!.value;
    };

    test('received on the last day of the year it is at risk for all of it', () => {
      expect(credit()).toBeCloseTo(-856.958, 3);
      expect(byHand(0, 0)).toBeCloseTo(credit(), 8);
      const received = credit({ amount: 20_000, date: '2026-12-31', paid_by: 'seller' });
      expect(received).toBeCloseTo(byHand(364, 20_000), 8);
      // 20,000 x 1.06^(-364/365) x 0.5 x (1 - 0.96^(364/365))
      expect(received - credit()).toBeCloseTo(-376.406, 3);
    });

    test('to be paid in May it is netted until then', () => {
      const paid = credit({ amount: 20_000, date: '2026-05-01', paid_by: 'buyer' });
      expect(paid).toBeCloseTo(byHand(120, -20_000), 8);
      // 20,000 x 1.06^(-120/365) x 0.5 x (1 - 0.96^(120/365))
      expect(paid - credit()).toBeCloseTo(130.783, 3);
    });

    test('on the valuation date, or before, it is not', () => {
      for (const date of ['2026-01-01', '2025-06-01']) {
        expect(credit({ amount: 20_000, date, paid_by: 'seller' })).toBe(credit());
      }
    });
  });

  test('its sensitivities are those of its formula, with an upfront payment too', () => {
    const paid = withUpfront(0.5, -40);
    const [first, second] = creditSensitivities(paid, [30, 20]);
    const slope = (flows: readonly number[]) =>
      1 + (creditAdjustment(paid, flows) - creditAdjustment(paid, [30, 20])) / 1e-4;
    expect([first, second]).toEqual([
      expect.closeTo(slope([30 + 1e-4, 20]), 8),
      expect.closeTo(slope([30, 20 + 1e-4]), 8),
    ]);
  });

  test('its sensitivities are those of its formula', () => {
    const flows = [30, -5, 20].slice(0, 2);
    const sensitivities = creditSensitivities(curve, flows);
    for (const index of [0, 1]) {
      const moved = flows.map((flow, at) => (at === index ? flow + 1e-4 : flow));
      const slope = 1 + (creditAdjustment(curve, moved) - creditAdjustment(curve, flows)) / 1e-4;
      expect(sensitivities[index]).toBeCloseTo(slope, 8);
    }
  });
});

test('amounts on the money grid add up exactly in any order', () => {
  fc.assert(
    fc.property(fc.array(real(-1e9, 1e9), { minLength: 1, maxLength: 300 }), (amounts) => {
      const onGrid = moneyGrid(stableSum(amounts.map(Math.abs)));
      const rounded = amounts.map(onGrid);
      const sum = (terms: readonly number[]) => terms.reduce((total, term) => total + term, 0);
      expect(sum(rounded.toReversed())).toBe(sum(rounded));
      expect(sum(rounded.toSorted((a, b) => a - b))).toBe(sum(rounded));
      expect(amounts.map((amount) => onGrid(-amount) + 0)).toEqual(rounded.map((amount) => -amount + 0));
      const scale = stableSum(amounts.map(Math.abs));
      amounts.forEach(
        (amount, index) =>
          void expect(Math.abs(amount - rounded[index]!)).toBeLessThanOrEqual(1e-15 * scale + 1e-200),
      );
    }),
  );
});
