/** `npm start` as a user has it: samples served, any S3 client drops a workbook, good and bad, and a second start keeps all. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'minio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { eventually, type Started, sitePorts, start } from '#tests/fixtures/started.ts';

const folder = mkdtempSync(join(tmpdir(), 'aurum-start-'));
const home = join(folder, 'home');
let ports: NodeJS.ProcessEnv;
let site: Started;

beforeAll(async () => {
  ports = await sitePorts();
  site = await start(home, ports, ['--as-of', '2025-09-12']);
}, 60_000);
afterAll(async () => {
  await site?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: { meta: { count: number }; data: Record<string, unknown>[]; code?: string; field?: string };
}

async function get(path: string): Promise<Answer> {
  const response = await site.get(path);
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: (await response.json()) as Answer['body'],
  };
}

function upload(name: string, day: string, bytes: Uint8Array) {
  const client = new Client({
    endPoint: '127.0.0.1',
    port: site.s3_port,
    useSSL: false,
    accessKey: 'minio',
    secretKey: 'minio123',
  });
  return client.putObject('aurum', `raw/vendor_curves/${day}/${name}`, Buffer.from(bytes));
}

async function aurum(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['lib/runtime/cli/aurum.ts', ...args], { env: site.env });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

test('the printed curl line answers with the sample day', async () => {
  const url = /curl -s .*'([^']+)'/.exec(site.messages())?.[1];
  const answer = await get(url!.slice(site.api.length));
  expect(answer.status).toBe(200);
  expect(answer.body.data.length).toBeGreaterThanOrEqual(60);
  expect(answer.body.data[0]).toMatchObject({
    iso: 'PJM',
    market: 'West',
    block: 'ON_PEAK',
    currency: 'USD',
    per_unit: 'MWh',
  });
});

describe('the ports beside the API', () => {
  const asked = async (port: 'AURUM_EVENTS_PORT' | 'AURUM_LAMBDA_PORT', path: string, headers = {}) => {
    const options = { method: 'POST', headers: { 'content-type': 'text/plain', ...headers } };
    const call = request(`http://127.0.0.1:${ports[port]}${path}`, options).end('{}');
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    const text = await new Response(answer as unknown as ReadableStream).text();
    return { status: answer.statusCode, text };
  };
  const event = '/events/parse-workbook';
  const lambda = '/2015-03-31/functions/aurum-dev-health/invocations';

  test('take events with their token, and invocations, from programs of this machine', async () => {
    expect((await asked('AURUM_EVENTS_PORT', event)).status).toBe(401);
    const invoked = await asked('AURUM_LAMBDA_PORT', lambda);
    expect(invoked.status).toBe(200);
    expect(invoked.text).toContain('statusCode');
  });

  test.each([
    ['a page of another site', { origin: 'http://elsewhere.example' }],
    ['a page that sends no origin', { 'sec-fetch-site': 'cross-site' }],
    ['a name that resolves to this machine', { host: 'elsewhere.example' }],
  ])('answer nothing to %s', async (_, headers) => {
    expect((await asked('AURUM_EVENTS_PORT', event, headers)).status).toBe(404);
    expect((await asked('AURUM_LAMBDA_PORT', lambda, headers)).status).toBe(404);
  });

  test('have none of its routes', async () => {
    for (const path of ['/v1/session', '/v1/curves', '/']) {
      expect((await asked('AURUM_EVENTS_PORT', path)).status, path).toBe(404);
    }
  });
});

test('all three samples are served, with strips', async () => {
  const { body } = await get('/v1/ingest?limit=10');
  expect(body.data.map(({ vendor, stage }) => `${vendor} ${stage}`).sort()).toEqual([
    'eugp published',
    'pw published',
    'rp published',
  ]);
  const strips = await get('/v1/curves/strips?location=German&block=BASE&asof=2025-09-12&source=vendor');
  expect(strips.body.data.length).toBe(30);
});

test('aurum export --tenant writes what a member may see, and is audited', async () => {
  const unknown = await aurum('export', '--asset-class', 'power', '--tenant', 'acme');
  expect(unknown).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('acme') });
  expect((await aurum('tenant', 'add', 'acme')).code).toBe(0);
  expect((await aurum('tenant', 'entitle', 'acme', 'pw:power')).code).toBe(0);
  const made = await aurum('export', '--asset-class', 'power', '--format', 'csv', '--tenant', 'acme');
  expect(made.code, made.stderr).toBe(0);
  const prefix = made.stdout.trim();
  expect(prefix).toMatch(/^exports\/acme\/asof=2025-09-12\/[0-9a-f]{32}\/$/);
  const listed = (await (await site.get('/v1/exports', 'tenant', 'acme')).json()) as { data: object[] };
  expect(listed.data).toEqual([expect.objectContaining({ export_id: prefix.split('/').at(-2) })]);
  const id = prefix.split('/').at(-2);
  const shown = await (await site.get(`/v1/exports/${id}`, 'tenant', 'acme')).json();
  expect(shown).toMatchObject({ data: { releases: [{ vendor: 'pw' }] } });
  const audit = await (await site.get('/v1/audit?limit=1000')).text();
  expect(audit).toContain(prefix);
  const other = await aurum('export', '--iso', 'ERCOT', '--asset-class', 'renewable', '--tenant', 'acme');
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('rows_not_found') });
});

test('a workbook dropped by an S3 client is served seconds later', async () => {
  const { file, bytes } = await sampleFile('eugp', '2025-09-15');
  await upload(file, '2025-09-15', bytes);
  const path = '/v1/curves?asof=2025-09-15&location=German&block=BASE&tenor_type=MONTHLY';
  const answer = await eventually(
    () => get(path),
    ({ body }) => body.data.length > 0,
  );
  expect(answer.body.data.length).toBe(2 * 121); // the outright and the spark spread
});

test('a red workbook waits in quarantine and the command line says why', async () => {
  const { file, bytes } = await sampleFile('eugp', '2025-09-16', { corrupt: 'crossed-bid-ask' });
  await upload(file, '2025-09-16', bytes);
  const listed = await eventually(
    () => get('/v1/quarantine?asof=2025-09-16'),
    ({ body }) => body.data.length > 0,
  );
  expect(listed.body.data[0]).toMatchObject({ vendor: 'eugp', source_file: file });
  const shown = await aurum('quarantine', 'show', String(listed.body.data[0]!.version));
  expect(shown.code).toBe(0);
  expect(shown.stdout + shown.stderr).toContain('Fixed Prices - BidAsk!D14');
  expect((await get('/v1/curves?asof=2025-09-16')).body.data).toEqual([]);
});

test('aurum ingest shows progress, waits until served, and refuses a file that is no workbook', async () => {
  const { file, bytes } = await sampleFile('pw', '2025-09-17');
  const good = join(folder, file);
  writeFileSync(good, bytes);
  const ingested = await aurum('ingest', good);
  expect(ingested).toMatchObject({ code: 0 });
  expect((await get('/v1/curves?asof=2025-09-17&iso=PJM')).body.data.length).toBeGreaterThan(0);
  const bad = join(folder, 'EOD_PW_20250918_1430.xlsx');
  writeFileSync(bad, 'name;price\n');
  const refused = await aurum('ingest', bad);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('not_a_workbook');
  const status = await aurum('status');
  expect(status.stdout + status.stderr).toMatch(/EOD_PW_20250918_1430\.xlsx.*refused/);
}, 60_000);

test.each([
  ['/v1/curves?hub=West', 'parameter_unknown', 'hub'],
  ['/v1/curves?asof=2025-02-30', 'parameter_invalid', 'asof'],
  ['/v1/curves?cursor=abc', 'cursor_invalid', 'cursor'],
  ['/v1/quarantine/nonsense', 'parameter_invalid', 'version'],
])('%s is one coded problem', async (path, code, field) => {
  const answer = await get(path);
  expect(answer.status).toBe(400);
  expect(answer.type).toContain('application/problem+json');
  expect(answer.body).toMatchObject({ code, field });
});

test('what is not in quarantine is 404', async () => {
  expect(await get('/v1/quarantine/20250912-0000000000000000')).toMatchObject({
    status: 404,
    body: { code: 'quarantine_not_found' },
  });
});

test('a webhook without the token is refused', async () => {
  const response = await fetch(`http://127.0.0.1:${ports.AURUM_EVENTS_PORT}/events/parse-workbook`, {
    method: 'POST',
    body: '{}',
  });
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ code: 'event_unauthorised' });
});

test('Ctrl-C stops everything and a second start keeps the data', async () => {
  const before = await get('/v1/curves?asof=2025-09-17&iso=PJM');
  expect(await site.stop()).toBe(0);
  await expect(fetch(site.api)).rejects.toThrow();
  site = await start(home, ports);
  expect((await get('/v1/curves?asof=2025-09-17&iso=PJM')).body).toEqual(before.body);
  expect((await get('/v1/ingest?limit=100')).body.data.length).toBeGreaterThanOrEqual(6);
}, 60_000);
