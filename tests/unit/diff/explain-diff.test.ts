/** Differences over released workbooks: which sides there are, who sees what, and how they are paged. */
import { isDeepStrictEqual } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import type { Caller } from '#lib/domain/access.ts';
import { DIFF_PARTS } from '#lib/domain/curve-diff.ts';
import { explainDiff } from '#lib/flows/explain-diff.ts';
import { curveDiffAnswer, curveDiffQuery } from '#schemas/diff.ts';
import { type ReleasedDays, releasedDays, STAFF, tenantWith } from '#tests/fixtures/released-days.ts';

const [YESTERDAY, DAY] = ['2025-09-11', '2025-09-12'];
let released: ReleasedDays;
beforeAll(async () => {
  released = await releasedDays([
    { vendor: 'pw', day: YESTERDAY, seed: 1 },
    { vendor: 'eugp', day: YESTERDAY, seed: 1 },
    { vendor: 'pw', day: DAY, seed: 2 },
    { vendor: 'eugp', day: DAY, seed: 2 },
    { vendor: 'pw', day: DAY, seed: 3 },
  ]);
});

const ask = (query: Record<string, string>, caller: Caller = STAFF) =>
  explainDiff(curveDiffQuery.parse(query), released.ports, caller);
const days = { from: YESTERDAY, to: DAY };

test('between two days every tenor of every curve is explained, and the parts sum', async () => {
  const answer = await ask({ ...days, limit: '500' });
  expect(() => curveDiffAnswer.parse({ ...answer, data: answer.data.slice(0, 60) })).not.toThrow();
  expect(new Set(answer.data.map(({ vendor }) => vendor))).toEqual(new Set(['pw', 'eugp']));
  expect(answer.meta.to.releases.map(({ version }) => version)).toContain(released.versions[4]);
  let tenors = 0;
  for (const { tenors: changes, totals } of answer.data) {
    tenors += changes.length;
    const wrong = [totals, ...changes].filter(
      ({ parts, change }) =>
        !(Math.abs(DIFF_PARTS.reduce((sum, part) => sum + parts[part], 0) - change) < 1e-9),
    );
    expect(wrong).toEqual([]);
    expect(changes.filter(({ change, a, b }) => change !== (b ?? 0) - (a ?? 0))).toEqual([]);
  }
  expect(tenors).toBeGreaterThan(5_000);
});

test('values are those of the two days', async () => {
  const answer = await ask({ ...days, asset_class: 'power', iso: 'pjm', market: 'west', block: 'on_peak' });
  expect(answer.data).toHaveLength(1);
  const [{ curve_key, tenors }] = answer.data as [(typeof answer.data)[0]];
  const priced = async (release: number) => {
    const releases = (await released.ports.tables.releases('main')).filter(
      ({ version }) => version === released.versions[release],
    );
    const rows = await released.ports.queries.slice({
      releases,
      latest: false,
      entitlements: 'all',
      filter: { curve_key },
      limit: 1_000,
    });
    return new Map(
      rows.map((row) => [`${row.tenor_type}${row.contract_month}${row.tenor_label}`, row.value]),
    );
  };
  const [before, after] = [await priced(0), await priced(4)];
  for (const { tenor_type, contract_month, tenor_label, a, b } of tenors) {
    const name = `${tenor_type}${contract_month}${tenor_label}`;
    expect([a, b]).toEqual([before.get(name) ?? null, after.get(name) ?? null]);
  }
  expect(tenors.length).toBeGreaterThan(60);
});

test('a correction against its original: one day, no roll', async () => {
  const [, , original, , correction] = released.versions as [string, string, string, string, string];
  const answer = await ask({ from_version: original, to_version: correction, limit: '500' });
  expect(answer.data.length).toBeGreaterThan(0);
  expect(answer.data.every(({ vendor }) => vendor === 'pw')).toBe(true);
  expect(answer.data.every(({ totals }) => totals.parts.roll === 0 && totals.new === 0)).toBe(true);
  const same = await ask({ from_version: correction, to_version: correction, limit: '500' });
  expect(same.data.every(({ totals }) => totals.change === 0 && totals.spikes === 0)).toBe(true);
});

test('pages have every curve once', async () => {
  const whole = (await ask({ ...days, limit: '500' })).data;
  const paged: typeof whole = [];
  let cursor: string | null | undefined;
  do {
    const page = await ask({ ...days, limit: '40', ...(cursor == null ? {} : { cursor }) });
    paged.push(...page.data);
    cursor = page.meta.next_cursor;
  } while (cursor !== null);
  expect(paged.length).toBeGreaterThan(100);
  expect(isDeepStrictEqual(paged, whole)).toBe(true);
});

test('a tenant sees the curves it has bought and no others', async () => {
  const eugp = tenantWith({ vendor: 'eugp', asset_class: 'power', region: null });
  const answer = await ask({ ...days, limit: '500' }, eugp);
  expect(new Set(answer.data.map(({ vendor, asset_class }) => `${vendor} ${asset_class}`))).toEqual(
    new Set(['eugp power']),
  );
  expect(answer.meta.from.releases.map(({ vendor }) => vendor)).toEqual(['eugp']);
  expect((await ask({ ...days }, tenantWith())).data).toEqual([]);
  const [original] = released.versions;
  const theirs = ask({ from_version: original!, to_version: original! }, eugp);
  const absent = ask({ from_version: '20250912-0000000000000000', to_version: original! }, eugp);
  await expect(theirs).rejects.toMatchObject({ code: 'version_not_found', place: { field: 'from_version' } });
  await expect(absent).rejects.toMatchObject({ code: 'version_not_found', place: { field: 'from_version' } });
});

test.each([
  [{}, 'to'],
  [{ from: YESTERDAY }, 'to'],
  [{ to: DAY }, 'from'],
  [{ ...days, to_version: '20250912-0000000000000000' }, 'from_version'],
  [{ from_version: '20250912-0000000000000000' }, 'to_version'],
])('sides %j are refused and the missing one is named', async (query, field) => {
  await expect(ask(query as Record<string, string>)).rejects.toMatchObject({
    code: 'diff_sides_invalid',
    place: { field },
    remedy: expect.stringContaining('two days'),
  });
});

test('a day with nothing released makes everything new', async () => {
  const { data, meta } = await ask({ from: '2025-01-02', to: DAY, iso: 'pjm' });
  expect(meta.from).toEqual({ asof_date: null, releases: [] });
  expect(data.length).toBeGreaterThan(0);
  expect(data.every(({ totals, fit }) => totals.shared === 0 && fit === null)).toBe(true);
});
