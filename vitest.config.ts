import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/**
 * `npm test` runs unit, contract and e2e. In `.ci/run` only: `local`, which needs Chromium or Python or is long, and `stack`,
 * which needs services.
 */
const project = (name: string, timeout_ms: number, setup: string[] = []) => ({
  test: {
    name,
    globalSetup: setup,
    include: [`tests/${name}/**/*.test.ts`],
    testTimeout: timeout_ms,
    hookTimeout: timeout_ms,
    // Pure functions need no process of their own for each file: a third of the time was starting one and importing again.
    isolate: name !== 'unit',
    // Processes and services of a busy machine: one more try, so that a red run means something.
    retry: name === 'unit' || name === 'contract' ? 0 : 1,
  },
});

export default defineConfig({
  test: {
    // All cores: by itself vitest leaves one to its own process, which has next to nothing to do.
    maxWorkers: availableParallelism(),
    projects: [
      project('unit', 20_000),
      project('contract', 20_000),
      project('e2e', 60_000),
      project('local', 300_000),
      project('stack', 300_000, ['tests/stack/setup.ts']),
    ],
  },
});
