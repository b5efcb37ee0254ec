import { describe, expect, test } from 'vitest';
import { gasCurve, powerCurve } from '#tests/unit/scenario/base-curves.ts';
import { changes, PLACE, refused } from './changes.ts';

const curve = powerCurve([50, 50, 50]);
const perMmbtu = { currency: 'USD', per_unit: 'MMBtu' };
const fuel = (fuel_move: object, part: object = {}) => ({
  fuel_move,
  heat_rate: 8,
  marginal_share: 0.75,
  ...part,
});
const up = { kind: 'absolute', change: 1.5, ...perMmbtu };

test('gas 1.50 USD/MMBtu dearer x 8 MMBtu/MWh x 75 % of hours = 9.00 USD/MWh', () => {
  expect(changes('fuel_curve', fuel(up), curve)).toEqual([9, 9, 9]);
  expect(changes('fuel_curve', fuel({ ...up, change: -1.5 }), curve)).toEqual([-9, -9, -9]);
  expect(changes('fuel_curve', fuel({ ...up, change: 3 }), curve)).toEqual([18, 18, 18]);
});

test.each([
  ['fuel move', fuel({ ...up, change: 0 })],
  ['heat rate', fuel(up, { heat_rate: 0 })],
  ['marginal share', fuel(up, { marginal_share: 0 })],
])('a %s of 0 changes nothing', (_, given) => {
  expect(changes('fuel_curve', given, curve)).toEqual([0, 0, 0]);
});

test('heat rate and marginal share go by block', () => {
  const given = fuel(up, {
    heat_rate: { ON_PEAK: 8, OFF_PEAK: 7 },
    marginal_share: { ON_PEAK: 1, OFF_PEAK: 0.5 },
  });
  expect(changes('fuel_curve', given, curve)[0]).toBe(12);
  expect(changes('fuel_curve', given, { ...curve, block: 'OFF_PEAK' })[0]).toBe(5.25);
});

test('moves by month; a month without one is refused by name', () => {
  const move = { kind: 'monthly', changes: { '2026-01': 1, '2026-02-01': -0.5 }, ...perMmbtu };
  expect(changes('fuel_curve', fuel(move), powerCurve([50, 50]))).toEqual([6, -3]);
  expect(() => changes('fuel_curve', fuel(move), curve)).toThrow(
    expect.objectContaining({
      ...refused('scenario_month_missing', `${PLACE}.fuel_move.changes`),
      message: expect.stringContaining('2026-03'),
    }),
  );
});

describe('moves taken from fuel curves', () => {
  const gas = gasCurve([4, 3, 2]);
  const before = gasCurve([3.5, 3.25, 2], { asof_date: '2025-12-15' });
  const market = { curves: [gas, before], rates: [] };

  test('10 % of a gas curve of 4, 3, 2 USD/MMBtu x 8 x 75 % = 2.40, 1.80, 1.20', () => {
    const move = { kind: 'relative', change: 0.1, of: { curve_key: gas.curve_key } };
    const [first, second, third] = changes('fuel_curve', fuel(move), curve, market);
    expect(first).toBeCloseTo(2.4, 12);
    expect(second).toBeCloseTo(1.8, 12);
    expect(third).toBeCloseTo(1.2, 12);
  });

  test('the difference of the gas curve between two days, month by month', () => {
    const move = {
      kind: 'curves',
      from: { curve_key: gas.curve_key, asof: '2025-12-15' },
      to: { curve_key: gas.curve_key },
    };
    // +0.50, -0.25 and 0 USD/MMBtu x 6
    expect(changes('fuel_curve', fuel(move), curve, market)).toEqual([3, -1.5, 0]);
  });

  test('a curve that is not there, and a month it does not have, are refused by name', () => {
    const missing = { kind: 'relative', change: 0.1, of: { curve_key: 'f'.repeat(64) } };
    expect(() => changes('fuel_curve', fuel(missing), curve, market)).toThrow(
      expect.objectContaining(refused('scenario_curve_missing', `${PLACE}.fuel_move.of`)),
    );
    const move = { kind: 'relative', change: 0.1, of: { curve_key: gas.curve_key } };
    expect(() => changes('fuel_curve', fuel(move), powerCurve([1, 1, 1, 1]), market)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('gas US Henry Hub as of 2026-01-15 has no price for 2026-04'),
      }),
    );
  });
});

test.each([
  ['heat_rate', -1],
  ['heat_rate', 51],
  ['marginal_share', 1.01],
  ['fuel_move', { kind: 'guess' }],
])('%s = %j is refused', (name, value) => {
  const field = name === 'fuel_move' ? `${PLACE}.fuel_move.kind` : `${PLACE}.${name}`;
  expect(() => changes('fuel_curve', { ...fuel(up), [name]: value }, curve)).toThrow(
    expect.objectContaining(refused('driver_parameters_invalid', field)),
  );
});

test('a fuel in other units without a conversion is refused, never multiplied as it is', () => {
  const tonnes = { kind: 'absolute', change: 10, currency: 'USD', per_unit: 'tonne' };
  expect(() => changes('fuel_curve', fuel(tonnes), curve)).toThrow(
    expect.objectContaining(refused('conversion_missing', `${PLACE}.fuel_move`)),
  );
});
