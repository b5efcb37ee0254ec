/** Four eyes over HTTP on a started site: a red workbook, two people, a release, and the trail they leave. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { hotfixListAnswer, impactAnswer } from '#schemas/hotfix.ts';
import {
  ANN,
  BOB,
  correctRelease,
  releaseRedWorkbook,
  usesTouchedBy,
} from '#tests/fixtures/decision-steps.ts';
import { type People, peopleAt } from '#tests/fixtures/people.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { eventually, type Started, sitePorts, start } from '#tests/fixtures/started.ts';
import { run } from '#tests/unit/cli/run.ts';

const DAY = '2025-09-12';
const home = mkdtempSync(join(tmpdir(), 'aurum-eyes-'));
let site: Started;
let people: People;
beforeAll(async () => {
  site = await start(home, await sitePorts(), ['--no-sample']);
  people = peopleAt(site.api, home);
}, 60_000);
afterAll(async () => {
  await site.stop();
  rmSync(home, { recursive: true });
});

test('a red workbook sent by one, overridden by another, approved by a third is served; all of it is in the trail', async () => {
  await releaseRedWorkbook({ people, day: DAY });
}, 60_000);

test('a correction has a list of what it changes, an export a place in the trail; `aurum verify` proves the trail', async () => {
  expect((await people.ask(ANN, '/v1/exports', { asof: DAY })).status).toBe(201);
  const version = await correctRelease({ people, day: DAY }, { approval: false });
  expect(await usesTouchedBy(people, version)).toMatchObject({
    use_count: { export: 1, scenario_run: 0, valuation: 0 },
    uses: [{ kind: 'export', tenant: 'house' }],
  });
  const login = await fetch(`${site.api}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ role: 'analyst' }),
  });
  expect(login.status).toBe(200);
  const trail = await people.ask(BOB, '/v1/audit?limit=100');
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

test('a workbook put by a key of the store has no sender, whatever name lies in its metadata', async () => {
  const objects = s3ObjectStore({
    endpoint: site.s3,
    region: 'us-east-1',
    bucket: 'aurum',
    access_key: 'minio',
    secret_key: 'minio123',
    force_path_style: true,
  });
  const { file, bytes } = await sampleFile('pw', DAY, { seed: 3 });
  const metadata = { 'uploaded-by': 'ghost' };
  await objects.put(`raw/vendor_curves/${DAY}/${file}`, bytes, { metadata });
  const merged = async () => {
    const { body } = await people.ask(ANN, '/v1/hotfixes?state=merged');
    return hotfixListAnswer.parse(body).data.map(({ version }) => version);
  };
  const [version] = await eventually(merged, ({ length }) => length === 2);
  const { body } = await people.ask(ANN, `/v1/releases/${version}/impact`);
  expect(impactAnswer.parse(body).meta).toMatchObject({ state: 'merged', uploaded_by: null });
}, 60_000);
