/** What exists, as a picker asks: narrowed by filters and words, counted, cut, and only what the caller may see. */
import { beforeAll, expect, test } from 'vitest';
import type { Caller } from '#lib/domain/access.ts';
import { queryDimensions } from '#lib/flows/query-dimensions.ts';
import { dimensionsAnswer, dimensionsQuery } from '#schemas/dimensions.ts';
import { type ReleasedDays, releasedDays, STAFF, tenantWith } from '#tests/fixtures/released-days.ts';

let released: ReleasedDays;
beforeAll(async () => {
  released = await releasedDays([
    { vendor: 'pw', day: '2025-09-11' },
    { vendor: 'pw', day: '2025-09-12' },
    { vendor: 'eugp', day: '2025-09-12' },
  ]);
});

const ask = (query: Record<string, string> = {}, caller: Caller = STAFF) =>
  queryDimensions(dimensionsQuery.parse({ limit: '5000', ...query }), released.ports, caller);
const values = (list: readonly { value: string | null }[]) => list.map(({ value }) => value);

test('everything that exists is there, with counts that agree', async () => {
  const answer = await ask();
  expect(() => dimensionsAnswer.parse(answer)).not.toThrow();
  const { data, meta } = answer;
  const releases = await released.ports.tables.releases('main');
  expect(meta.rows).toBe(releases.reduce((sum, { row_count }) => sum + row_count, 0));
  expect(meta).toMatchObject({ curves: data.curves.length, days: 2, cut: [] });
  expect(values(data.vendor)).toEqual(['eugp', 'pw']);
  expect(values(data.iso)).toContain('PJM');
  expect(data.asof.map(({ asof_date, vendor }) => `${asof_date} ${vendor}`)).toEqual([
    '2025-09-12 pw',
    '2025-09-12 eugp',
    '2025-09-11 pw',
  ]);
  for (const list of [data.vendor, data.asset_class, data.iso, data.block, data.units]) {
    expect(list.reduce((sum, { rows }) => sum + rows, 0)).toBe(meta.rows);
    expect(list.reduce((sum, { curves }) => sum + curves, 0)).toBe(meta.curves);
  }
  expect(data.tenors.reduce((sum, { rows }) => sum + rows, 0)).toBe(meta.rows);
});

test('each choice narrows what is left to choose', async () => {
  const all = await ask({ asset_class: 'power' });
  const pjm = await ask({ asset_class: 'power', iso: 'pjm' });
  const west = await ask({ asset_class: 'power', iso: 'pjm', market: ' WEST ' });
  expect(values(pjm.data.iso)).toEqual(['PJM']);
  expect(values(pjm.data.market)).toContain('West');
  expect(values(west.data.market)).toEqual(['West']);
  expect(west.meta.curves).toBeGreaterThan(0);
  expect(west.meta.curves).toBeLessThan(pjm.meta.curves);
  expect(pjm.meta.curves).toBeLessThan(all.meta.curves);
});

test('all words must occur, in any case and any field', async () => {
  const { data } = await ask({ q: 'peak  pjm WEST' });
  expect(data.curves.length).toBeGreaterThan(0);
  for (const curve of data.curves) {
    const text = Object.values(curve).join(' ').toLowerCase();
    expect(['peak', 'pjm', 'west'].every((word) => text.includes(word))).toBe(true);
  }
  expect((await ask({ q: 'pjm nowhere' })).data.curves).toEqual([]);
  expect((await ask({ q: "%' OR 1=1 --" })).data.curves).toEqual([]);
});

test('counts are of matching rows only', async () => {
  const { data, meta } = await ask({ tenor_type: 'CALENDAR', asof: '2025-09-12', contract_from: '2027-01' });
  expect(data.tenors.map(({ tenor_type }) => tenor_type)).toEqual(['CALENDAR']);
  expect(data.tenors[0]!.first_month >= '2027-01-01').toBe(true);
  expect(meta.days).toBe(1);
  expect(meta.rows).toBeGreaterThan(0);
});

test('long lists are cut and say so, the counts stay whole', async () => {
  const whole = await ask();
  const cut = await ask({ limit: '2' });
  expect(cut.data.curves).toEqual(whole.data.curves.slice(0, 2));
  expect(cut.meta).toEqual({ ...whole.meta, cut: expect.arrayContaining(['curves', 'location']) });
});

test('a tenant finds what it has bought and nothing that tells of more', async () => {
  const { data, meta } = await ask({}, tenantWith({ vendor: 'EUGP', asset_class: 'gas', region: null }));
  expect(values(data.vendor)).toEqual(['eugp']);
  expect(values(data.asset_class)).toEqual(['gas']);
  expect(data.asof.map(({ vendor }) => vendor)).toEqual(['eugp']);
  expect(meta.rows).toBe(data.curves.reduce((sum, { rows }) => sum + rows, 0));
  expect((await ask({}, tenantWith())).meta).toMatchObject({ curves: 0, rows: 0, days: 0 });
});

test('as known before a release, its day is not there', async () => {
  const [, second] = await released.ports.tables.releases('main');
  const before = new Date(Date.parse(second!.known_at) - 1).toISOString();
  const { data } = await ask({ as_known_at: before });
  expect(data.asof.map(({ asof_date }) => asof_date)).toEqual(['2025-09-11']);
});
