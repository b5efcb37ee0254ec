/** A scenario of one assumption for each driver, with what is to be known of it: what the OpenAPI shows. */
import type { ScenarioDriver } from '#lib/domain/driver.ts';
import { drivers } from '#lib/drivers/registry.gen.ts';

export const scenarioExamples = Object.fromEntries(drivers.map(exampleOf));

function exampleOf(driver: ScenarioDriver) {
  const { type, summary, formula, units, source, example, example_applies_to } = driver;
  const description = `${formula}. Units: ${units}. Source: ${source}.`;
  const assumption = { id: type, driver: type, applies_to: example_applies_to, parameters: example };
  const value = { name: `Example of ${type}`, assumptions: [assumption] };
  return [type, { summary, description, value }] as const;
}
