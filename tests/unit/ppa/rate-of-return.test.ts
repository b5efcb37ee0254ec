/** Every rate of return is found, and none that is not there. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { netPresentValue, ratesOfReturn } from '#lib/domain/ppa/rate-of-return.ts';

/** Flows whose polynomial in 1 / (1 + rate) has these roots. */
const flowsOf = (rates: readonly number[]): number[] =>
  rates.reduce<number[]>(
    (flows, rate) => {
      const x = 1 / (1 + rate);
      return flows.concat(0).map((flow, index) => flow - (index === 0 ? 0 : flows[index - 1]! / x));
    },
    [1],
  );

describe('numpy-financial 1.0', () => {
  test('net present value', () => {
    expect(netPresentValue(0.08, [-40000, 5000, 8000, 12000, 30000])).toBeCloseTo(3065.2226681795255, 10);
  });

  test.each([
    [[-100, 39, 59, 55, 20], 0.28094842115996066],
    [[-100, 0, 0, 74], -0.0954958303489728],
  ])('rate of return of %j', (flows, rate) => {
    const { rates, sign_changes } = ratesOfReturn(flows);
    expect(sign_changes).toBe(1);
    expect(rates).toHaveLength(1);
    expect(rates[0]).toBeCloseTo(rate, 13);
  });
});

describe('how many rates there are', () => {
  test('flows of one sign have none', () => {
    expect(ratesOfReturn([5, 3, 0, 1])).toEqual({ sign_changes: 0, rates: [] });
    expect(ratesOfReturn([])).toEqual({ sign_changes: 0, rates: [] });
    expect(ratesOfReturn([0, 0])).toEqual({ sign_changes: 0, rates: [] });
  });

  test('two sign changes may still have no rate', () => {
    expect(ratesOfReturn([1, -1, 1])).toEqual({ sign_changes: 2, rates: [] });
  });

  test('a rate that the value only touches is one rate', () => {
    const { rates } = ratesOfReturn([1, -2.2, 1.21]);
    expect(rates).toHaveLength(1);
    expect(rates[0]).toBeCloseTo(0.1, 6);
  });

  test('several rates are all listed, ascending', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -9, max: 40 }), { minLength: 1, maxLength: 5 }),
        (tenths) => {
          const wanted = tenths.map((tenth) => tenth / 10).sort((a, b) => a - b);
          const { rates, sign_changes } = ratesOfReturn(flowsOf(wanted));
          expect(sign_changes).toBe(wanted.length);
          expect(rates).toHaveLength(wanted.length);
          for (const [index, rate] of rates.entries()) expect(rate).toBeCloseTo(wanted[index]!, 5);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('every rate found makes the value zero, however often the sign changes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -100_000, max: 100_000 }), { minLength: 2, maxLength: 120 }),
        (flows) => {
          for (const rate of ratesOfReturn(flows).rates) {
            // Written in the larger of the two directions, so that nothing overflows.
            const [x, terms] = rate >= 0 ? [1 / (1 + rate), flows] : [1 + rate, flows.toReversed()];
            const sum = (of: (flow: number) => number) =>
              terms.reduceRight((value, flow) => value * x + of(flow), 0);
            expect(Math.abs(sum((flow) => flow))).toBeLessThanOrEqual(1e-11 * sum(Math.abs));
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('steps before the first flow do not matter', () => {
    expect(ratesOfReturn([0, 0, -100, 110, 0]).rates[0]).toBeCloseTo(0.1, 14);
  });
});
