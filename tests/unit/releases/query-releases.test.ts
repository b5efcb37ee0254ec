/** Releases, their checks and warnings, as people look them up. */
import { beforeAll, expect, test } from 'vitest';
import type { Caller } from '#lib/domain/access.ts';
import { queryQa } from '#lib/flows/query-qa.ts';
import { listReleases, showRelease } from '#lib/flows/query-releases.ts';
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
