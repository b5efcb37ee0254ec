/** Releases, their checks and warnings, as people look them up. */
import { beforeAll, expect, test } from 'vitest';
import type { Caller } from '#lib/domain/access.ts';
import { explainDiff } from '#lib/flows/explain-diff.ts';
import { queryCurves } from '#lib/flows/query-curves.ts';
import { queryQa } from '#lib/flows/query-qa.ts';
import { listReleases, showRelease } from '#lib/flows/query-releases.ts';
import { queryStrips } from '#lib/flows/query-strips.ts';
import { curveQuery, stripQuery } from '#schemas/curve-query.ts';
import { curveDiffQuery } from '#schemas/diff.ts';
import {
  qaAnswer,
  qaQuery,
  releaseListAnswer,
  releaseListQuery,
  releaseShowAnswer,
} from '#schemas/releases.ts';
import { type ReleasedDays, releasedDays, STAFF, tenantWith } from '#tests/fixtures/released-days.ts';

let released: ReleasedDays;
beforeAll(async () => {
  released = await releasedDays([
    { vendor: 'eugp', day: '2025-09-11', seed: 1 },
    { vendor: 'eugp', day: '2025-09-12', seed: 2 },
    { vendor: 'eugp', day: '2025-09-12', seed: 3 },
    { vendor: 'pw', day: '2025-09-12', seed: 1 },
  ]);
});

const list = (query: Record<string, string> = {}, caller: Caller = STAFF) =>
  listReleases(releaseListQuery.parse(query), released.ports, caller);
const show = (version: string, caller: Caller = STAFF) => showRelease({ version }, released.ports, caller);
const qa = (query: Record<string, string> = {}, caller: Caller = STAFF) =>
  queryQa(qaQuery.parse(query), released.ports, caller);
const versionsOf = (answer: { data: readonly { version: string }[] }) =>
  answer.data.map(({ version }) => version);

test('all releases, newest first, each saying whether it is current', async () => {
  const answer = await list();
  expect(() => releaseListAnswer.parse(answer)).not.toThrow();
  expect(versionsOf(answer)).toEqual(released.versions.toReversed());
  expect(answer.data.map(({ current }) => current)).toEqual([true, true, false, true]);
  expect(answer.data[2]?.superseded_by).toBe(released.versions[2]);
});

test('by vendor, day and whether they are current', async () => {
  const [first, second, correction, pw] = released.versions as [string, string, string, string];
  expect(versionsOf(await list({ vendor: 'PW' }))).toEqual([pw]);
  expect(versionsOf(await list({ asof: '2025-09-12', vendor: 'eugp' }))).toEqual([correction, second]);
  expect(versionsOf(await list({ current: 'false' }))).toEqual([second]);
  const [newest] = (await list({ vendor: 'pw' })).data;
  const before = new Date(Date.parse(newest!.known_at) - 1).toISOString();
  expect(versionsOf(await list({ as_known_at: before, current: 'true' }))).toEqual([correction, first]);
});

test('pages have every release once', async () => {
  const first = await list({ limit: '3' });
  const second = await list({ limit: '3', cursor: first.meta.next_cursor! });
  expect([...versionsOf(first), ...versionsOf(second)]).toEqual(released.versions.toReversed());
  expect(second.meta.next_cursor).toBeNull();
  await expect(list({ limit: '3', vendor: 'pw', cursor: first.meta.next_cursor! })).rejects.toMatchObject({
    code: 'cursor_mismatch',
  });
  await expect(list({ cursor: 'bm9uc2Vuc2U' })).rejects.toMatchObject({ code: 'cursor_invalid' });
});

