import { describe, expect, test } from 'vitest';
import { powerCurve } from '#tests/unit/scenario/base-curves.ts';
import { changes, PLACE, refused } from './changes.ts';

const curve = powerCurve([50, -10, 200]);
const carbon = (part: object) => ({
  instrument: 'carbon_price',
  currency: 'USD',
  carbon_price_change: 20,
  emission_intensity: 0.4,
  pass_through: 0.9,
  ...part,
});

describe('carbon price', () => {
  test('20 USD/t x 0.4 t/MWh x 0.9 = 7.20 USD/MWh, whatever the price', () => {
    for (const change of changes('policy', carbon({}), curve)) expect(change).toBeCloseTo(7.2, 12);
  });

  test('intensity by block is that of the curve, in any case', () => {
    const emission_intensity = { on_peak: 0.5, OFF_PEAK: 0.8 };
    const of = (block: string) =>
      changes('policy', carbon({ emission_intensity, pass_through: 1 }), powerCurve([50], { block }))[0];
    expect(of('ON_PEAK')).toBe(10);
    expect(of('OFF_PEAK')).toBe(16);
  });

  test.each(['carbon_price_change', 'emission_intensity', 'pass_through'])('%s 0 changes nothing', (name) => {
    expect(changes('policy', carbon({ [name]: 0 }), curve)).toEqual([0, 0, 0]);
  });

  test('twice the carbon price is twice the change, cheaper carbon lowers the price', () => {
    const [once] = changes('policy', carbon({}), curve);
    expect(changes('policy', carbon({ carbon_price_change: 40 }), curve)[0]).toBeCloseTo(2 * once!, 12);
    expect(changes('policy', carbon({ carbon_price_change: -20 }), curve)[0]).toBe(-once!);
  });

  test('a block without a value is refused by name', () => {
    const given = carbon({ emission_intensity: { BASE: 0.5 } });
    expect(() => changes('policy', given, curve)).toThrow(
      expect.objectContaining(refused('driver_block_missing', `${PLACE}.emission_intensity`)),
    );
  });
});

test('a cap lowers only what lies above it, a floor raises only what lies below', () => {
  const cap = { instrument: 'price_cap', currency: 'USD', price_cap: 150 };
  expect(changes('policy', cap, curve)).toEqual([0, 0, -50]);
  const floor = { instrument: 'price_floor', currency: 'USD', price_floor: 0 };
  expect(changes('policy', floor, curve)).toEqual([0, 10, 0]);
});

test('a subsidy of 10 USD/MWh passed on by three quarters lowers the price by 7.50', () => {
  const subsidy = { instrument: 'subsidy', currency: 'USD', subsidy: 10, pass_through: 0.75 };
  expect(changes('policy', subsidy, curve)).toEqual([-7.5, -7.5, -7.5]);
});

test('a curve that is not per MWh is refused', () => {
  const gas = powerCurve([3], { per_unit: 'MMBtu' });
  expect(() => changes('policy', carbon({}), gas)).toThrow(
    expect.objectContaining({ code: 'driver_unit_mismatch' }),
  );
});

test('money of another currency without a rate is refused with the field', () => {
  expect(() => changes('policy', carbon({ currency: 'EUR' }), curve)).toThrow(
    expect.objectContaining(refused('conversion_missing', `${PLACE}.currency`)),
  );
});

test.each([
  ['pass_through', 1.2],
  ['pass_through', -0.1],
  ['emission_intensity', 2.5],
  ['carbon_price_change', Number.NaN],
  ['carbon_price_change', '20'],
  ['currency', 'dollar'],
  ['instrument', 'decree'],
  ['carbon_prize', 1],
])('%s = %s is refused by its path', (name, value) => {
  expect(() => changes('policy', carbon({ [name]: value }), curve)).toThrow(
    expect.objectContaining(refused('driver_parameters_invalid', `${PLACE}.${name}`)),
  );
});

test('a value of one block out of its domain is refused by the path down to the block', () => {
  expect(() => changes('policy', carbon({ emission_intensity: { ON_PEAK: 9 } }), curve)).toThrow(
    expect.objectContaining(refused('driver_parameters_invalid', `${PLACE}.emission_intensity.ON_PEAK`)),
  );
});
