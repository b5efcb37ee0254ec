/** `aurum hotfix`, and what the other commands say of a correction that waits, on a started site. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { eventually, type Started, sitePorts, start } from '#tests/fixtures/started.ts';

const DAY = '2025-09-12';
const folder = mkdtempSync(join(tmpdir(), 'aurum-hotfix-'));
let site: Started;
beforeAll(async () => {
  const settings = { ...(await sitePorts()), AURUM_HOTFIX_APPROVAL: 'true' };
  site = await start(join(folder, 'home'), settings, ['--as-of', DAY]);
}, 60_000);
afterAll(async () => {
  await site?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function aurum(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['lib/runtime/cli/aurum.ts', ...args], { env: site.env });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk) => (said[name] += chunk));
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...said };
}

test('a correction waits, is shown with what it changes, and is approved', async () => {
  const file = join(folder, 'EOD_PW_20250912_1800.xlsx');
  writeFileSync(file, (await sampleFile('pw', DAY, { seed: 2 })).bytes);
  const sent = await aurum('ingest', file);
  expect(sent).toMatchObject({ code: 2, stderr: expect.stringContaining('waits for approval') });
  const version = /aurum hotfix show (\S+)/.exec(sent.stderr)![1]!;
  expect((await aurum('status')).stdout).toMatch(new RegExp(`gated +waits for approval .*${version}`));
  expect((await aurum('hotfix', 'list', '--state', 'waiting')).stdout).toContain(version);
  const shown = await aurum('hotfix', 'show', version);
  expect(shown.stdout).toMatch(/waiting: 2 approvals missing, sent by somebody unknown/);
  expect(shown.stdout).toMatch(/[1-9]\d* rows? changed, 0 added, 0 removed, of \d+ curves/);
  expect(await aurum('hotfix', 'approve', version)).toMatchObject({ code: 2, stdout: '' });
  const approveAs = async (subject: string) => {
    const token = (await aurum('token', '--role', 'ops', '--subject', subject)).stdout.trim();
    Object.assign(site.env, { AURUM_TOKEN: token });
    const answer = await aurum('hotfix', 'approve', version, '--reason', 'checked with the vendor');
    delete site.env.AURUM_TOKEN;
    return answer;
  };
  expect((await approveAs('bob')).stderr).toContain('is waiting, 1 approval missing');
  expect(await approveAs('eve')).toMatchObject({ code: 0, stderr: expect.stringContaining('is approved') });
  await eventually(
    () => aurum('hotfix', 'list'),
    ({ stdout }) => stdout.includes('merged'),
  );
  expect((await aurum('status')).stdout).not.toContain('waits for approval');
});
