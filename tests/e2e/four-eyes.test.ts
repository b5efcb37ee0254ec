/** Four eyes over HTTP on a started site: a red workbook, two people, a release, and the trail they leave. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Role } from '#lib/domain/access.ts';
import { developmentToken } from '#lib/runtime/access/development-issuer.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { eventually, type Started, sitePorts, start } from '#tests/fixtures/started.ts';
import { run } from '#tests/unit/cli/run.ts';

const DAY = '2025-09-12';
const home = mkdtempSync(join(tmpdir(), 'aurum-eyes-'));
let site: Started;
beforeAll(async () => {
  site = await start(home, await sitePorts(), ['--no-sample']);
}, 60_000);
afterAll(async () => {
  await site.stop();
  rmSync(home, { recursive: true });
});

async function token(subject: string, role: Role, tenant?: string): Promise<string> {
  const shared = { audience: 'aurum', groups_claim: 'groups', valid_s: 3_600 };
  return developmentToken(home, { subject, role, tenant, ...shared });
}

interface Told {
  readonly status: number;
  readonly body: { code?: string; meta: Record<string, unknown>; data: never };
}

async function ask(who: [string, Role, string?], path: string, body?: unknown): Promise<Told> {
  const headers = { authorization: `Bearer ${await token(...who)}`, 'content-type': 'application/json' };
  const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(`${site.api}${path}`, { ...sent, headers });
  return { status: response.status, body: (await response.json()) as Told['body'] };
}

async function upload(who: [string, Role], sample: Parameters<typeof sampleFile>[2]): Promise<void> {
  const { file, bytes } = await sampleFile('pw', DAY, sample);
  const response = await fetch(`${site.api}/v1/workbooks?name=${encodeURIComponent(file)}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await token(...who)}`,
      'content-type': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    },
    body: bytes,
  });
  expect(response.status).toBe(202);
}

const ANN: [string, Role] = ['ann', 'ops'];
const BOB: [string, Role] = ['bob', 'ops'];
const UMA: [string, Role] = ['uma', 'admin'];

test('a red workbook sent by one, overridden by another, approved by a third is served; all of it is in the trail', async () => {
  await upload(UMA, { corrupt: 'crossed-bid-ask' });
  const held = await eventually(
    () => ask(ANN, '/v1/quarantine?state=held'),
    ({ body }) => (body.data as unknown[]).length === 1,
  );
  const [{ version }] = held.body.data as [{ version: string }];
  const path = `/v1/quarantine/${version}/decisions`;
  const shown = await ask(ANN, `/v1/quarantine/${version}`);
  const { standing } = shown.body.data as { standing: { blocking: { name: string }[]; uploaded_by: string } };
  expect(standing.uploaded_by).toBe('uma');
  const override = {
    decision: 'override',
    expectations: standing.blocking.map(({ name }) => name),
    reason: 'as the broker quoted it',
  };
  expect((await ask(['liz', 'analyst'], path, override)).status).toBe(403);
  expect((await ask(['tom', 'tenant', 'acme'], path, override)).status).toBe(403);
  expect((await ask(ANN, path, { ...override, expectations: ['curve_key'] })).body.code).toBe(
    'expectation_unknown',
  );
  expect((await ask(ANN, path, override)).body.meta).toMatchObject({
    outcome: 'recorded',
    state: 'proposed',
  });
  expect((await ask(ANN, path, override)).body.meta).toMatchObject({ outcome: 'already' });
  expect((await ask(ANN, path, { decision: 'approve' })).body.code).toBe('own_override_forbidden');
  expect((await ask(UMA, path, { decision: 'approve' })).body.code).toBe('own_upload_forbidden');
  const answers = await Promise.all(
    ['bob', 'cyd', 'dan'].map((name) => ask([name, 'ops'], path, { decision: 'approve' })),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(answers.filter(({ body }) => body.meta.outcome === 'recorded')).toHaveLength(1);
  const released = await eventually(
    () => ask(BOB, '/v1/releases'),
    ({ body }) => (body.data as unknown[]).length === 1,
  );
  expect(released.body.data).toMatchObject([{ version }]);
  const { gate } = (await ask(BOB, `/v1/releases/${version}`)).body.data as { gate: object };
  expect(gate).toMatchObject({ verdict: 'overridden', override: { author: 'ann' } });
  expect((await ask(BOB, path, { decision: 'reject', reason: 'too late' })).status).toBe(409);

  expect((await ask(['liz', 'analyst'], '/v1/audit')).status).toBe(403);
  const trail = await ask(BOB, `/v1/audit?object=${version}`);
  expect((trail.body.data as { action: string }[]).map(({ action }) => action)).toEqual([
    'quarantine.approve',
    'quarantine.override',
  ]);
}, 60_000);

test('a correction has a list of what it changes, an export a place in the trail; `aurum verify` proves the trail', async () => {
  const created = await ask(ANN, '/v1/exports', { asof: DAY });
  expect(created.status).toBe(201);
  await upload(BOB, { seed: 2 });
  const listed = await eventually(
    () => ask(ANN, '/v1/hotfixes?state=merged'),
    ({ body }) => (body.data as unknown[]).length === 1,
  );
  const [{ version, branch }] = listed.body.data as [{ version: string; branch: string }];
  expect(branch).toBe('hotfix_20250912_1');
  const impact = await ask(ANN, `/v1/releases/${version}/impact`);
  expect(impact.body.data).toMatchObject({
    use_count: { export: 1, scenario_run: 0, valuation: 0 },
    uses: [{ kind: 'export', tenant: 'house' }],
  });
  const late = await ask(ANN, `/v1/releases/${version}/decisions`, {
    decision: 'reject',
    reason: 'too late',
  });
  expect([late.status, late.body.code]).toEqual([409, 'hotfix_decided_conflict']);

  const login = await fetch(`${site.api}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ role: 'analyst' }),
  });
  expect(login.status).toBe(200);
  const trail = await ask(BOB, '/v1/audit?limit=100');
  const actions = (trail.body.data as { action: string }[]).map(({ action }) => action).reverse();
  expect(actions).toEqual([
    'workbook.upload',
    'quarantine.override',
    'quarantine.approve',
    'export.create',
    'workbook.upload',
    'session.issue',
  ]);
  const environment = Object.fromEntries(
    Object.entries(site.env).map(([name, value]) => [name, value ?? '']),
  );
  const { code, out, told } = await run(['verify'], { environment });
  expect([code, told]).toEqual([0, expect.stringContaining('audit trail: 6 events')]);
  expect(out).toContain('"audit":{"events":6');
  const decided = await run(['quarantine', 'approve', '20250912-0123456789abcdef'], { environment });
  expect([decided.code, decided.told]).toEqual([2, expect.stringContaining('quarantine_not_found')]);
}, 60_000);
