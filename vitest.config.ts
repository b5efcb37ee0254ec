import { defineConfig } from 'vitest/config';

/** `npm test` runs unit, contract and e2e; `stack` needs services or Python and runs in `.ci/run` only. */
const project = (name: string, timeout_ms: number, setup: string[] = []) => ({
  test: {
    name,
    globalSetup: setup,
    include: [`tests/${name}/**/*.test.ts`],
    testTimeout: timeout_ms,
    hookTimeout: timeout_ms,
    // Processes and services of a busy machine: one more try, so that a red run means something.
    retry: name === 'unit' || name === 'contract' ? 0 : 1,
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 20_000),
      project('contract', 20_000),
      project('e2e', 60_000),
      project('local', 300_000),
      project('stack', 300_000, ['tests/stack/setup.ts']),
    ],
  },
});
