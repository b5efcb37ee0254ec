/**
 * The container's bundle as a cluster runs it: built, started under plain node, called with the events a KafkaSource, a
 * broker and a bucket's webhook send, stopped under load.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'minio';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { eventually, sitePorts } from '#tests/fixtures/started.ts';
import { testToken } from '#tests/fixtures/token.ts';
import { type S3Gateway, startS3Gateway } from '../../local/s3/gateway.ts';
import { buildInto } from '../../scripts/build.ts';
import { functionFiles } from '../../scripts/gen/serverless.ts';

const ROOT = join(import.meta.dirname, '../..');
const DAY = '2025-09-12';
const TOKEN = 'token-of-the-test';
const folder = mkdtempSync(join(tmpdir(), 'aurum-functions-'));
const cache = join(ROOT, 'node_modules/.cache');
let bundle: string;
let built: Awaited<ReturnType<typeof buildInto>>;
let gateway: S3Gateway;
let server: Running;
let env: NodeJS.ProcessEnv;

const started: ChildProcess[] = [];

interface Running {
  readonly process: ChildProcess;
  readonly url: string;
  log(): string;
}

/** Starts the bundle and waits until it listens or ends. */
async function run(dir: string, settings: NodeJS.ProcessEnv): Promise<Running> {
  const child = spawn(process.execPath, ['function-server.js'], {
    cwd: dir,
    env: { PATH: process.env.PATH, PORT: '0', ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  started.push(child);
  let log = '';
  const port = await new Promise<string>((resolve) => {
    child.stderr!.on('data', (chunk) => {
      log += chunk;
      const ready = /"event":"server_ready","port":(\d+)/.exec(log);
      if (ready !== null) resolve(ready[1]!);
    });
    child.once('exit', () => resolve('0'));
  });
  return { process: child, url: `http://127.0.0.1:${port}`, log: () => log };
}

/** Each stage by its webhook, but the first, which the tests call as a broker does. */
async function webhooks(url: string) {
  const stages = (await functionFiles()).filter(
    ({ trigger, name }) => trigger.kind === 'object-created' && name !== 'parse-workbook',
  );
  return stages.map(({ name }) => ({
    id: name,
    bucket: 'aurum',
    events: ['s3:ObjectCreated:*'],
    target: { url: `${url}/events/${name}`, headers: { authorization: `Bearer ${TOKEN}` } },
  }));
}

beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  bundle = mkdtempSync(join(cache, 'aurum-dist-')); // where the local engine is found
  built = await buildInto(bundle);
  const { AURUM_S3_PORT, AURUM_HTTP_PORT } = await sitePorts();
  env = {
    AURUM_FUNCTION: 'api,ingest',
    AURUM_AUTH: 'development',
    AURUM_HOME: join(folder, 'home'),
    AURUM_S3_PORT,
    AURUM_EVENT_TOKEN: TOKEN,
    AURUM_EXPECTED_VENDORS: 'pw',
    PORT: AURUM_HTTP_PORT,
  };
  gateway = await startS3Gateway({
    port: Number(AURUM_S3_PORT),
    data_dir: join(folder, 's3'),
    access_key: 'minio',
    secret_key: 'minio123',
    region: 'us-east-1',
    buckets: ['aurum'],
    versioned_prefixes: ['raw/'],
    notifications: await webhooks(`http://127.0.0.1:${AURUM_HTTP_PORT}`),
  });
  server = await run(bundle, env);
  expect(server.url, server.log()).not.toMatch(/:0$/);
}, 60_000);

afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await gateway?.close();
  rmSync(folder, { recursive: true, force: true });
  if (bundle !== undefined) rmSync(bundle, { recursive: true, force: true });
});

