import { describe, expect, test } from 'vitest';
import { describeDriver } from '#lib/domain/driver.ts';
import { drivers } from '#lib/drivers/registry.gen.ts';
import { driverDescription } from '#schemas/scenario.ts';
import { powerCurve } from '#tests/unit/scenario/base-curves.ts';
import { changes, PLACE, refused } from './changes.ts';

test('there are the five', () => {
  expect(drivers.map(({ type }) => type).sort()).toEqual([
    'composite',
    'fleet_change',
    'fuel_curve',
    'load_growth',
    'policy',
  ]);
});

test.each([
  ['load_growth', { annual_growth: 0.02 }, 'price_elasticity', 1.5],
  [
    'fleet_change',
    { currency: 'USD', changes: [{ capacity_mw: 1, from: '2027-01' }] },
    'merit_order_slope',
    0.1,
  ],
  [
    'fleet_change',
    { currency: 'USD', changes: [{ capacity_mw: 1, from: '2027-01' }] },
    'merit_order_slope',
    Array(12).fill(0.1),
  ],
])('%s: a block named twice in one value is refused by its path', (type, part, name, value) => {
  for (const again of ['on_peak', 'ON_PEAK ', 'On_Peak']) {
    const given = { ...part, [name]: { ON_PEAK: value, OFF_PEAK: value, [again]: value } };
    expect(() => changes(type, given, powerCurve([100]))).toThrow(
      expect.objectContaining({
        ...refused('driver_parameters_invalid', `${PLACE}.${name}.${again}`),
        message: expect.stringContaining('"ON_PEAK"'),
      }),
    );
  }
});

test('a name of a block is kept as it is written, without the blanks around it', () => {
  const { parameters } = drivers
    .find(({ type }) => type === 'load_growth')!
    .bind({ annual_growth: 0, price_elasticity: { ' On_Peak ': 1 } }, { place: PLACE, drivers });
  expect(parameters).toMatchObject({ price_elasticity: { On_Peak: 1 } });
});

describe.each(drivers.map((driver) => [driver.type, driver] as const))('%s', (type, driver) => {
  const curve = powerCurve(Array.from({ length: 36 }, () => 160));

  test('its example is valid and changes the price of a power curve, one number a month', () => {
    const change = changes(type, driver.example, curve);
    expect(change.length).toBe(36);
    expect(change.every(Number.isFinite)).toBe(true);
    expect(change.some((one) => one !== 0)).toBe(true);
  });

  test('checked parameters are complete: checking them again gives the same', () => {
    const once = driver.bind(driver.example, { place: 'parameters', drivers }).parameters;
    expect(driver.bind(once, { place: 'parameters', drivers }).parameters).toEqual(once);
  });

  test('it describes itself as the OpenAPI wants it', () => {
    const described = describeDriver(driver);
    expect(driverDescription.parse(described)).toEqual(described);
    expect(described).toMatchObject({ driver: type, formula: expect.stringMatching(/d?P/) });
  });
});
