import fc from 'fast-check';
import { expect, test } from 'vitest';
import { powerCurve } from '#tests/unit/scenario/base-curves.ts';
import { changes, PLACE, refused } from './changes.ts';

const growth = (part: object) => ({ annual_growth: 0.02, price_elasticity: 1.5, start: '2026-01', ...part });
const threeYears = powerCurve(Array.from({ length: 37 }, () => 50));

test('2 % a year and an elasticity of 1.5: 50.00 becomes 53.03 after two years', () => {
  // (1.02^2 - 1) x 1.5 = 0.0404 x 1.5 = 0.0606; x 50 = 3.03
  const change = changes('load_growth', growth({}), threeYears);
  expect(change[0]).toBe(0);
  expect(change[12]).toBeCloseTo(1.5, 12); // 0.02 x 1.5 x 50
  expect(change[24]).toBeCloseTo(3.03, 12);
  expect(change[6]).toBeCloseTo(50 * (Math.sqrt(1.02) - 1) * 1.5, 12); // half a year
});

test('before its start nothing grows; left out, it starts in the as-of month', () => {
  const later = changes('load_growth', growth({ start: '2027-01' }), threeYears);
  expect(later.slice(0, 13)).toEqual(Array.from({ length: 13 }, () => 0));
  expect(later[24]).toBeCloseTo(1.5, 12);
  const { start: _, ...unstated } = growth({});
  expect(changes('load_growth', unstated, threeYears)).toEqual(
    changes('load_growth', growth({}), threeYears),
  );
});

test('no growth or no elasticity: no change', () => {
  const none = threeYears.months.map(() => 0);
  expect(changes('load_growth', growth({ annual_growth: 0 }), threeYears)).toEqual(none);
  expect(changes('load_growth', growth({ price_elasticity: 0 }), threeYears)).toEqual(none);
});

test('more load never lowers a price, also a negative one, and more growth raises it more', () => {
  const price = fc.integer({ min: -5_000, max: 5_000 }).map((part) => part / 10.1);
  const rate = fc.integer({ min: 0, max: 2_000 }).map((part) => part / 10_001);
  fc.assert(
    fc.property(price, rate, rate, (level, one, other) => {
      const curve = powerCurve(Array.from({ length: 13 }, () => level));
      const at = (annual_growth: number) => changes('load_growth', growth({ annual_growth }), curve)[12]!;
      const [low, high] = [one, other].sort((a, b) => a - b) as [number, number];
      expect(at(low)).toBeGreaterThanOrEqual(0);
      expect(at(high)).toBeGreaterThanOrEqual(at(low));
    }),
    { numRuns: 50 },
  );
});

test('twice the elasticity is twice the change, and each block has its own', () => {
  const by = { ON_PEAK: 3, OFF_PEAK: 1 };
  const on = changes('load_growth', growth({ price_elasticity: by }), threeYears);
  const off = changes('load_growth', growth({ price_elasticity: by }), { ...threeYears, block: 'OFF_PEAK' });
  expect(on[24]).toBeCloseTo(2 * 3.03, 12);
  expect(off[24]).toBeCloseTo(2.02, 12);
});

test.each([
  ['annual_growth', -1],
  ['annual_growth', 1.01],
  ['annual_growth', Number.POSITIVE_INFINITY],
  ['price_elasticity', -0.5],
  ['start', '2026-13'],
])('%s = %s is refused by its path', (name, value) => {
  expect(() => changes('load_growth', growth({ [name]: value }), threeYears)).toThrow(
    expect.objectContaining(refused('driver_parameters_invalid', `${PLACE}.${name}`)),
  );
});
