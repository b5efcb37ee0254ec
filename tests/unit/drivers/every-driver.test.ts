import { describe, expect, test } from 'vitest';
import { describeDriver } from '#lib/domain/driver.ts';
import { drivers } from '#lib/drivers/registry.gen.ts';
import { driverDescription } from '#schemas/scenario.ts';
import { powerCurve } from '#tests/unit/scenario/base-curves.ts';
import { changes } from './changes.ts';

test('there are the five', () => {
  expect(drivers.map(({ type }) => type).sort()).toEqual([
    'composite',
    'fleet_change',
    'fuel_curve',
    'load_growth',
    'policy',
  ]);
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
