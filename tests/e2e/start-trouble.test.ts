/** `npm start` when something is wrong: the reason is on the terminal, and nothing stays behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { sitePorts, start } from '#tests/fixtures/started.ts';

const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'aurum-trouble-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts what is expected to end by itself. */
async function startEnds(settings: NodeJS.ProcessEnv): Promise<{ code: number | null; messages: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'local/start.ts'), '--no-sample'], {
    cwd: ROOT,
    env: { ...process.env, AURUM_HOME: join(folder, 'home'), ...(await sitePorts()), ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let messages = '';
  child.stderr.on('data', (chunk) => {
    messages += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, messages };
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const listening = once(server, 'listening').then(
    () => true,
    () => false,
  );
  const free = await listening;
  server.close();
  return free;
}

test('a data folder in use is refused with the process that uses it, whatever the ports', async () => {
  const home = join(folder, 'used');
  const site = await start(home, await sitePorts(), ['--no-sample']);
  try {
    const { code, messages } = await startEnds({ AURUM_HOME: home });
    expect(code).toBe(2);
    expect(messages).toMatch(
      /^aurum: AURUM_HOME: .*used is used by another npm start, process (\d+) \(home_in_use\)\. Stop it \(kill \1\)/,
    );
    expect((await fetch(`${site.api}/health`)).status).toBe(200);
    expect(site.messages()).toContain(
      `AURUM_HOME='${home}' AURUM_HTTP_PORT='${new URL(site.api).port}' AURUM_S3_PORT='${site.s3_port}' npm run -s aurum -- status`,
    );
  } finally {
    await site.stop();
  }
});

test('functions that cannot work say so on the terminal, and end', async () => {
  const ports = await sitePorts();
  const { code, messages } = await startEnds({
    ...ports,
    AURUM_KAFKA_BROKERS: '127.0.0.1:1',
    AURUM_SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
    AURUM_KAFKA_TLS: 'true',
    AURUM_KAFKA_CA_FILE: '/nowhere/ca.pem',
  });
  expect(code).toBe(1);
  expect(messages).toMatch(/\/nowhere\/ca\.pem cannot be read.*\(functions_not_started\)/s);
  for (const port of Object.values(ports)) {
    await expect.poll(() => isFree(Number(port)), { timeout: 5_000 }).toBe(true);
  }
});

test.each([
  [{ AURUM_QUERIES: 'trino' }, /AURUM_TRINO_URL.*AURUM_NESSIE_URL/],
  [{ AURUM_S3_ENDPOINT: 'http://minio:9000' }, /AURUM_S3_ENDPOINT: npm start brings its own S3 gateway/],
] as const)('%j is refused before anything starts', async (settings, reason) => {
  const { code, messages } = await startEnds(settings);
  expect(code).toBe(2);
  expect(messages).toMatch(reason);
});
