/** From what exists to a curve, to the cell behind a point, to its release and checks: over HTTP, as `npm start` serves it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { shapeRow } from '#schemas/shape.ts';
import { stripRow } from '#schemas/strip.ts';
import { exportByTenant, registerTenant } from '#tests/fixtures/export-steps.ts';
import { fromCurveToCell } from '#tests/fixtures/newcomer-steps.ts';
import { peopleAt } from '#tests/fixtures/people.ts';
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
  const lineage = await fromCurveToCell(answer);
  expect(lineage.event_log.position).toMatch(/^\d{15}-\d{9}$/);
});

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
  const people = peopleAt(site.api, join(home, 'home'));
  await registerTenant(people, 'acme', 'pw');
  const { manifest } = await exportByTenant(people, 'acme', { iso: 'PJM', format: 'csv' });
  const [file] = manifest.files;
  const fetched = await site.get(`/v1/exports/${manifest.export_id}/${file!.name}`, 'tenant', 'acme');
  expect(fetched.headers.get('content-type')).toContain('text/csv');
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
