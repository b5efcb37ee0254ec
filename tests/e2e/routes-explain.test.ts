/** From what exists to a curve, to the cell behind a point, to its release and checks: over HTTP, as `npm start` serves it. */
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Role } from '#lib/domain/access.ts';
import { curveDiffAnswer } from '#schemas/diff.ts';
import { dimensionsAnswer } from '#schemas/dimensions.ts';
import { exportAnswer, exportListAnswer, exportShowAnswer } from '#schemas/export.ts';
import { instrumentAnswer } from '#schemas/instruments.ts';
import { lineageAnswer } from '#schemas/lineage.ts';
import { qaAnswer, releaseListAnswer, releaseShowAnswer } from '#schemas/releases.ts';
import { shapeRow } from '#schemas/shape.ts';
import { stripRow } from '#schemas/strip.ts';
import { type Started, sitePorts, start } from '#tests/fixtures/started.ts';
import { testToken } from '#tests/fixtures/token.ts';

const home = mkdtempSync(join(tmpdir(), 'aurum-routes-'));
let site: Started;
beforeAll(async () => {
  site = await start(join(home, 'home'), await sitePorts());
}, 90_000);
afterAll(async () => {
  await site?.stop();
  rmSync(home, { recursive: true, force: true });
});

async function answer<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
  const response = await site.get(path, 'analyst');
  const body = await response.json();
  expect({ status: response.status, body: response.status === 200 ? undefined : body }).toEqual({
    status: 200,
  });
  return schema.parse(body);
}

test('a newcomer gets from what exists to the cell behind a point, and to what the gate said of it', async () => {
  const { data: found } = await answer('/v1/curves/dimensions?q=pjm+west+on_peak', dimensionsAnswer);
  const curve = found.curves[0]!;
  const months = curve.tenors.find(({ tenor_type }) => tenor_type === 'MONTHLY')!;
  const place = `curve_key=${curve.curve_key}&tenor_type=MONTHLY&contract_month=${months.last_month}`;
  const { data } = await answer(`/v1/lineage?${place}&verify=true`, lineageAnswer);
  const lineage = data[0]!;
  expect(lineage.cells.mid.raw?.agrees).toBe(true);
  expect(lineage.workbook.unchanged).toBe(true);
  expect(lineage.event_log.position).toMatch(/^\d{15}-\d{9}$/);
  const { version } = lineage.release;
  const shown = await answer(`/v1/releases/${version}`, releaseShowAnswer);
  expect(shown.data.release.current).toBe(true);
  const { data: checks } = await answer(`/v1/qa?version=${version}`, qaAnswer);
  expect(checks).toEqual(shown.data.checks);
  const { data: releases } = await answer('/v1/releases?current=true', releaseListAnswer);
  expect(releases.map((release) => release.version)).toContain(version);
  const { data: instruments } = await answer(
    `/v1/instruments?curve_key=${curve.curve_key}`,
    instrumentAnswer,
  );
  expect(instruments[0]).toMatchObject({ iso: curve.iso, currency: curve.currency });
  const versions = `from_version=${version}&to_version=${version}&curve_key=${curve.curve_key}`;
  const { data: diffs } = await answer(`/v1/curves/diff?${versions}`, curveDiffAnswer);
  expect(diffs[0]?.totals).toMatchObject({ change: 0, new: 0, dropped: 0 });
});