async function upload(name: string, bytes: Uint8Array): Promise<string> {
  const client = new Client({
    endPoint: '127.0.0.1',
    port: Number(env.AURUM_S3_PORT),
    useSSL: false,
    accessKey: 'minio',
    secretKey: 'minio123',
  });
  const key = `raw/vendor_curves/${DAY}/${name}`;
  const { etag } = await client.putObject('aurum', key, Buffer.from(bytes));
  const object = {
    key: encodeURIComponent(key),
    size: bytes.length,
    eTag: etag,
    sequencer: '18EA97200817FECF',
  };
  const record = {
    eventName: 's3:ObjectCreated:Put',
    eventTime: new Date().toISOString(),
    s3: { bucket: { name: 'aurum' }, object },
  };
  return JSON.stringify({ EventName: 's3:ObjectCreated:Put', Key: `aurum/${key}`, Records: [record] });
}

const attributes = {
  specversion: '1.0',
  id: 'partition:0/offset:1',
  source: '/apis/v1/namespaces/aurum/kafkasources/storage#aurum.storage.event.v1',
  type: 'dev.knative.kafka.event',
};

/** Binary mode, as a KafkaSource sends a record that is no CloudEvent: no content type. */
function binary(data: string): RequestInit {
  const headers = Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]),
  );
  return {
    method: 'POST',
    headers: { ...headers, authorization: `Bearer ${TOKEN}` },
    body: Buffer.from(data),
  };
}

/** Structured mode, as a channel keeps such a record: bytes as base64. */
function structured(data: string): RequestInit {
  const headers = { 'content-type': 'application/cloudevents+json', authorization: `Bearer ${TOKEN}` };
  return {
    method: 'POST',
    headers,
    body: JSON.stringify({ ...attributes, data_base64: Buffer.from(data).toString('base64') }),
  };
}

/** A GET as an administrator of the site. */
async function get(path: string): Promise<Response> {
  const authorization = `Bearer ${await testToken(env.AURUM_HOME!, 'admin')}`;
  return fetch(server.url + path, { headers: { authorization } });
}

const post = (path: string, request: RequestInit, to = server) => fetch(to.url + path, request);

test('a workbook named by a broker event is parsed, gated, released and served, once however often the event comes', async () => {
  const { file, bytes } = await sampleFile('pw', DAY);
  const event = await upload(file, bytes);
  const answers = await Promise.all([
    post('/events/parse-workbook', binary(event)),
    post('/events/parse-workbook', structured(event)),
  ]);
  answers.push(await post('/events/parse-workbook', binary(event)));
  expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
  const ask = async () =>
    (await (await get(`/v1/curves?asof=${DAY}&iso=PJM&market=West`)).json()) as {
      data: unknown[];
    };
  const served = await eventually(ask, ({ data }) => data.length > 0);
  expect(served.data.length).toBeGreaterThanOrEqual(60);
  const log = (await (await get('/v1/ingest?limit=10')).json()) as {
    data: { stage: string }[];
  };
  expect(log.data).toHaveLength(1);
}, 60_000);

test('a poison workbook is taken, with its own reason from inside the parsing thread', async () => {
  const event = await upload(`EOD_PW_20250912_1500.xlsx`, Buffer.from('<html>sign in</html>'));
  expect((await post('/events/parse-workbook', binary(event))).status).toBe(204);
  expect(server.log()).toContain('not_a_workbook');
  expect(server.log()).not.toContain('parse_failed');
});

test("what is no event is 400 and not sent again, what has no token is 401, another stage's object is nothing to do", async () => {
  expect((await post('/events/parse-workbook', binary('{"hello":1}'))).status).toBe(400);
  expect((await post('/events/parse-workbook', { method: 'POST', body: '{}' })).status).toBe(401);
  const { file, bytes } = await sampleFile('eugp', DAY);
  expect((await post('/events/run-gate', binary(await upload(file, bytes)))).status).toBe(204);
  expect(server.log()).not.toContain('stage_key_invalid');
});

