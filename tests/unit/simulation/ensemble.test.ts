import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { black76 } from '#lib/domain/simulation/closed-forms.ts';
import type { EnsembleBlock, EnsembleRequest } from '#lib/domain/simulation/model.ts';
import { planEnsemble } from '#lib/domain/simulation/plan.ts';
import { forEachBlock, simulate } from '#lib/domain/simulation/run.ts';
import { constant, MODEL, request } from './requests.ts';

/** What paths have in a month. */
function column(of: EnsembleRequest, month: number, which: (block: EnsembleBlock) => Float64Array) {
  const values: number[] = [];
  forEachBlock(of, (block) => {
    const first = month * block.stride;
    values.push(...which(block).subarray(first, first + block.paths));
  });
  return Float64Array.from(values);
}
const prices = (of: EnsembleRequest, month: number) => column(of, month, (block) => block.prices);
const volumes = (of: EnsembleRequest, month: number) => column(of, month, (block) => block.volumes!);

const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: Float64Array) => {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
};
const error = (values: Float64Array) => deviation(values) / Math.sqrt(values.length);
function correlation(left: Float64Array, right: Float64Array): number {
  const [a, b] = [mean(left), mean(right)];
  const product = left.map((value, index) => (value - a) * (right[index]! - b));
  return mean(product) / (deviation(left) * deviation(right));
}

describe('prices', () => {
  test.each([
    ['lognormal', request()],
    ['antithetic', request({ antithetic: true })],
    ['shifted', request({ dynamics: { kind: 'shifted_lognormal', shift: 30 } })],
    [
      'normal',
      request({ dynamics: { kind: 'normal' }, model: { ...MODEL, sigma_short: 20, sigma_long: 5 } }),
    ],
    ['one factor', request({ model: { ...MODEL, sigma_short: 0 } })],
    ['no reversion', request({ model: { ...MODEL, reversion_short: 0 } })],
    ['shocks that are one', request({ model: { ...MODEL, correlation: 1 } })],
    ['shocks that oppose', request({ model: { ...MODEL, correlation: -1 } })],
    ['a month left out', request({ months: ['2026-12-01', '2027-06-01'], forward: Float64Array.of(40, 60) })],
  ])('have the forward as mean: %s', (_, asked) => {
    const { mean: means, mean_standard_error } = simulate({ request: asked });
    means.forEach((average, month) => {
      expect(Math.abs(average - asked.forward[month]!)).toBeLessThan(4 * mean_standard_error[month]!);
    });
  });

  test('have the variance of the model in closed form', () => {
    const { steps } = planEnsemble(request());
    const { sigma_short, reversion_short: speed, sigma_long, correlation: rho } = MODEL;
    const years = (Date.parse('2028-10-01') - Date.parse('2026-10-15')) / 86_400_000 / 365;
    const expected =
      (sigma_short ** 2 * (1 - Math.exp(-2 * speed * years))) / (2 * speed) +
      (2 * rho * sigma_short * sigma_long * (1 - Math.exp(-speed * years))) / speed +
      sigma_long ** 2 * years;
    expect(steps.at(-1)!.variance).toBeCloseTo(expected, 13);
    const logs = prices(request({ paths: 40_000 }), 23).map(Math.log);
    // The standard error of a variance is variance x sqrt(2 / n).
    expect(Math.abs(deviation(logs) ** 2 / expected - 1)).toBeLessThan(4 * Math.sqrt(2 / 40_000));
  });

  test('move together from month to month as the model says', () => {
    const logs = [2, 3].map((month) => prices(request({ paths: 40_000 }), month).map(Math.log));
    const { steps } = planEnsemble(request());
    const short = (last: number) =>
      steps
        .slice(0, last + 1)
        .reduce((sum, { decay, short_shock }) => decay ** 2 * sum + short_shock ** 2, 0);
    const both = (last: number) =>
      steps
        .slice(0, last + 1)
        .reduce((sum, { decay, short_shock, long_on_short }) => decay * sum + short_shock * long_on_short, 0);
    const { decay } = steps[3]!;
    const covariance = steps[2]!.variance + (decay - 1) * (short(2) + both(2));
    const expected = covariance / Math.sqrt(steps[2]!.variance * steps[3]!.variance);
    expect(Math.abs(correlation(logs[0]!, logs[1]!) - expected)).toBeLessThan(
      (4 * (1 - expected ** 2)) / 200,
    );
  });

  test('without volatility are the forward, exactly', () => {
    const asked = request({ model: { ...MODEL, sigma_short: 0, sigma_long: 0 }, paths: 300 });
    const { mean: means, bands } = simulate({ request: asked, bands: [0.05, 0.95] });
    expect(means).toEqual(asked.forward);
    expect(bands!.quantiles).toEqual([asked.forward, asked.forward]);
  });

  test('of a month that has begun are known', () => {
    const asked = request({ months: ['2026-10-01', '2026-11-01'], forward: Float64Array.of(37.25, 40) });
    expect(new Set(prices(asked, 0))).toEqual(new Set([37.25]));
  });

  test('settle caps and floors at the value of Black 1976', () => {
    const asked = request({ paths: 40_000 });
    const { steps } = planEnsemble(asked);
    for (const month of [0, 11, 23])
      for (const strike of [35, 50, 70])
        for (const kind of ['call', 'put'] as const) {
          const sign = kind === 'call' ? 1 : -1;
          const pays = prices(asked, month).map((price) => 0.9 * Math.max(0, sign * (price - strike)));
          const forward = asked.forward[month]!;
          const deviationOfLog = Math.sqrt(steps[month]!.variance);
          const value = black76({ kind, forward, strike, deviation: deviationOfLog, discount_factor: 0.9 });
          expect(Math.abs(mean(pays) - value)).toBeLessThan(4 * error(pays));
        }
  });

  test('keep the bound of their dynamics', () => {
    const bounded = request({
      dynamics: { kind: 'shifted_lognormal', shift: 30 },
      model: { ...MODEL, sigma_long: 2 },
    });
    expect(Math.min(...prices(bounded, 23))).toBeGreaterThanOrEqual(-30);
    expect(Math.min(...prices(request({ model: { ...MODEL, sigma_long: 2 } }), 23))).toBeGreaterThanOrEqual(
      0,
    );
  });
});

