/**
 * Composite: several drivers applied one after the other as one assumption.
 *
 *   P0 = price of the input; Pk = P(k-1) + dP_k(P(k-1)); dP = Pn - P0
 *
 * Each step starts from the price the step before led to, in the order stated: here order matters, and says so. A cap among
 * the steps limits what the steps before it lead to. Units are those of the steps. Steps are not composites themselves.
 *
 * Source: composition of functions. Knows the steps only as drivers.
 */
import { z } from 'zod';
import {
  checkedVersion,
  type DriverInput,
  driverOf,
  parsedParameters,
  type ScenarioDriver,
} from '#lib/domain/driver.ts';
import { refusal } from '#lib/domain/errors.ts';

const step = z.strictObject({
  driver: z.string().min(1).max(64),
  version: z.int32().positive().optional(),
  parameters: z.record(z.string(), z.unknown()),
});
const parameters = z.strictObject({
  steps: z.array(step).min(1).max(20).describe('Applied in this order'),
});

export const driver: ScenarioDriver = {
  type: 'composite',
  version: 1,
  summary: 'Several drivers applied in a stated order as one',
  formula: 'P(k) = P(k-1) + dP_k(P(k-1)) for the steps k = 1..n, dP = P(n) - P(0)',
  units: 'those of the steps',
  source: 'composition of functions',
  parameters,
  example: {
    steps: [
      { driver: 'load_growth', parameters: { annual_growth: 0.02, price_elasticity: 1.2 } },
      { driver: 'policy', parameters: { instrument: 'price_cap', currency: 'USD', price_cap: 150 } },
    ],
  },
  example_applies_to: { asset_class: 'power' },
  bind(given, { place, drivers }) {
    const { steps } = parsedParameters(parameters, given, place, 'composite');
    const bound = steps.map((one, index) => {
      const at = `${place}.steps.${index}`;
      const found = driverOf(drivers, one.driver, `${at}.driver`);
      if (found.type === driver.type) throw nested(`${at}.driver`);
      const version = checkedVersion(found, one.version, `${at}.version`);
      return {
        type: found.type,
        version,
        ...found.bind(one.parameters, { place: `${at}.parameters`, drivers }),
      };
    });
    return {
      parameters: {
        steps: bound.map((one) => ({ driver: one.type, version: one.version, parameters: one.parameters })),
      },
      needs: bound.flatMap(({ needs }) => needs),
      limited: undefined,
      change(input: DriverInput) {
        const prices = bound.reduce((before, { change }) => {
          const changes = change({ ...input, curve: { ...input.curve, prices: before } });
          return before.map((price, index) => price + changes[index]!);
        }, input.curve.prices);
        return prices.map((price, index) => price - input.curve.prices[index]!);
      },
    };
  },
};

function nested(field: string) {
  return refusal('driver_parameters_invalid', 'a step of a composite cannot be a composite', {
    field,
    remedy: 'List the inner steps here.',
  });
}
