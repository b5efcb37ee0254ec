import { afterAll, describe, expect, test } from 'vitest';
import { inlineSimulator } from '#lib/adapters/simulator/inline.ts';
import { workerThreadsSimulator } from '#lib/adapters/simulator/worker-threads.ts';
import type { CashflowKernel } from '#lib/domain/ppa/cashflow-kernel.ts';
import type { SimulationJob } from '#lib/domain/simulation/model.ts';
import { valuations } from '#lib/runtime/simulation-worker.ts';
import { constant, request } from './requests.ts';

const ENTRY = new URL('../../../lib/runtime/simulation-worker.ts', import.meta.url);

const MONTHS = 24;
const collar: CashflowKernel = {
  constant: constant(MONTHS, -45_000),
  slope: constant(MONTHS, 100),
  bounded: constant(MONTHS, 900),
  floor: constant(MONTHS, 40),
  cap: constant(MONTHS, 65),
};
const volume = { distribution: 'lognormal', sigma: 0.15, correlation: -0.4 } as const;
const job = (paths: number): SimulationJob => ({
  request: request({ paths, volume }),
  bands: [0.05, 0.5, 0.95],
  valuation: { name: 'ppa', terms: collar },
});

const inline = inlineSimulator(valuations);
const threads = [1, 2, 3].map((count) => workerThreadsSimulator({ entry: ENTRY, threads: count }));
afterAll(() => Promise.all(threads.map((simulator) => simulator.close())));

describe('a job has the same bits in this thread and in one, two or three others', () => {
  // 10: one block, less than the threads; 30,000: over a hundred blocks, more than the stripes.
  test.each([10, 2_000, 30_000])('%d paths', async (paths) => {
    const here = await inline.run(job(paths));
    for (const simulator of threads) expect(await simulator.run(job(paths))).toEqual(here);
  });

  test('counted instead of kept', async () => {
    const counted: SimulationJob = { request: request({ paths: 90_000 }), bands: [0.05, 0.5] };
    const here = await inline.run(counted);
    expect(here.bands!.method).toBe('histogram');
    expect(await threads[1]!.run(counted)).toEqual(here);
  });

  test('jobs at the same time do not meet', async () => {
    const sizes = [300, 5_000, 700, 2_000];
    const together = await Promise.all(sizes.map((paths) => threads[1]!.run(job(paths))));
    for (const [index, paths] of sizes.entries())
      expect(together[index]).toEqual(await inline.run(job(paths)));
  });
});

describe.each([
  ['inline', inline],
  ['threads', threads[1]!],
])('%s', (_, simulator) => {
  test('refuses what has no meaning, with code and field', async () => {
    await expect(simulator.run(job(0))).rejects.toMatchObject({
      code: 'paths_out_of_range',
      place: { field: 'paths' },
    });
    await expect(simulator.run({ ...job(10), bands: [2] })).rejects.toMatchObject({
      kind: 'refused',
      code: 'level_out_of_range',
      place: { field: 'bands[0]' },
    });
    const named = { ...job(10), valuation: { name: 'toString', terms: {} } };
    await expect(simulator.run(named)).rejects.toMatchObject({ code: 'valuation_unknown' });
    expect((await simulator.run(job(10))).paths).toBe(10);
  });

  test('does not begin a job that is cancelled', async () => {
    await expect(simulator.run(job(10), AbortSignal.abort())).rejects.toMatchObject({
      code: 'simulation_cancelled',
    });
  });
});

describe('threads', () => {
  test('stop soon after a job is cancelled, and take the next', async () => {
    const long: SimulationJob = { request: request({ paths: 10_000_000 }) };
    const began_ms = performance.now();
    await expect(threads[1]!.run(long, AbortSignal.timeout(50))).rejects.toMatchObject({
      code: 'simulation_cancelled',
    });
    expect(performance.now() - began_ms).toBeLessThan(5_000);
    expect(await threads[1]!.run(job(100))).toEqual(await inline.run(job(100)));
  });

  test('that cannot start are an error, not a wait', async () => {
    const broken = workerThreadsSimulator({ entry: new URL('./nowhere.ts', import.meta.url), threads: 2 });
    await expect(broken.run(job(10))).rejects.toMatchObject({
      kind: 'fault',
      code: 'simulation_thread_failed',
    });
    await broken.close();
  });

  test('take no job when closed', async () => {
    const closed = workerThreadsSimulator({ entry: ENTRY, threads: 1 });
    await closed.close();
    await expect(closed.run(job(10))).rejects.toMatchObject({ kind: 'busy', code: 'simulator_closed' });
  });
});

describe('present values', () => {
  test('of a linear contract have the mean of its forward prices', async () => {
    const linear = { ...collar, bounded: constant(MONTHS, 0), slope: constant(MONTHS, 1_000) };
    const asked = { request: request(), valuation: { name: 'ppa', terms: linear } };
    const values = (await inline.run(asked)).present_values!;
    const intrinsic = asked.request.forward.reduce((sum, price) => sum + 1_000 * price - 45_000, 0);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    expect(Math.abs(mean - intrinsic)).toBeLessThan((4 * deviation) / Math.sqrt(values.length));
  });
});