describe('the same bits', () => {
  test('whatever number of paths is asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900 }), (paths) => {
        expect(prices(request({ paths }, 3), 2)).toEqual(
          prices(request({ paths: 900 }, 3), 2).slice(0, paths),
        );
      }),
      { numRuns: 20 },
    );
  });

  test('of prices, with volumes or without', () => {
    const volume = { distribution: 'lognormal', sigma: 0.2, correlation: -0.5 } as const;
    expect(prices(request({ volume }), 5)).toEqual(prices(request(), 5));
  });

  test('of early months, however many follow', () => {
    expect(prices(request({}, 4), 3)).toEqual(prices(request({}, 24), 3));
  });

  test('and others for another seed or purpose', () => {
    const first = prices(request({ paths: 100 }), 0);
    expect(prices(request({ paths: 100, seed: '20261015' }), 0)).toEqual(first);
    expect(prices(request({ paths: 100, seed: 1n }), 0)).not.toEqual(first);
    expect(prices(request({ paths: 100, purpose: 'other' }), 0)).not.toEqual(first);
  });
});

describe('antithetic paths', () => {
  test('come in pairs of opposite shocks', () => {
    const asked = request({ antithetic: true, dynamics: { kind: 'normal' }, paths: 512 });
    const ofMonth = prices(asked, 7);
    for (let pair = 0; pair < 512; pair += 2)
      expect((ofMonth[pair]! + ofMonth[pair + 1]!) / 2).toBeCloseTo(asked.forward[7]!, 12);
  });

  test('lower the error of the mean, and say so', () => {
    const plain = simulate({ request: request() }).mean_standard_error;
    const paired = simulate({ request: request({ antithetic: true }) }).mean_standard_error;
    paired.forEach((value, month) => {
      expect(value).toBeLessThan(0.7 * plain[month]!);
    });
  });
});