test('warnings of a green gate are seen: how many, which rule, at which cells', async () => {
  const version = released.versions[2]!;
  const { data } = await show(version);
  expect(() => releaseShowAnswer.parse({ meta: { version }, data })).not.toThrow();
  const failed = data.checks.filter(({ success }) => !success);
  expect(data.gate).toMatchObject({ verdict: 'green', warning_count: failed.length });
  expect(data.warnings.map(({ expectation, column }) => [expectation, column])).toEqual(
    failed.map(({ expectation, column }) => [expectation, column]),
  );
  expect(data.release.warnings).toBe(failed.length);
  // The second day is drawn from another seed: every price jumps, and the gate says so.
  expect(failed.length).toBeGreaterThan(0);
  const [jump] = data.warnings.filter(({ cells }) => cells.length > 0);
  expect(jump?.rule).toEqual(expect.any(String));
  expect(jump?.cells[0]).toMatch(/^.+![A-Z]+\d+$/);
  expect(jump?.curves[0]?.curve_key).toMatch(/^[0-9a-f]{64}$/);
});

test('one release has its counts, commit and notes', async () => {
  const [release] = await released.ports.tables.releases('main');
  const { data } = await show(release!.version);
  expect(data.counts).toMatchObject({ rows: release!.row_count, failures: 0 });
  expect(data.counts?.sheets.length).toBeGreaterThan(0);
  expect(data.tables_commit).toEqual(expect.any(String));
  expect(data.release).toMatchObject({ source_sha256: release!.source_sha256, current: true });
});

test('QA results: of the newest day of each vendor, of a day, of a version', async () => {
  const [first, , correction, pw] = released.versions as [string, string, string, string];
  const newest = await qa();
  expect(() => qaAnswer.parse(newest)).not.toThrow();
  expect(new Set(versionsOf(newest))).toEqual(new Set([correction, pw]));
  expect(new Set(versionsOf(await qa({ asof: '2025-09-11' })))).toEqual(new Set([first]));
  const { data } = await qa({ version: correction, success: 'false' });
  expect(data.length).toBe((await show(correction)).data.warnings.length);
  expect(data.every(({ success, severity }) => !success && severity !== 'critical')).toBe(true);
  expect((await qa({ version: first, severity: 'critical', success: 'false' })).data).toEqual([]);
});

test('a version that is not there and one of another vendor are the same answer', async () => {
  const pw = tenantWith({ vendor: 'pw', asset_class: null, region: null });
  const [eugp] = released.versions as [string];
  for (const asked of [show('20250912-0000000000000000'), show(eugp, pw), qa({ version: eugp }, pw)]) {
    await expect(asked).rejects.toMatchObject({ code: 'version_not_found' });
  }
  expect((await list({}, pw)).data.map(({ vendor }) => vendor)).toEqual(['pw']);
  expect((await list({}, tenantWith())).data).toEqual([]);
});

const PW_GAS = tenantWith({ vendor: 'pw', asset_class: 'gas', region: null });

test('a tenant is told of releases with a row for it, counts these rows, and hears nothing of the others', async () => {
  const { ports, versions } = released;
  const pw = versions[3]!;
  expect((await list({}, PW_GAS)).data).toEqual([]);
  expect((await list({}, PW_GAS)).meta.as_known_at).toBe('1970-01-01T00:00:00.000Z');
  await expect(show(pw, PW_GAS)).rejects.toMatchObject({ code: 'version_not_found' });

  const { curves } = await ports.queries.dimensions({
    releases: [(await ports.tables.releases('main'))[0]!],
    entitlements: 'all',
    filter: {},
  });
  const [some] = curves;
  const { asset_class } = some!;
  const right = { vendor: 'eugp', asset_class, region: some!.region };
  const partly = tenantWith(right, { vendor: 'pw', asset_class: 'gas', region: null });
  const answer = await list({}, partly);
  expect(() => releaseListAnswer.parse(answer)).not.toThrow();
  expect(versionsOf(answer)).toEqual(versions.slice(0, 3).toReversed());
  const staff = await list({});
  for (const release of answer.data) {
    const slice = { latest: false, filter: {}, limit: 100_000 };
    const rows = await ports.queries.slice({
      ...slice,
      releases: (await ports.tables.releases('main')).filter(({ version }) => version === release.version),
      entitlements: partly.entitlements,
    });
    expect(release.row_count).toBe(rows.length);
    expect(rows.length).toBeGreaterThan(0);
    expect([release.warnings, release.gate_summary]).toEqual([null, null]);
    const whole = staff.data.find(({ version }) => version === release.version)!;
    expect(release.row_count).toBeLessThan(whole.row_count);
    expect(whole.gate_summary).toEqual(expect.any(String));
  }
  const all = await list({}, tenantWith({ vendor: 'eugp', asset_class: null, region: null }));
  expect(all.data).toEqual(staff.data.filter(({ vendor }) => vendor === 'eugp'));
});

