/** Scenarios as users have them: through HTTP and the command line of `npm start`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import type { Role } from '#lib/domain/access.ts';
import type { scenarioAnswer } from '#schemas/scenario.ts';
import type { ScenarioDiffRow, ScenarioOutput, ScenarioRun } from '#schemas/scenario-run.ts';
import { carbon, growth, PJM_WEST } from '#tests/fixtures/scenario-site.ts';
import { eventually, type Started, sitePorts, start } from '#tests/fixtures/started.ts';
import { testToken } from '#tests/fixtures/token.ts';

const folder = mkdtempSync(join(tmpdir(), 'aurum-scenarios-'));
const home = join(folder, 'home');
let site: Started;

beforeAll(async () => {
  site = await start(home, await sitePorts(), ['--as-of', '2025-09-12']);
}, 60_000);
afterAll(async () => {
  await site?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer<Data> {
  readonly status: number;
  readonly body: { readonly meta: { readonly count?: number }; readonly data: Data };
}
type Scenario = z.infer<typeof scenarioAnswer>['data'];

/** The data are what the caller says: what a test does not look into is of no type. */
async function call<Data = unknown>(
  path: string,
  body?: object,
  role: Role = 'analyst',
  tenant?: string,
): Promise<Answer<Data>> {
  const authorization = `Bearer ${await testToken(home, role, tenant)}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(`${site.api}${path}`, { ...sent, headers });
  return { status: response.status, body: (await response.json()) as Answer<Data>['body'] };
}

const BANDS = {
  model: { sigma_short: 0.6, reversion_short: 1.5, sigma_long: 0.15, correlation: 0.2 },
  paths: 1_000,
};
const scenario = (name: string, change = 20) => ({ name, assumptions: [carbon(change), growth] });

const create = async (name: string, change?: number) =>
  (await call<Scenario>('/v1/scenarios', scenario(name, change))).body.data;
const ask = (id: string, request: object) => call<ScenarioRun>(`/v1/scenarios/${id}/run`, request);

async function finished(run_id: string): Promise<ScenarioRun> {
  const answer = await eventually(
    () => call<ScenarioRun>(`/v1/scenarios/runs/${run_id}`),
    ({ body }) => !['queued', 'running'].includes(body.data.state),
  );
  return answer.body.data;
}

test('created, run, followed, read in every format and compared', async () => {
  const made = await call<Scenario>('/v1/scenarios', scenario('Dear carbon'));
  expect(made).toMatchObject({ status: 201, body: { data: { version: 1, assumption_count: 2 } } });
  const { id } = made.body.data;
  expect((await call(`/v1/scenarios/${id}`)).body).toEqual(made.body);
  expect((await call('/v1/scenarios?name=carbon')).body.data).toMatchObject([{ id }]);

  const queued = await ask(id, { ...PJM_WEST, seed: 7, bands: BANDS });
  expect(queued).toMatchObject({ status: 202, body: { data: { state: 'queued', seed: 7 } } });
  const { run_id } = queued.body.data;
  expect(await finished(run_id)).toMatchObject({ state: 'succeeded', row_count: 32, curve_count: 2 });
  const again = await ask(id, { ...PJM_WEST, seed: 7, bands: BANDS });
  expect(again.body.data).toMatchObject({ run_id, state: 'succeeded', attempt: 1 });

  const outputs = await call<ScenarioOutput[]>(`/v1/scenarios/runs/${run_id}/outputs?limit=100`);
  expect(outputs.body.meta.count).toBe(32);
  for (const { bands, attribution, delta } of outputs.body.data) {
    expect(Object.keys(bands)).toEqual(['p05', 'p25', 'p50', 'p75', 'p95']);
    expect(attribution.carbon! + attribution.growth!).toBeCloseTo(delta, 9);
  }
  const authorization = `Bearer ${await testToken(home, 'analyst')}`;
  const inFormat = async (accept: string) => {
    const path = `/v1/scenarios/runs/${run_id}/outputs?limit=100`;
    return fetch(`${site.api}${path}`, { headers: { authorization, accept } });
  };
  const lines = (await (await inFormat('application/x-ndjson')).text()).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(outputs.body.data);
  expect((await (await inFormat('text/csv')).text()).trim().split('\n')).toHaveLength(33);
  for (const type of ['application/vnd.apache.arrow.stream', 'application/vnd.apache.parquet']) {
    expect((await inFormat(type)).headers.get('content-type')).toBe(type);
  }

  const other = await create('Dearer carbon', 30);
  const second = (await ask(other.id, PJM_WEST)).body.data;
  await finished(second.run_id);
  const diff = await call<ScenarioDiffRow[]>(`/v1/scenarios/diff?a=${id}&b=${second.run_id}`);
  expect(diff).toMatchObject({ status: 200, body: { meta: { count: 32 } } });
  for (const { attribution } of diff.body.data) expect(attribution.carbon).toBeCloseTo(4, 9);
});

test('every problem is one code with the field', async () => {
  const { id } = await create('Problems');
  const run = `/v1/scenarios/${id}/run`;
  const unknown = { name: 'x', assumptions: [{ ...growth, driver: 'weather' }] };
  const badValue = { name: 'x', assumptions: [carbon(1e9)] };
  const cases: [string, object | undefined, number, string, string][] = [
    ['/v1/scenarios', unknown, 400, 'driver_unknown', 'assumptions.0.driver'],
    [
      '/v1/scenarios',
      badValue,
      400,
      'driver_parameters_invalid',
      'assumptions.0.parameters.carbon_price_change',
    ],
    ['/v1/scenarios', { name: 'x', assumptions: [] }, 400, 'body_invalid', 'assumptions'],
    [run, { seed: 2 ** 53 }, 400, 'body_invalid', 'seed'],
    [run, { seed: 0.5 }, 400, 'body_invalid', 'seed'],
    [run, { contract_from: '2027-01', contract_to: '2026-01' }, 400, 'body_invalid', 'contract_to'],
    [run, { curves: { iso: 'NOWHERE' } }, 400, 'scenario_curve_missing', 'curves'],
    [run, { asof: '2025-02-30' }, 400, 'body_invalid', 'asof'],
    ['/v1/scenarios/none', undefined, 400, 'parameter_invalid', 'id'],
    [`/v1/scenarios/${id}?version=9`, undefined, 404, 'scenario_not_found', 'id'],
    [`/v1/scenarios/runs/${id}`, undefined, 404, 'run_not_found', 'run_id'],
    [`/v1/scenarios/diff?a=${id}&b=${id}`, undefined, 404, 'run_not_found', 'a'],
  ];
  for (const [path, body, status, code, field] of cases) {
    expect([path, body, await call(path, body)]).toMatchObject([
      path,
      body,
      { status, body: { code, field } },
    ]);
  }
});

test('a run that fails says why; another tenant sees neither it nor its scenario', async () => {
  const { id } = await create('Fails');
  const { run_id } = (await ask(id, { ...PJM_WEST, contract_to: '2090-12' })).body.data;
  expect(await finished(run_id)).toMatchObject({
    state: 'failed',
    error: { code: 'scenario_month_missing', field: 'contract_to', message: expect.stringContaining('PJM') },
  });
  await call('/v1/tenants', { id: 'acme', name: 'Acme' }, 'admin');
  for (const path of [`/v1/scenarios/${id}`, `/v1/scenarios/runs/${run_id}`]) {
    const theirs = await call(path, undefined, 'tenant', 'acme');
    expect(theirs.status).toBe(404);
  }
  expect((await call('/v1/scenarios', undefined, 'tenant', 'acme')).body.data).toEqual([]);
  expect((await call('/v1/scenarios', undefined, 'ops')).status).toBe(403);
});

test('what was created, asked for and cancelled stands in the audit trail once, under who did it', async () => {
  const { id, scenario_hash } = await create('Audited');
  const long = { ...PJM_WEST, bands: { ...BANDS, paths: 1_000_000 } };
  const { run_id } = (await ask(id, long)).body.data;
  for (const _ of [1, 2]) {
    const cancelled = await call(`/v1/scenarios/runs/${run_id}/cancel`, {});
    expect(cancelled).toMatchObject({ status: 200, body: { data: { state: 'cancelled' } } });
  }
  const eventsOf = async (object: string) =>
    (await call(`/v1/audit?object=${object}`, undefined, 'admin')).body;
  expect((await eventsOf(id)).data).toMatchObject([
    { action: 'scenario.save', subject: 'analyst@test', details: { version: 1, scenario_hash } },
  ]);
  expect((await eventsOf(run_id)).data).toMatchObject([
    { action: 'scenario.cancel', details: { scenario_id: id, attempt: 1 } },
    { action: 'scenario.run', details: { scenario_id: id, attempt: 1 } },
  ]);
  expect((await call('/v1/audit', undefined, 'tenant', 'acme')).status).toBe(403);
});

async function aurum(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['lib/runtime/cli/aurum.ts', 'scenario', ...args], { env: site.env });
  const text = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (chunk) => {
      text[stream] += chunk;
    });
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...text };
}

test('the command line creates, runs, shows and compares', async () => {
  const file = join(folder, 'scenario.json');
  const request = join(folder, 'request.json');
  writeFileSync(file, JSON.stringify(scenario('By hand')));
  writeFileSync(request, JSON.stringify(PJM_WEST));
  const made = await aurum('create', file);
  expect(made).toMatchObject({ code: 0, stderr: 'By hand: version 1, 2 assumptions\n' });
  const ran = await aurum('run', 'By hand', '--request', request, '--as-of', '2025-09-12', '--wait');
  expect(ran).toMatchObject({ code: 0, stderr: 'succeeded, as of 2025-09-12, 2 curves, 32 rows\n' });
  const run_id = ran.stdout.trim();
  const rows = (await aurum('outputs', run_id, '--format', 'ndjson')).stdout.trim().split('\n');
  expect(rows).toHaveLength(32);
  const diff = await aurum('diff', run_id, made.stdout.trim(), '--format', 'ndjson');
  expect(JSON.parse(diff.stdout.split('\n')[0]!)).toMatchObject({ delta: 0 });
  writeFileSync(request, JSON.stringify({ ...PJM_WEST, contract_to: '2090-12' }));
  const failed = await aurum('run', made.stdout.trim(), '--request', request, '--wait');
  expect(failed.code).toBe(2);
  expect(failed.stderr).toContain('(scenario_month_missing)');
  expect((await aurum('drivers')).stdout).toContain('load_growth, version 1');
  expect(await aurum('frobnicate')).toMatchObject({ code: 2 });
}, 60_000);
