import { describe, expect, test } from 'vitest';
import { normalQuantile } from '#lib/domain/simulation/closed-forms.ts';
import { planEnsemble } from '#lib/domain/simulation/plan.ts';
import { forEachBlock, simulate } from '#lib/domain/simulation/run.ts';
import { request } from './requests.ts';

const LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95];

function quantile(values: Float64Array, level: number): number {
  const sorted = values.toSorted();
  const rank = (sorted.length - 1) * level;
  const low = Math.floor(rank);
  return sorted[low]! + (rank - low) * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!);
}

function pricesOf(asked: ReturnType<typeof request>, month: number): Float64Array {
  const prices = new Float64Array(asked.paths);
  forEachBlock(asked, (block) => {
    const first = month * block.stride;
    prices.set(block.prices.subarray(first, first + block.paths), block.first_path);
  });
  return prices;
}

describe('bands', () => {
  test.each([1, 2, 3, 100, 1_000, 10_001])('of %d paths are the order statistics', (paths) => {
    const asked = request({ paths }, 4);
    const bands = simulate({ request: asked, bands: [...LEVELS, 0.999] }).bands!;
    expect(bands.method).toBe('exact');
    for (const [index, level] of bands.levels.entries())
      expect(bands.quantiles[index]![3]).toBeCloseTo(quantile(pricesOf(asked, 3), level), 10);
  });

  test('of more paths than are kept come from counts, within their resolution', () => {
    const asked = request({ paths: 90_000 }, 24);
    const bands = simulate({ request: asked, bands: LEVELS }).bands!;
    expect(bands.method).toBe('histogram');
    for (const month of [0, 23]) {
      const prices = pricesOf(asked, month);
      const spread = Math.sqrt(planEnsemble(asked).steps[month]!.variance);
      for (const [index, level] of LEVELS.entries()) {
        const exact = quantile(prices, level);
        const found = bands.quantiles[index]![month]!;
        expect(Math.abs(Math.log(found / exact))).toBeLessThan(bands.resolution * spread);
      }
    }
  });

  test.each([
    { kind: 'lognormal' } as const,
    { kind: 'normal' } as const,
    { kind: 'shifted_lognormal', shift: 20 } as const,
  ])('are those of the law: $kind', (dynamics) => {
    const asked = request({ dynamics, paths: 40_000 }, 12);
    const { steps } = planEnsemble(asked);
    const bands = simulate({ request: asked, bands: LEVELS }).bands!;
    const { variance, forward } = steps[11]!;
    for (const [index, level] of LEVELS.entries()) {
      const z = normalQuantile(level);
      // Standard error of a quantile: sqrt(p (1 - p) / n) / density, in standard deviations.
      const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
      const error = Math.sqrt((level * (1 - level)) / 40_000) / density;
      const shift = dynamics.kind === 'shifted_lognormal' ? dynamics.shift : 0;
      const price = bands.quantiles[index]![11]!;
      const found =
        dynamics.kind === 'normal'
          ? (price - forward) / Math.sqrt(variance)
          : (Math.log((price + shift) / (forward + shift)) + variance / 2) / Math.sqrt(variance);
      expect(Math.abs(found - z)).toBeLessThan(4 * error);
    }
  });

  test.each([0, 1, -0.1, Number.NaN])('at level %d are refused', (level) => {
    expect(() => simulate({ request: request(), bands: [0.5, level] })).toThrow(
      expect.objectContaining({ code: 'level_out_of_range', place: { field: 'bands[1]' } }),
    );
  });
});
