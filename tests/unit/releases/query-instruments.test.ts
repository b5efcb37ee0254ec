/** Instruments over a real operational database: found as the curve key compares, paged, and only the caller's. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sqlOperations } from '#lib/adapters/operations/sql.ts';
import { pgliteSql } from '#lib/adapters/sql/pglite.ts';
import type { Caller } from '#lib/domain/access.ts';
import { describeRelease } from '#lib/flows/describe-release.ts';
import { type InstrumentPorts, queryInstruments } from '#lib/flows/query-instruments.ts';
import { instrumentAnswer, instrumentQuery } from '#schemas/instruments.ts';
import { type ReleasedDays, releasedDays, STAFF, tenantWith } from '#tests/fixtures/released-days.ts';

const dir = mkdtempSync(join(tmpdir(), 'aurum-instruments-'));
const ddl = readFileSync(join(import.meta.dirname, '../../../ddl/postgres/app.sql'), 'utf8');
const sql = pgliteSql({ dir: join(dir, 'postgres'), ddl });
let released: ReleasedDays;
let ports: InstrumentPorts;
beforeAll(async () => {
  await sql.migrate();
  released = await releasedDays([
    { vendor: 'pw', day: '2025-09-12' },
    { vendor: 'eugp', day: '2025-09-12' },
  ]);
  ports = { ...released.ports, sql };
  for (const version of released.versions)
    await describeRelease(version, { objects: released.ports.objects, operations: sqlOperations(sql) });
}, 60_000);
afterAll(async () => {
  await sql.close();
  rmSync(dir, { recursive: true, force: true });
});

const ask = (query: Record<string, string> = {}, caller: Caller = STAFF) =>
  queryInstruments(instrumentQuery.parse({ limit: '5000', ...query }), ports, caller);

test('every curve released is an instrument, with its unit', async () => {
  const answer = await ask();
  expect(() => instrumentAnswer.parse(answer)).not.toThrow();
  const { curves } = await released.ports.queries.dimensions({
    releases: await released.ports.tables.releases('main'),
    entitlements: 'all',
    filter: {},
  });
  expect(new Set(answer.data.map(({ curve_key }) => curve_key))).toEqual(
    new Set(curves.map(({ curve_key }) => curve_key)),
  );
  expect(answer.meta).toEqual({ count: answer.data.length, next_cursor: null });
});

test('text is found in any case, with any blanks, and is never SQL', async () => {
  const { data } = await ask({ iso: ' pJm ', market: 'WEST' });
  expect(data.length).toBeGreaterThan(0);
  expect(new Set(data.map(({ iso, market }) => `${iso} ${market}`))).toEqual(new Set(['PJM West']));
  for (const iso of ["' OR 1=1 --", '%', '$1', '__proto__']) expect((await ask({ iso })).data).toEqual([]);
});

test('pages have every instrument once', async () => {
  const whole = await ask();
  const paged: typeof whole.data = [];
  let cursor: string | null | undefined;
  do {
    const page = await ask({ limit: '25', ...(cursor == null ? {} : { cursor }) });
    paged.push(...page.data);
    cursor = page.meta.next_cursor;
  } while (cursor !== null);
  expect(paged).toEqual(whole.data);
});

test('a tenant sees the instruments of its curves', async () => {
  const eugp = tenantWith({ vendor: 'eugp', asset_class: null, region: null });
  const { data } = await ask({}, eugp);
  expect(data.length).toBeGreaterThan(0);
  expect(data.length).toBeLessThan((await ask()).data.length);
  expect((await ask({ iso: 'PJM' }, eugp)).data).toEqual([]);
  expect((await ask({}, tenantWith())).data).toEqual([]);
});
