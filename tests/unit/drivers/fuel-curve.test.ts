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

describe('heat rates are bounded by what they are in MMBtu', () => {
  test.each([
    ['therm', 68, 6.8],
    ['MMBTU', 6.8, 6.8],
    ['GJ', 7.174379797816, 6.8],
    ['kWh', 1992.8832771, 6.8],
    ['MWh', 14.6, 14.6 * 3.412141633],
  ])('%s: %d a MWh move the price as %d MMBtu do', (heat_unit, heat_rate, mmbtu) => {
    const given = fuel(up, { heat_rate, heat_unit, marginal_share: 1 });
    expect(changes('fuel_curve', given, curve)[0]).toBeCloseTo(1.5 * mmbtu, 6);
  });

  test('coal by the tonne and gas by the cubic metre, whose heat content is not known', () => {
    const coal = { kind: 'absolute', change: 10, currency: 'USD', per_unit: 't' };
    const tonnes = fuel(coal, { heat_rate: 0.4, heat_unit: 'tonne' });
    expect(changes('fuel_curve', tonnes, curve)[0]).toBeCloseTo(3, 12);
    const metres = fuel({ ...coal, per_unit: 'm3' }, { heat_rate: 205, heat_unit: 'm3' });
    expect(changes('fuel_curve', metres, curve)[0]).toBeCloseTo(10 * 205 * 0.75, 9);
  });

  test.each([
    ['therm', 501],
    ['MMBtu', 50.1],
    ['MWh', 14.7],
    ['GJ', 53],
    ['tonne', 1001],
  ])('%s: %d are refused', (heat_unit, heat_rate) => {
    const refusedAt = (field: string) =>
      expect.objectContaining(refused('driver_parameters_invalid', `${PLACE}.${field}`));
    const change = (given: object) => () =>
      changes('fuel_curve', { ...fuel(up), heat_unit, ...given }, curve);
    expect(change({ heat_rate })).toThrow(refusedAt('heat_rate'));
    expect(change({ heat_rate: { OFF_PEAK: 1, ON_PEAK: heat_rate } })).toThrow(
      refusedAt('heat_rate.ON_PEAK'),
    );
  });
});

test('a month written in two forms is refused by its path', () => {
  const move = { kind: 'monthly', changes: { '2027-01': 1, '2027-02': 1, '2027-01-01': 2 }, ...perMmbtu };
  expect(() => changes('fuel_curve', fuel(move), curve)).toThrow(
    expect.objectContaining({
      ...refused('driver_parameters_invalid', `${PLACE}.fuel_move.changes.2027-01-01`),
      message: expect.stringContaining('2027-01'),
    }),
  );
});

test('a fuel in other units without a conversion is refused, never multiplied as it is', () => {
  const tonnes = { kind: 'absolute', change: 10, currency: 'USD', per_unit: 'tonne' };
  expect(() => changes('fuel_curve', fuel(tonnes), curve)).toThrow(
    expect.objectContaining(refused('conversion_missing', `${PLACE}.fuel_move`)),
  );
});
