/**
 * schemathesis (AURUM_PYTHON) against the running API: made-up requests for every route it describes, as nobody and in each
 * role. It finds nothing: no error of ours, no answer that is not described, nothing taken that should be refused.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from '#lib/domain/access.ts';
import { type Started, sitePorts, start } from '#tests/fixtures/started.ts';
import { testToken } from '#tests/fixtures/token.ts';
import { run } from '#tests/unit/cli/run.ts';

const python = process.env.AURUM_PYTHON;
const RUN_MS = 280_000;

/**
 * Data that a schema allows may still be refused: two parameters exclude each other, a month has no thirteenth. An address
 * that is too long is refused by the server before the route sees it.
 */
const SETTINGS = `
[checks]
positive_data_acceptance.enabled = false
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "431"]

[phases.coverage]
unexpected-methods = ["DELETE", "PATCH", "TRACE"]
`;

describe.skipIf(python === undefined)('schemathesis (skipped without AURUM_PYTHON)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aurum-schemathesis-'));
  const home = join(folder, 'home');
  let site: Started;

  beforeAll(async () => {
    writeFileSync(join(folder, 'schemathesis.toml'), SETTINGS);
    const settings = { ...(await sitePorts()), AURUM_RATE_PER_MINUTE: '1000000' };
    site = await start(home, settings, ['--as-of', '2025-09-12']);
    const environment = { AURUM_HOME: home, AURUM_API_URL: site.api };
    for (const argv of [
      ['add', 'acme'],
      ['entitle', 'acme', 'pw:power'],
    ]) {
      expect((await run(['tenant', ...argv], { environment })).code).toBe(0);
    }
  });
  afterAll(async () => {
    await site?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** @returns what it found, as it says it: each failure begins with its code. */
  async function found(
    name: string,
    phases: string,
    token?: string,
  ): Promise<{ count: number; said: string }> {
    const argv = [
      ...['--config-file', join(folder, 'schemathesis.toml'), 'run', `${site.api}/openapi.json`],
      ...['--phases', phases, '--max-examples', '4', '--seed', '1', '--workers', '2'],
      // For lakeFS, which carries the token of events.
      ...['--exclude-path', '/hooks/lakefs/pre-merge'],
      ...['--request-timeout', '30', '--continue-on-failure', '--no-color', '--warnings', 'off'],
      ...(token === undefined ? [] : ['--header', `Authorization: Bearer ${token}`]),
    ];
    const began_ms = performance.now();
    const [failed, said] = await new Promise<[boolean, string]>((resolve) => {
      const command = join(dirname(python!), 'schemathesis');
      execFile(command, argv, { cwd: folder, timeout: RUN_MS }, (error, out, err) =>
        resolve([error !== null, `${out}\n${err}`]),
      );
    });
    const count = Number(/(\d+) generated/.exec(said)?.[1] ?? 0);
    const seconds = ((performance.now() - began_ms) / 1_000).toFixed(0);
    process.stderr.write(`schemathesis as ${name}: ${count} requests in ${seconds} s\n`);
    return { count, said: failed ? said.slice(Math.max(0, said.indexOf('FAILURES')), 20_000) : '' };
  }

  test('finds nothing without a token', async () => {
    const { count, said } = await found('nobody', 'coverage,fuzzing');
    expect(said).toBe('');
    expect(count).toBeGreaterThan(1_000);
  });

  test('finds nothing as an administrator, who may do all', async () => {
    const { count, said } = await found('admin', 'coverage,fuzzing', await testToken(home, 'admin'));
    expect(said).toBe('');
    expect(count).toBeGreaterThan(1_000);
  });

  test.each([
    ['ops', undefined],
    ['analyst', undefined],
    ['tenant', 'acme'],
  ] as const)('finds nothing as %s', async (role: Role, tenant) => {
    const { count, said } = await found(role, 'fuzzing', await testToken(home, role, tenant));
    expect(said).toBe('');
    expect(count).toBeGreaterThan(100);
  });
});