test('answers name no release without a row for the caller, and a version of one is no version', async () => {
  const { ports, versions } = released;
  const [, , correction, pw] = versions as [string, string, string, string];
  const both = tenantWith(
    { vendor: 'eugp', asset_class: null, region: null },
    { vendor: 'pw', asset_class: 'gas', region: null },
  );
  const ask = (query: Record<string, string>, caller: Caller) =>
    queryCurves(curveQuery.parse(query), ports, caller);
  const named = (answer: { meta: { releases: readonly { version: string }[] } }) =>
    answer.meta.releases.map(({ version }) => version);
  expect(named(await ask({ asof: '2025-09-12' }, STAFF)).sort()).toEqual([correction, pw].sort());
  for (const query of [{ asof: '2025-09-12' }, {}])
    expect(named(await ask(query, both))).toEqual([correction]);
  const strips = await queryStrips(stripQuery.parse({ asof: '2025-09-12' }), ports, both);
  expect(named(strips)).toEqual([correction]);
  const days = { from: '2025-09-12', to: '2025-09-12' };
  const { meta } = await explainDiff(curveDiffQuery.parse(days), ports, both);
  expect([named({ meta: meta.from }), named({ meta: meta.to })]).toEqual([[correction], [correction]]);
  const refused = [
    ask({ version: pw }, both),
    queryStrips(stripQuery.parse({ version: pw }), ports, both),
    explainDiff(curveDiffQuery.parse({ from_version: pw, to_version: pw }), ports, both),
  ];
  for (const asked of refused) await expect(asked).rejects.toMatchObject({ code: 'version_not_found' });
});

test('a vendor is chosen in any case, alone and with a version', async () => {
  const { ports, versions } = released;
  const [, , correction, pw] = versions as [string, string, string, string];
  const ask = (query: Record<string, string>) =>
    queryCurves(curveQuery.parse({ tenor_type: 'CALENDAR', limit: '10000', ...query }), ports, STAFF);
  const sources = ({ data }: Awaited<ReturnType<typeof ask>>) => [
    ...new Set(data.map(({ source_file }) => source_file!.slice(0, 7))),
  ];
  const all = await ask({ asof: '2025-09-12' });
  const eugp = await ask({ asof: '2025-09-12', vendor: 'EUGP' });
  const others = await ask({ asof: '2025-09-12', vendor: 'pw' });
  expect([sources(eugp), sources(others)]).toEqual([['EOD_EUG'], ['EOD_PW_']]);
  expect(all.meta.next_cursor).toBeNull();
  expect(eugp.data.length + others.data.length).toBe(all.data.length);
  expect(eugp.meta.releases.map(({ version }) => version)).toEqual([correction]);
  expect(sources(await ask({ vendor: 'pw' }))).toEqual(['EOD_PW_']);
  expect((await ask({ version: pw, vendor: 'PW' })).data).toEqual(others.data);
  for (const query of [{ vendor: 'zz' }, { version: pw, vendor: 'eugp' }]) {
    const { meta, data } = await ask(query);
    expect([meta.releases, data]).toEqual([[], []]);
  }
  const strips = await queryStrips(stripQuery.parse({ asof: '2025-09-12', vendor: 'pw' }), ports, STAFF);
  expect(strips.meta.releases.map(({ version }) => version)).toEqual([pw]);
});
