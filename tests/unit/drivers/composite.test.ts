import { expect, test } from 'vitest';
import { powerCurve } from '#tests/unit/scenario/base-curves.ts';
import { changes, PLACE, refused } from './changes.ts';

const curve = powerCurve(Array.from({ length: 13 }, () => 100));
const growth = { driver: 'load_growth', parameters: { annual_growth: 0.1, price_elasticity: 2 } };
const cap = { driver: 'policy', parameters: { instrument: 'price_cap', currency: 'USD', price_cap: 110 } };
const gas = {
  driver: 'fuel_curve',
  parameters: {
    fuel_move: { kind: 'absolute', change: 1, currency: 'USD', per_unit: 'MMBtu' },
    heat_rate: 10,
    marginal_share: 1,
  },
};

test('each step starts from the price the step before led to, in the order stated', () => {
  // Growth first: 100 x 0.1 x 2 = 20, capped at 110, then gas + 10 = 120.
  expect(changes('composite', { steps: [growth, cap, gas] }, curve)[12]).toBeCloseTo(20, 12);
  // Gas first: 110, growth 110 x 0.2 = 22, 132 capped at 110.
  expect(changes('composite', { steps: [gas, growth, cap] }, curve)[12]).toBeCloseTo(10, 12);
});

test('one step is that driver', () => {
  expect(changes('composite', { steps: [gas] }, curve)).toEqual(changes('fuel_curve', gas.parameters, curve));
});

test('the input stays as it was', () => {
  const frozen = {
    ...curve,
    prices: Object.freeze([...curve.prices]),
    months: Object.freeze([...curve.months]),
  };
  changes('composite', { steps: [growth, cap, gas] }, Object.freeze(frozen));
  expect(frozen.prices).toEqual(curve.prices);
});

test.each([
  [[growth, { driver: 'weather', parameters: {} }], 'driver_unknown', 'steps.1.driver'],
  [[{ ...growth, version: 7 }], 'driver_version_unknown', 'steps.0.version'],
  [[{ driver: 'composite', parameters: { steps: [growth] } }], 'driver_parameters_invalid', 'steps.0.driver'],
  [
    [growth, { driver: 'load_growth', parameters: { annual_growth: 5, price_elasticity: 1 } }],
    'driver_parameters_invalid',
    'steps.1.parameters.annual_growth',
  ],
  [[], 'driver_parameters_invalid', 'steps'],
])('steps %j are refused', (steps, code, path) => {
  expect(() => changes('composite', { steps }, curve)).toThrow(
    expect.objectContaining(refused(code, `${PLACE}.${path}`)),
  );
});
