/** A scenario's bands and a contract's risk, as users get them: the same bits inline and in one or two worker threads. */
import { afterAll, expect, test } from 'vitest';
import { inlineSimulator } from '#lib/adapters/simulator/inline.ts';
import { workerThreadsSimulator } from '#lib/adapters/simulator/worker-threads.ts';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { readInputs } from '#lib/domain/ppa/value.ts';
import { runScenario } from '#lib/domain/scenario.ts';
import { scenarioBands } from '#lib/domain/scenario-bands.ts';
import { bindScenario } from '#lib/domain/scenario-graph.ts';
import { drivers } from '#lib/drivers/registry.gen.ts';
import { valued } from '#lib/flows/value-contract.ts';
import type { Simulator } from '#lib/ports/simulator.ts';
import { valuations } from '#lib/runtime/simulation-worker.ts';
import { assumption } from '#schemas/scenario.ts';
import { ON_PEAK } from '#tests/fixtures/ppa.ts';
import { ASOF, NO_MARKET, powerCurve } from '#tests/unit/scenario/base-curves.ts';
import { MODEL } from './requests.ts';

const ENTRY = new URL('../../../lib/runtime/simulation-worker.ts', import.meta.url);
const inline = inlineSimulator(valuations);
const threads = [1, 2].map((count) => workerThreadsSimulator({ entry: ENTRY, threads: count }));
afterAll(() => Promise.all(threads.map((simulator) => simulator.close())));

const curve = powerCurve(Array.from({ length: 24 }, (_, month) => 50 + 10 * Math.sin(month)));

// 20,000 paths are kept, 90,000 are counted: both have stripes for two threads.
test.each([20_000, 90_000])('bands of a scenario, %d paths', async (paths) => {
  const scenario = bindScenario(
    [
      assumption.parse({
        id: 'growth',
        driver: 'load_growth',
        parameters: { annual_growth: 0.1, price_elasticity: 1 },
      }),
    ],
    drivers,
  );
  const curves = [curve, powerCurve([30, 31, 32], { block: 'OFF_PEAK' })];
  const { curves: result } = runScenario({ scenario, curves, market: NO_MARKET, asof: ASOF });
  const bandsOf = (simulator: Simulator) => {
    const settings = {
      asof: ASOF,
      seed: 42,
      paths,
      levels: [0.05, 0.5, 0.95],
      dynamics: 'lognormal' as const,
    };
    return scenarioBands(result, { ...settings, modelOf: () => MODEL }, (job) => simulator.run(job));
  };
  const here = await bandsOf(inline);
  expect(here.size).toBe(2);
  for (const simulator of threads) expect(await bandsOf(simulator)).toEqual(here);
});

test('risk of a contract, price and volume together', async () => {
  const prices = curve.months.map((month, index) => ({ month, price: curve.prices[index]! }));
  const reference = { block: 'ON_PEAK', currency: 'USD', per_unit: 'MWh', prices };
  const volume = { distribution: 'lognormal', sigma: 0.15, correlation: -0.4 } as const;
  const risk = { paths: 20_000, seed: '7', model: MODEL, volume };
  const contract = { ...ON_PEAK, start: '2026-02-01', end: '2027-12-31' };
  const inputs = readInputs(contract, { reference }, ASOF, { risk });
  const here = await valued(inputs, inline);
  expect(here.risk).toMatchObject({ paths: 20_000 });
  for (const simulator of threads) {
    expect(canonicalJson(await valued(inputs, simulator))).toBe(canonicalJson(here));
  }
});
