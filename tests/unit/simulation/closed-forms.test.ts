import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { black76, kirkSpreadCall, normalCdf, normalQuantile } from '#lib/domain/simulation/closed-forms.ts';
import { drawNormals, normalStream } from '#lib/domain/simulation/normals.ts';
import { streamSeed } from '#lib/domain/simulation/random-stream.ts';

describe('normal distribution', () => {
  // Abramowitz and Stegun, table 26.1 and 26.2; tails from scipy.stats.norm.sf 1.17.
  test.each([
    [0, 0.5],
    [1, 0.841344746068543],
    [1.96, 0.97500210485178],
    [-3, 0.00134989803163009],
    [-5, 2.8665157187919e-7],
    [-8, 6.22096057427178e-16],
    [-12, 1.776482112077679e-33],
  ])('below %d lies %d', (x, probability) => {
    expect(Math.abs(normalCdf(x) - probability)).toBeLessThan(2e-15);
    expect(normalCdf(x) / probability - 1).toBeCloseTo(0, 7);
  });

  test('quantile undoes it', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (probability) => {
        expect(normalCdf(normalQuantile(probability))).toBeCloseTo(probability, 12);
      }),
    );
  });
});

describe('options', () => {
  const terms = { forward: 50, strike: 45, deviation: 0.4, discount_factor: 0.95 };

  test('call less put is the discounted forward less strike', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 200, noNaN: true }),
        fc.double({ min: 1, max: 200, noNaN: true }),
        fc.double({ min: 0, max: 3, noNaN: true }),
        (forward, strike, deviation) => {
          const of = (kind: 'call' | 'put') =>
            black76({ kind, forward, strike, deviation, discount_factor: 0.9 });
          expect(of('call') - of('put')).toBeCloseTo(0.9 * (forward - strike), 9);
        },
      ),
    );
  });

  test('without volatility is what it is worth now', () => {
    expect(black76({ ...terms, kind: 'call', deviation: 0 })).toBe(0.95 * 5);
    expect(black76({ ...terms, kind: 'put', deviation: 0 })).toBe(0);
  });

  // Haug, as in QuantLib's spreadoption tests: F 122/120, K 3, r .10, T .1, volatilities .2/.2.
  test.each([
    [-0.5, 4.753],
    [0, 3.797],
    [0.5, 2.5537],
  ])("Kirk's spread call at correlation %d is %d", (correlation, value) => {
    const found = kirkSpreadCall({
      forward_1: 122,
      forward_2: 120,
      strike: 3,
      volatility_1: 0.2,
      volatility_2: 0.2,
      correlation,
      years: 0.1,
      rate: 0.1,
    });
    expect(found).toBeCloseTo(value, 4);
  });

  test("Kirk's at strike 0 is Margrabe's exchange, as simulated", () => {
    const normals = new Float64Array(200_000);
    drawNormals(normalStream(streamSeed(5n, 'margrabe', 0), normals.length), normals);
    const half = normals.length / 2;
    const deviation = 0.3;
    let sum = 0;
    let square = 0;
    for (let path = 0; path < half; path++) {
      const grown = (z: number) => Math.exp(deviation * z - deviation ** 2 / 2);
      const pays = Math.max(0, 60 * grown(normals[path]!) - 55 * grown(normals[half + path]!));
      sum += pays;
      square += pays * pays;
    }
    const mean = sum / half;
    const error = Math.sqrt((square / half - mean * mean) / half);
    const value = kirkSpreadCall({
      forward_1: 60,
      forward_2: 55,
      strike: 0,
      volatility_1: deviation,
      volatility_2: deviation,
      correlation: 0,
      years: 1,
      rate: 0,
    });
    expect(Math.abs(mean - value)).toBeLessThan(4 * error);
  });
});