describe('volumes', () => {
  const ofKind = (rest: object, paths = 40_000) =>
    request({ paths, volume: { distribution: 'lognormal', sigma: 0.2, correlation: -0.5, ...rest } });

  test.each(['lognormal', 'normal'] as const)(
    'have mean 1 and the deviation asked for: %s',
    (distribution) => {
      const values = volumes(ofKind({ distribution }), 11);
      expect(Math.abs(mean(values) - 1)).toBeLessThan(4 * error(values));
      expect(Math.abs(deviation(values) / 0.2 - 1)).toBeLessThan(0.02);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    },
  );

  test.each(['price', 'month_shock'] as const)('go with the %s as asked', (against) => {
    const asked = ofKind({ against });
    const logs = prices(asked, 11).map(Math.log);
    const found = correlation(volumes(asked, 11).map(Math.log), logs);
    const { steps } = planEnsemble(asked);
    const { short_shock, long_on_short, long_shock, variance } = steps[11]!;
    const share = Math.sqrt(((short_shock + long_on_short) ** 2 + long_shock ** 2) / variance);
    const expected = against === 'price' ? -0.5 : -0.5 * share;
    expect(Math.abs(found - expected)).toBeLessThan(4 / 200);
  });

  test('that follow the shock of their month are free of each other', () => {
    const asked = ofKind({ against: 'month_shock' });
    expect(Math.abs(correlation(volumes(asked, 10), volumes(asked, 11)))).toBeLessThan(4 / 200);
  });

  test('of a price that does not move still vary', () => {
    const asked = { ...ofKind({}), model: { ...MODEL, sigma_short: 0, sigma_long: 0 } };
    expect(Math.abs(deviation(volumes(asked, 3)) / 0.2 - 1)).toBeLessThan(0.02);
  });
});

describe('what has no meaning is refused with its field', () => {
  test.each<[string, string, Partial<EnsembleRequest>]>([
    ['paths_out_of_range', 'paths', { paths: 0 }],
    ['paths_out_of_range', 'paths', { paths: 1.5 }],
    ['paths_out_of_range', 'paths', { paths: 1e9 }],
    ['paths_out_of_range', 'paths', { paths: 101, antithetic: true }],
    ['seed_out_of_range', 'seed', { seed: -1n }],
    ['months_refused', 'asof', { asof: '2026-13-01' }],
    ['months_refused', 'months', { months: [], forward: new Float64Array() }],
    ['months_refused', 'forward', { forward: new Float64Array(3) }],
    ['months_refused', 'months[0]', { months: ['2026-09-01'], forward: Float64Array.of(1) }],
    ['months_refused', 'months[0]', { months: ['2026-12-02'], forward: Float64Array.of(1) }],
    ['months_refused', 'months[1]', { months: ['2026-12-01', '2026-12-01'], forward: Float64Array.of(1, 1) }],
    ['model_out_of_domain', 'model.sigma_short', { model: { ...MODEL, sigma_short: -0.1 } }],
    ['model_out_of_domain', 'model.sigma_long', { model: { ...MODEL, sigma_long: Number.NaN } }],
    ['model_out_of_domain', 'model.correlation', { model: { ...MODEL, correlation: 1.01 } }],
    ['forward_refused', 'forward[2]', { forward: constant(24, 50).fill(Number.NaN, 2, 3) }],
    ['forward_not_positive', 'forward[4]', { forward: constant(24, 50).fill(0, 4, 5) }],
    [
      'forward_not_positive',
      'forward[0]',
      { forward: constant(24, -5), dynamics: { kind: 'shifted_lognormal', shift: 4 } },
    ],
    [
      'volume_out_of_domain',
      'volume.sigma',
      { volume: { distribution: 'normal', sigma: 0.3, correlation: 0 } },
    ],
    [
      'volume_out_of_domain',
      'volume.correlation',
      { volume: { distribution: 'lognormal', sigma: 0.3, correlation: 2 } },
    ],
  ])('%s at %s', (code, field, rest) => {
    expect(() => planEnsemble(request(rest))).toThrow(expect.objectContaining({ code, place: { field } }));
  });

  test('prices below 0 are fine where the dynamics allow them', () => {
    const forward = constant(24, -5);
    expect(() => planEnsemble(request({ forward, dynamics: { kind: 'normal' } }))).not.toThrow();
    expect(() =>
      planEnsemble(request({ forward, dynamics: { kind: 'shifted_lognormal', shift: 6 } })),
    ).not.toThrow();
  });
});