async function posted(path: string, body: object, role: Role, tenant?: string): Promise<unknown> {
  const authorization = `Bearer ${await testToken(join(home, 'home'), role, tenant)}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const response = await fetch(site.api + path, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(response.ok).toBe(true);
  return response.json();
}

const PJM_WEST = 'iso=PJM&market=West&block=ON_PEAK';

test('strips by hours of delivery say their rule and their weights', async () => {
  const rows = z.object({ data: z.array(stripRow) });
  const path = `/v1/curves/strips?${PJM_WEST}&source=derived&tenor_type=QUARTER`;
  const { data: plain } = await answer(path, rows);
  const { data: weighted } = await answer(`${path}&rule=hour_weighted`, rows);
  expect(weighted.map(({ tenor_label }) => tenor_label)).toEqual(plain.map(({ tenor_label }) => tenor_label));
  expect(plain[1]).toMatchObject({ strip_rule: 'plain_mean', weights: [1, 1, 1] });
  expect(weighted[1]).toMatchObject({ strip_rule: 'hour_weighted', rule: expect.stringContaining('PJM') });
  expect(weighted[1]!.weights.every((hours) => hours >= 304 && hours <= 368)).toBe(true);
  expect(Math.abs(weighted[1]!.value - plain[1]!.value)).toBeLessThan(0.05 * plain[1]!.value);
});

test('the days of a curve go back to its quotes, in any format', async () => {
  const rows = z.object({
    meta: z.looseObject({ used: z.array(z.looseObject({})) }),
    data: z.array(shapeRow),
  });
  const path = `/v1/curves/shape?${PJM_WEST}&weekday=1.02,1.03,1.03,1.02,1,0.9,0.9`;
  const { meta, data } = await answer(path, rows);
  const months = Map.groupBy(data, ({ tenor_label }) => tenor_label);
  for (const { tenor_label, price } of meta.used.slice(0, 12)) {
    const days = months.get(tenor_label as string)!;
    const hours = days.reduce((sum, day) => sum + day.hours!, 0);
    expect(days.reduce((sum, day) => sum + day.price * day.hours!, 0) / hours).toBeCloseTo(
      price as number,
      9,
    );
  }
  const authorization = `Bearer ${await testToken(join(home, 'home'), 'analyst')}`;
  const csv = await fetch(site.api + path, { headers: { authorization, accept: 'text/csv' } });
  expect((await csv.text()).trimEnd().split('\r\n')).toHaveLength(data.length + 1);
  const refused = await site.get('/v1/curves/shape?iso=PJM', 'analyst');
  expect([refused.status, await refused.json()]).toMatchObject([400, { code: 'curve_ambiguous' }]);
});

test('a tenant exports, lists, shows and fetches what is its own, and nobody else does', async () => {
  await posted('/v1/tenants', { id: 'acme', name: 'Acme' }, 'admin');
  const entitlements = [{ vendor: 'pw', asset_class: null, region: null }];
  await posted('/v1/tenants/acme/entitlements', { entitlements }, 'admin');
  const asked = { iso: 'PJM', format: 'csv' };
  const made = exportAnswer.parse(await posted('/v1/exports', asked, 'tenant', 'acme'));
  const id = made.data.export_id;
  const own = async (path: string, tenant = 'acme') => site.get(path, 'tenant', tenant);
  const listed = exportListAnswer.parse(await (await own('/v1/exports')).json());
  expect(listed.data).toMatchObject([
    { export_id: id, state: 'signed', rows: made.data.rows, format: 'csv' },
  ]);
  const shown = exportShowAnswer.parse(await (await own(`/v1/exports/${id}`)).json());
  expect(shown.data).toEqual(made.data);
  const file = await own(shown.meta.fetch[1]!.path);
  const bytes = Buffer.from(await file.arrayBuffer());
  expect(hash('sha256', bytes, 'hex')).toBe(made.data.files[0]!.sha256);
  expect(file.headers.get('content-type')).toContain('text/csv');
  const never = '0'.repeat(32);
  const problem = async (path: string) => {
    const response = await site.get(path, 'analyst');
    const { request_id: _, instance: __, ...body } = (await response.json()) as Record<string, unknown>;
    return [response.status, JSON.stringify(body).replaceAll(/[0-9a-f]{32}/g, 'ID')];
  };
  expect(await problem(`/v1/exports/${id}`)).toEqual(await problem(`/v1/exports/${never}`));
  expect((await problem(`/v1/exports/${id}`))[0]).toBe(404);
});

const NO_VERSION = '20250912-0000000000000000';
test.each([
  [`/v1/curves?version=${NO_VERSION}`, 404, 'version_not_found'],
  [`/v1/releases/${NO_VERSION}`, 404, 'version_not_found'],
  [`/v1/qa?version=${NO_VERSION}`, 404, 'version_not_found'],
  [`/v1/curves/diff?from_version=${NO_VERSION}&to_version=${NO_VERSION}`, 404, 'version_not_found'],
  [
    `/v1/lineage?curve_key=${'0'.repeat(64)}&tenor_type=MONTHLY&contract_month=2026-01`,
    404,
    'value_not_found',
  ],
  ['/v1/lineage', 400, 'parameter_missing'],
  ['/v1/releases/nonsense', 400, 'parameter_invalid'],
  ['/v1/releases/%00', 400, 'parameter_invalid'],
  ['/v1/curves?iso=%FF', 400, 'parameter_invalid'],
  ['/v1/instruments?iso=%00', 400, 'parameter_invalid'],
  ['/v1/curves/dimensions?contract_from=2027-01&contract_to=2026-01', 400, 'parameter_invalid'],
  ['/v1/curves/diff?from=2025-09-11', 400, 'diff_sides_invalid'],
  ['/v1/releases?cursor=x', 400, 'cursor_invalid'],
  ['/v1/curves/shape?location=Nowhere', 404, 'curve_not_found'],
  ['/v1/curves/shape?weekday=1,2', 400, 'parameter_invalid'],
  [`/v1/exports/${'0'.repeat(32)}`, 404, 'export_not_found'],
  ['/v1/exports/nonsense', 400, 'parameter_invalid'],
])('%s is %i %s, with a remedy', async (path, status, code) => {
  const response = await site.get(path, 'analyst');
  const problem = (await response.json()) as { code: string; detail: string; remedy?: string };
  expect([response.status, problem.code]).toEqual([status, code]);
  expect(problem.remedy).toEqual(expect.any(String));
});

test('an empty day says that it has no as-of day', async () => {
  const response = await site.get('/v1/curves?asof=2020-01-01', 'analyst');
  expect(await response.json()).toMatchObject({ meta: { asof: null, count: 0 }, data: [] });
});

test('a tenant that has bought nothing finds nothing', async () => {
  const response = await site.get('/v1/curves/dimensions', 'tenant', 'nobody');
  if (response.status === 200) expect(await response.json()).toMatchObject({ meta: { curves: 0, rows: 0 } });
  else expect(response.status).toBe(403);
  expect((await site.get('/v1/qa', 'tenant', 'nobody')).status).toBe(403);
});
