import fc from 'fast-check';
import { expect, test } from 'vitest';
import { powerCurve } from '#tests/unit/scenario/base-curves.ts';
import { changes, PLACE, refused } from './changes.ts';

const curve = powerCurve([50, 50, 50, 50, 50, 50]);
const fleet = (changesOf: readonly object[], part: object = {}) => ({
  currency: 'USD',
  merit_order_slope: 0.002,
  changes: changesOf,
  ...part,
});

test('1,000 MW at 90 % from March to April at 0.002 USD/MWh per MW lower the price by 1.80', () => {
  const added = { capacity_mw: 1000, availability: 0.9, from: '2026-03', to: '2026-04' };
  const change = changes('fleet_change', fleet([added]), curve);
  expect(change.slice(0, 2)).toEqual([0, 0]);
  expect(change[2]).toBeCloseTo(-1.8, 12);
  expect(change[3]).toBeCloseTo(-1.8, 12);
  expect(change.slice(4)).toEqual([0, 0]);
});

test('retired capacity raises the price; what comes in and goes out in one month is netted', () => {
  const retired = { capacity_mw: -500, from: '2026-01' };
  expect(changes('fleet_change', fleet([retired]), curve)[0]).toBeCloseTo(1, 12);
  const built = { capacity_mw: 500, from: '2026-01' };
  expect(changes('fleet_change', fleet([retired, built]), curve)).toEqual([0, 0, 0, 0, 0, 0]);
});

test('availability and slope go by block, the slope also by calendar month', () => {
  const slope = [5, 4, 3, 2, 1, 1, 1, 1, 1, 2, 3, 4].map((tenth) => tenth / 1000);
  const solar = { capacity_mw: 1000, availability: { ON_PEAK: 0.3, OFF_PEAK: 0.05 }, from: '2026-01' };
  const given = fleet([solar], { merit_order_slope: { ON_PEAK: slope, OFF_PEAK: 0.001 } });
  const on = changes('fleet_change', given, curve);
  const off = changes('fleet_change', given, { ...curve, block: 'OFF_PEAK' });
  expect(on[0]).toBeCloseTo(-1.5, 12); // 0.005 x 1000 x 0.3
  expect(on[3]).toBeCloseTo(-0.6, 12); // 0.002 x 1000 x 0.3
  expect(off[3]).toBeCloseTo(-0.05, 12); // 0.001 x 1000 x 0.05
});

test('no capacity, no slope or none available: no change', () => {
  const none = [0, 0, 0, 0, 0, 0];
  const plant = { capacity_mw: 1000, from: '2026-01' };
  expect(changes('fleet_change', fleet([{ ...plant, capacity_mw: 0 }]), curve)).toEqual(none);
  expect(changes('fleet_change', fleet([plant], { merit_order_slope: 0 }), curve)).toEqual(none);
  expect(changes('fleet_change', fleet([{ ...plant, availability: 0 }]), curve)).toEqual(none);
});

test('more capacity never raises a price, and twice as much lowers it twice', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50_000 }), fc.integer({ min: 0, max: 50_000 }), (one, more) => {
      const at = (capacity_mw: number) =>
        changes('fleet_change', fleet([{ capacity_mw, from: '2026-01' }]), curve)[0]!;
      expect(at(one + more)).toBeLessThanOrEqual(at(one));
      expect(at(2 * one)).toBeCloseTo(2 * at(one), 9);
    }),
    { numRuns: 50 },
  );
});

test('the order of the plants does not show', () => {
  const plants = [1e-9, 1e9, -1e9, 0.3, 0.1].map((mw) => ({
    capacity_mw: Math.max(-1e6, Math.min(1e6, mw)),
    from: '2026-01',
  }));
  expect(changes('fleet_change', fleet(plants), curve)).toEqual(
    changes('fleet_change', fleet(plants.toReversed()), curve),
  );
});

test.each([
  [{ capacity_mw: 100, from: '2026-05', to: '2026-01' }, 'changes.1.to'],
  [{ capacity_mw: 100, availability: 1.1, from: '2026-05' }, 'changes.1.availability'],
  [{ capacity_mw: 1e9, from: '2026-05' }, 'changes.1.capacity_mw'],
  [{ capacity_mw: 100 }, 'changes.1.from'],
])('a change of %j is refused by its path', (change, path) => {
  const given = fleet([{ capacity_mw: 1, from: '2026-01' }, change]);
  expect(() => changes('fleet_change', given, curve)).toThrow(
    expect.objectContaining(refused('driver_parameters_invalid', `${PLACE}.${path}`)),
  );
});

test('a negative slope is refused: capacity would raise the price', () => {
  const given = fleet([{ capacity_mw: 1, from: '2026-01' }], { merit_order_slope: { ON_PEAK: -0.001 } });
  expect(() => changes('fleet_change', given, curve)).toThrow(
    expect.objectContaining(refused('driver_parameters_invalid', `${PLACE}.merit_order_slope.ON_PEAK`)),
  );
});
