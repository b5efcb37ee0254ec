/**
 * 10,000 paths x 120 months x 2 factors with a pay-as-produced contract, in nanoseconds per path-step: in C and NumPy where
 * gcc and Python (`AURUM_PYTHON`, else python3) are there, then here: in this thread, in one and in two others.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { inlineSimulator } from '#lib/adapters/simulator/inline.ts';
import { workerThreadsSimulator } from '#lib/adapters/simulator/worker-threads.ts';
import type { CashflowKernel } from '#lib/domain/ppa/cashflow-kernel.ts';
import type { EnsembleRequest, SimulationJob } from '#lib/domain/simulation/model.ts';
import { addMonths } from '#lib/domain/tenor.ts';
import type { Simulator } from '#lib/ports/simulator.ts';
import { valuations } from '#lib/runtime/simulation-worker.ts';

const PATHS = 10_000;
const MONTHS = 120;
const RUNS = 25;
const UNIT = 'ns per path-step';
const COMPARE = join(import.meta.dirname, 'compare');
const ENTRY = new URL('../../lib/runtime/simulation-worker.ts', import.meta.url);

const print = (name: string, value: number, rest: { ratio_to?: string; note?: string } = {}) =>
  process.stdout.write(`${JSON.stringify({ name, value, unit: UNIT, ...rest })}\n`);

/** What a comparison printed first, or undefined where it cannot run here. */
function compared(command: string, words: readonly string[]): number | undefined {
  const child = spawnSync(command, words, { encoding: 'utf8' });
  const value = Number.parseFloat(child.stdout ?? '');
  if (Number.isFinite(value)) return value;
  process.stderr.write(`simulation: ${command} is left out: ${child.error?.message ?? child.stderr}\n`);
  return undefined;
}

function inC(): number | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'aurum-bench-'));
  const program = join(folder, 'simulation');
  const flags = ['-O3', '-march=native', '-ffast-math', '-o', program, join(COMPARE, 'simulation.c'), '-lm'];
  const built = spawnSync('gcc', flags, { encoding: 'utf8' });
  const found = built.status === 0 ? compared(program, [String(PATHS)]) : undefined;
  rmSync(folder, { recursive: true });
  return found;
}

async function best(simulator: Simulator, job: SimulationJob, paths = PATHS): Promise<number> {
  let least_ms = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const began_ms = performance.now();
    await simulator.run(job);
    least_ms = Math.min(least_ms, performance.now() - began_ms);
  }
  return (least_ms * 1e6) / paths / MONTHS;
}

const request: EnsembleRequest = {
  asof: '2026-10-15',
  months: Array.from({ length: MONTHS }, (_, index) => addMonths('2026-11-01', index)),
  forward: Float64Array.from({ length: MONTHS }, (_, index) => 50 + 10 * Math.sin(index / 2)),
  model: { sigma_short: 0.6, reversion_short: 2, sigma_long: 0.15, correlation: 0.2 },
  paths: PATHS,
  seed: 7n,
  purpose: 'bench',
};
const constant = (value: number) => new Float64Array(MONTHS).fill(value);
const produced: CashflowKernel = {
  constant: constant(-45 * 950),
  slope: constant(950),
  bounded: constant(0),
  floor: constant(Number.NEGATIVE_INFINITY),
  cap: constant(Number.POSITIVE_INFINITY),
};
const valuation = { name: 'ppa', terms: produced };
const contract: SimulationJob = { request, valuation };
const volume = { distribution: 'lognormal', sigma: 0.15, correlation: -0.3 } as const;

const c = inC();
if (c !== undefined) print('C', c, { note: 'gcc -O3 -march=native -ffast-math, the same algorithm' });
const numpy = compared(process.env.AURUM_PYTHON ?? 'python3', [
  join(COMPARE, 'simulation_numpy.py'),
  String(PATHS),
]);
if (numpy !== undefined) print('NumPy', numpy, { note: 'SFC64' });
const against = c === undefined ? {} : { ratio_to: 'C' };

const inline = inlineSimulator(valuations);
print('pay-as-produced contract', await best(inline, contract), against);
const withVolume = { ...contract, request: { ...request, volume } };
print('with its volume simulated', await best(inline, withVolume), { ratio_to: 'pay-as-produced contract' });
const banded = { request, bands: [0.05, 0.25, 0.5, 0.75, 0.95] };
print('bands P5 to P95', await best(inline, banded), { ratio_to: 'pay-as-produced contract' });
const many = { ...banded, request: { ...request, paths: 10 * PATHS } };
print('bands of ten times the paths, counted', await best(inline, many, 10 * PATHS), {
  ratio_to: 'bands P5 to P95',
});
for (const threads of [1, 2]) {
  const simulator = workerThreadsSimulator({ entry: ENTRY, threads });
  const note = threads > availableParallelism() ? { note: 'fewer cores than threads' } : {};
  const long = { ...contract, request: { ...request, paths: 10 * PATHS } };
  const name = threads === 1 ? 'one thread' : `${threads} threads`;
  print(`${name}, ten times the paths`, await best(simulator, long, 10 * PATHS), {
    ...(threads === 1 ? {} : { ratio_to: 'one thread, ten times the paths' }),
    ...note,
  });
  await simulator.close();
}
