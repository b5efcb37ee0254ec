/**
 * The snippets of docs/clients.md, run as they stand against a local site with the generated workbooks. Those in Python need
 * AURUM_PYTHON, an interpreter with pyarrow, pandas and polars; that for Excel is not run.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Started, sitePorts, start } from '#tests/fixtures/started.ts';
import { testToken } from '#tests/fixtures/token.ts';

const ROOT = join(import.meta.dirname, '../..');
const python = process.env.AURUM_PYTHON ?? '';
const reason = python === '' ? ' (skipped: AURUM_PYTHON is not set)' : '';
const document = readFileSync(join(ROOT, 'docs/clients.md'), 'utf8');
const run = promisify(execFile);

/** The blocks of a language, in order. */
function snippets(language: string): string[] {
  return [...document.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , code]) => code!);
}

const scratch = mkdtempSync(join(tmpdir(), 'aurum-clients-'));
const home = join(scratch, 'home');
let site: Started;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  site = await start(home, await sitePorts(), ['--sample', '--as-of', '2025-09-12']);
  env = { PATH: process.env.PATH, AURUM_API_URL: site.api, AURUM_TOKEN: await testToken(home, 'analyst') };
}, 180_000);

afterAll(async () => {
  await site?.stop();
  rmSync(scratch, { recursive: true, force: true });
}, 30_000);

test('curl: rows, files, and 304 for what did not change', async () => {
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', snippets('bash')[1]!], {
    cwd: scratch,
    env,
  });
  const end = stdout.lastIndexOf('}') + 1;
  const { meta, data } = JSON.parse(stdout.slice(0, end));
  expect(data.length).toBe(meta.count);
  expect(data[0]).toMatchObject({
    iso: 'PJM',
    market: 'West',
    tenor_type: 'MONTHLY',
    mid: expect.any(Number),
  });
  expect(data[0]).not.toHaveProperty('value');
  expect(stdout.slice(end).trim()).toBe('304');
  expect(readFileSync(join(scratch, 'curves.csv'), 'utf8').split('\r\n').length).toBeGreaterThan(100);
  expect(statSync(join(scratch, 'curves.parquet')).size).toBeGreaterThan(1_000);
});

test.skipIf(python === '')(`pandas and polars over Arrow${reason}`, async () => {
  const [pandas, polars] = snippets('python') as [string, string];
  const check = `
kept = curves(iso="PJM")
assert kept.num_rows > 100, kept.num_rows
assert forward.shape[0] >= 12 and forward.notna().any().any(), forward
assert spread.height == forward.columns.nunique() and (spread["spread"].drop_nulls() >= 0).all(), spread
`;
  const { stdout } = await run(python, ['-c', `${pandas}\n${polars}\n${check}`], { cwd: scratch, env });
  expect(stdout).toContain('contract_month');
  expect(stdout).toContain('spread');
});

test('the typed client: a page, then all rows', async () => {
  const [code] = snippets('typescript') as [string];
  const file = join(scratch, 'snippet.mts');
  writeFileSync(file, code.replace('./client/aurum.ts', join(ROOT, 'client/aurum.ts')));
  const { stdout } = await run(process.execPath, [file], { cwd: ROOT, env });
  expect(stdout).toMatch(/^5 [0-9a-f]{64} -?[\d.]+\n\d{3,}\n$/);
});
