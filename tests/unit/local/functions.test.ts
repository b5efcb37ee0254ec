/** The child process of the functions: what it says when it does not start, and that it never stays behind. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Functions, startFunctions } from '../../../local/functions.ts';

/** A folder whose `serverless` is this program; it says its pid first. */
function folderWith(program: string): string {
  const root = mkdtempSync(join(tmpdir(), 'aurum-local-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const bin = join(root, 'node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  const path = join(bin, 'serverless');
  writeFileSync(path, `require('fs').writeFileSync('pid', String(process.pid)); ${program}`);
  chmodSync(path, 0o755);
  writeFileSync(join(root, 'functions.log'), 'what an earlier start said\n');
  return root;
}

function started(root: string, api_url = 'http://127.0.0.1:1'): Functions {
  const functions = startFunctions({
    root,
    api_url,
    log_file: join(root, 'functions.log'),
    environment: process.env,
    ready_timeout_ms: 1_500,
  });
  onTestFinished(() => functions.kill());
  return functions;
}

async function api(status: number, body: object): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const STAYS = 'setInterval(() => {}, 1000);';
const pidOf = (root: string) => Number(readFileSync(join(root, 'pid'), 'utf8'));

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('functions that end while starting are told with the last they said, and nothing older', async () => {
  const root = folderWith(
    "console.error('\\u001b[31mError: port 3002 is taken\\u001b[0m'); process.exit(3);",
  );
  const refused = started(root).ready();
  await expect(refused).rejects.toMatchObject({ code: 'functions_not_started' });
  await expect(refused).rejects.toThrow(/ended while starting \(exit 3\).*\n {2}Error: port 3002 is taken/);
  await expect(refused).rejects.not.toThrow('earlier start');
});

test('a refusal of theirs is told at once, without waiting for more', async () => {
  const problem = { detail: 'ca.pem cannot be read', code: 'setting_invalid', remedy: 'Name another.' };
  const functions = started(folderWith(STAYS), await api(400, problem));
  await expect(functions.ready()).rejects.toThrow(
    'not ready: ca.pem cannot be read (setting_invalid). Name another.',
  );
});

test('a store that stays away is named when the time is over', async () => {
  const problem = { detail: 'Nessie does not answer', code: 'nessie_unavailable' };
  const functions = started(folderWith(STAYS), await api(503, problem));
  const began_ms = performance.now();
  await expect(functions.ready()).rejects.toThrow('Nessie does not answer (nessie_unavailable)');
  expect(performance.now() - began_ms).toBeGreaterThan(1_400);
});

test('asked to stop, they end and are not lost; otherwise they are', async () => {
  const root = folderWith(`process.on('SIGINT', () => process.exit(0)); ${STAYS}`);
  const functions = started(root, await api(200, {}));
  await functions.ready();
  await expect.poll(() => existsSync(join(root, 'pid')), { timeout: 10_000 }).toBe(true);
  await functions.stop();
  expect(alive(pidOf(root))).toBe(false);
  expect(await Promise.race([functions.lost, 'not lost'])).toBe('not lost');
  const dying = started(folderWith("process.kill(process.pid, 'SIGKILL')"));
  expect(await dying.lost).toBe('SIGKILL');
});

test('threads of theirs start as in any process', async () => {
  const thread = "new (require('worker_threads').Worker)('', { eval: true })";
  const root = folderWith(`${thread}.on('exit', (code) => process.exit(40 + code)).on('error', () => {});`);
  expect(await started(root).lost).toBe('exit 40');
});

test('they end with the process that started them, even when it is killed', async () => {
  const root = folderWith(STAYS);
  const parent = spawn(process.execPath, [join(import.meta.dirname, 'functions-process.ts'), root]);
  await expect.poll(() => existsSync(join(root, 'pid')), { timeout: 10_000 }).toBe(true);
  expect(alive(pidOf(root))).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(() => alive(pidOf(root)), { timeout: 10_000 }).toBe(false);
});