test('while tokens are signed here, a page elsewhere whose name leads here is refused', async () => {
  const token = await testToken(env.AURUM_HOME!, 'admin');
  const status = await new Promise((resolve, reject) => {
    const headers = { host: 'aurum.example.com', authorization: `Bearer ${token}` };
    request(`${server.url}/v1/ingest`, { headers }, (answer) => resolve(answer.resume().statusCode))
      .on('error', reject)
      .end();
  });
  expect(status).toBe(403);
});

test('a scheduled function runs when it is called', async () => {
  const tick = { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` } };
  expect(await (await post('/events/sweep', tick)).json()).toEqual({ ok: true });
});

test('packages that are loaded when they are needed keep the names of their exports', async () => {
  const loaded = Object.entries(built.outputs).flatMap(([path, { entryPoint }]) =>
    entryPoint?.startsWith('named:') === true ? [[entryPoint.slice(6), path] as const] : [],
  );
  expect(loaded.map(([name]) => name)).toContain('@aws-sdk/client-s3');
  for (const [name, path] of loaded) {
    const given = Object.keys((await import(join(ROOT, path))) as object);
    // Node's own word for what a CommonJS module assigned.
    const names = Object.keys((await import(name)) as object).filter((wanted) => wanted !== 'module.exports');
    expect([name, names.filter((wanted) => !given.includes(wanted))]).toEqual([name, []]);
  }
});

test('the bundle alone, without any node_modules, answers and says what is missing', async () => {
  const alone = join(folder, 'alone');
  cpSync(bundle, alone, { recursive: true });
  const running = await run(alone, {
    AURUM_FUNCTION: 'ingest/parse-workbook',
    AURUM_HOME: join(folder, 'alone-home'),
    AURUM_S3_PORT: '1',
  });
  expect((await fetch(`${running.url}/health`)).status).toBe(200);
  const away = await fetch(`${running.url}/ready`);
  expect(away.status).toBe(503);
  expect(away.headers.get('retry-after')).toBe('1');
  running.process.kill('SIGTERM');
  expect(await once(running.process, 'exit')).toEqual([0, null]);
});

test.each([
  [{ AURUM_FUNCTION: 'ingest/nothing' }, /there is no function \\"ingest\/nothing\\"/],
  [{}, /AURUM_FUNCTION: is not set/],
  [{ AURUM_FUNCTION: 'api', AURUM_ENV_FILE: '/nowhere' }, /AURUM_ENV_FILE: \/nowhere cannot be read/],
  [{ AURUM_FUNCTION: 'api', AURUM_S3_SECRET_KEY: 'x' }, /AURUM_S3_SECRET_KEY/],
] as const)('a wrong setting ends the process with 2 and its name: %j', async (settings, reason) => {
  const running = await run(bundle, { AURUM_HOME: join(folder, 'wrong'), ...settings });
  if (running.process.exitCode === null) await once(running.process, 'exit');
  expect(running.process.exitCode).toBe(2);
  expect(running.log()).toMatch(reason);
});

test('SIGTERM under load: each of 200 requests is answered or refused in the open, and the process is gone in 10 s', async () => {
  const outcomes = { answered: 0, come_again: 0, not_taken: 0 };
  const one = async () => {
    try {
      const response = await get(`/v1/curves?asof=${DAY}&limit=500`);
      await response.arrayBuffer();
      if (response.status === 200) outcomes.answered++;
      else if (response.status === 503) outcomes.come_again++;
      else throw new TypeError(`answered ${response.status}`);
    } catch (error) {
      if ((error as { cause?: { code?: string } }).cause?.code === undefined) throw error;
      outcomes.not_taken++;
    }
  };
  const load = Array.from({ length: 200 }, one);
  await Promise.race(load);
  const began_ms = performance.now();
  server.process.kill('SIGTERM');
  await Promise.all(load);
  if (server.process.exitCode === null) await once(server.process, 'exit');
  expect(performance.now() - began_ms).toBeLessThan(10_000);
  expect(server.process.exitCode).toBe(0);
  expect(outcomes.answered).toBeGreaterThan(0);
  expect(outcomes.answered + outcomes.come_again + outcomes.not_taken).toBe(200);
});
