/** Bands that cannot be made: the reason is in the run's record, in the words of the request that asked for them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scenarioRunRequest } from '#schemas/scenario-run.ts';
import {
  asked,
  created,
  PJM_WEST,
  runAll,
  scenarioPorts,
  scenarioSite,
} from '#tests/fixtures/scenario-site.ts';
import { MODEL, named, stateOf } from './site.ts';

let site: Awaited<ReturnType<typeof scenarioSite>>;
beforeAll(async () => {
  site = await scenarioSite();
}, 60_000);
afterAll(() => site.close());

const cheap = {
  id: 'cheap',
  driver: 'policy',
  parameters: { instrument: 'subsidy', currency: 'USD', subsidy: 500 },
};

async function error(bands: object) {
  const ports = scenarioPorts(await site.copy());
  const { id } = await created(ports, named(), [cheap]);
  const { run_id } = await asked(ports, id, { ...PJM_WEST, bands });
  expect(await runAll(ports)).toEqual(['failed']);
  return (await stateOf(ports, run_id)).error!;
}

test('a price below 0 is no price for lognormal bands: dynamics, and what to ask for instead', async () => {
  const found = await error({ model: MODEL });
  expect(found).toMatchObject({ code: 'forward_not_positive', field: 'bands.dynamics' });
  expect(found.message).toContain('power PJM');
  expect(found.remedy).toContain('normal');
  expect(found.remedy).not.toContain('shifted');
});

test('volatilities that cannot be estimated are the model', async () => {
  expect(await error({})).toMatchObject({
    code: 'history_too_short',
    field: 'bands.model',
    message: expect.stringContaining('power PJM'),
  });
});

test.each([
  [{ model: { ...MODEL, sigma_short: 100.1 } }, 'bands.model.sigma_short'],
  [{ model: { ...MODEL, sigma_long: -0.1 } }, 'bands.model.sigma_long'],
  [{ model: { ...MODEL, reversion_short: 100.1 } }, 'bands.model.reversion_short'],
  [{ model: { ...MODEL, correlation: -1.01 } }, 'bands.model.correlation'],
  [{ model: { ...MODEL, sigma_long: 1e7 }, dynamics: 'normal' }, 'bands.model.sigma_long'],
])('volatilities beyond the model are refused when the run is asked for: %o', (bands, path) => {
  const [issue] = scenarioRunRequest.safeParse({ bands }).error!.issues;
  expect(issue!.path.join('.')).toBe(path);
});

test('what the request allows the simulation takes: the limits are the same', async () => {
  const ports = scenarioPorts(await site.copy());
  const { id } = await created(ports, named(), [
    { ...cheap, parameters: { ...cheap.parameters, subsidy: 1 } },
  ]);
  for (const [dynamics, sigma] of [
    ['lognormal', 100],
    ['normal', 1_000_000],
  ] as const) {
    const model = { sigma_short: sigma, reversion_short: 100, sigma_long: sigma, correlation: 0 };
    await asked(ports, id, { ...PJM_WEST, bands: { model, dynamics, paths: 100 } });
    expect(await runAll(ports)).toEqual(['succeeded']);
  }
});
