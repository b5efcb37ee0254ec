/** What every versioned lake must do. `open` gives a new adapter on the same stored state: a restart. */
import { expect, test } from 'vitest';
import type { LakeCommit, VersionedLake } from '#lib/ports/versioned-lake.ts';

export type OpenLake = () => VersionedLake;

export const AT = '2025-09-12T22:00:00.000Z';

export const objectsOf = (version: string) => [
  { key: `raw/vendor_curves/2025-09-12/${version} +ü.xlsx`, etag: `raw-${version}`, size: 10 },
  { key: `staged/${version}/rows.parquet`, etag: `rows-${version}`, size: 20 },
];

export const commitVersion = (lake: VersionedLake, branch: string, version: string, committed_at = AT) =>
  lake.commit(branch, `EOD ${version}`, { 'aurum.version': version }, objectsOf(version), committed_at);

async function log(lake: VersionedLake, ref: string): Promise<readonly LakeCommit[]> {
  const commits: LakeCommit[] = [];
  for await (const commit of lake.log(ref)) commits.push(commit);
  return commits;
}

export const versionsOf = async (lake: VersionedLake, ref: string) =>
  (await log(lake, ref)).flatMap(({ metadata }) => metadata['aurum.version'] ?? []);

/** `deliveries` at once: fewer where a call costs milliseconds. */
export function versionedLakeCases(
  fresh: () => Promise<OpenLake>,
  size: { readonly deliveries: number },
): void {
  test('a branch starts at the head of its source and moves alone', async () => {
    const lake = (await fresh())();
    await lake.ensureBranch('eod_20250912', 'main');
    await lake.ensureBranch('eod_20250912', 'main');
    const made = await commitVersion(lake, 'eod_20250912', 'v1');
    expect(made).toMatchObject({
      message: 'EOD v1',
      metadata: { 'aurum.version': 'v1' },
      objects: objectsOf('v1'),
      committed_at: AT,
    });
    expect((await log(lake, 'eod_20250912'))[0]).toEqual(made);
    expect(await versionsOf(lake, 'main')).toEqual([]);

    await lake.ensureBranch('eod_20250912', 'main');
    expect(await versionsOf(lake, 'eod_20250912')).toEqual(['v1']);
  });

  test('a version is committed to a branch once, also after a merge, a restart and with another time', async () => {
    const open = await fresh();
    const lake = open();
    await lake.ensureBranch('eod_20250912', 'main');
    const made = await commitVersion(lake, 'eod_20250912', 'v1');
    await commitVersion(lake, 'eod_20250912', 'v2');
    const merged = await lake.merge('eod_20250912', 'main', 'green', AT);
    for (const each of [lake, open()]) {
      expect(await commitVersion(each, 'eod_20250912', 'v1', '2025-09-13T00:00:00.000Z')).toEqual(made);
      expect(await commitVersion(each, 'main', 'v1')).toEqual(made);
    }
    expect(await versionsOf(lake, 'eod_20250912')).toEqual(['v2', 'v1']);
    expect(await lake.merge('eod_20250912', 'main', 'again', AT)).toBe(merged);
  });

  test('a version known to another branch only is a commit of its own', async () => {
    const lake = (await fresh())();
    await lake.ensureBranch('eod_20250912', 'main');
    await lake.ensureBranch('hotfix_1', 'main');
    await commitVersion(lake, 'eod_20250912', 'v1');
    await commitVersion(lake, 'hotfix_1', 'v1');
    expect(await versionsOf(lake, 'hotfix_1')).toEqual(['v1']);
  });

  test('a merge brings the commits of the branch; merging nothing changes nothing', async () => {
    const lake = (await fresh())();
    for (const day of ['eod_20250911', 'eod_20250912']) await lake.ensureBranch(day, 'main');
    await commitVersion(lake, 'eod_20250911', 'v1');
    await commitVersion(lake, 'eod_20250912', 'v2');
    const first = await lake.merge('eod_20250911', 'main', 'green', AT);
    const second = await lake.merge('eod_20250912', 'main', 'green', AT);
    expect(second).not.toBe(first);
    expect((await log(lake, 'main'))[0]).toMatchObject({ id: second, message: 'green' });
    expect((await log(lake, 'main'))[0]!.parents[0]).toBe(first);
    expect([...(await versionsOf(lake, 'main'))].sort()).toEqual(['v1', 'v2']);

    expect(await lake.merge('eod_20250911', 'main', 'nothing', AT)).toBe(second);
    await lake.ensureBranch('eod_20250913', 'main');
    expect(await lake.merge('eod_20250913', 'main', 'nothing', AT)).toBe(second);
  });

  test('what a merge would bring is told before it, by branch or by commit, and is nothing after it', async () => {
    const lake = (await fresh())();
    for (const day of ['eod_20250911', 'eod_20250912']) await lake.ensureBranch(day, 'main');
    await commitVersion(lake, 'eod_20250911', 'v1');
    await lake.merge('eod_20250911', 'main', 'green', AT);
    await commitVersion(lake, 'eod_20250912', 'v2');
    const { id } = await commitVersion(lake, 'eod_20250912', 'v3/+ü');
    for (const source of ['eod_20250912', id])
      expect([...(await lake.versionsToMerge(source, 'main'))].sort()).toEqual(['v2', 'v3/+ü']);
    await lake.merge('eod_20250912', 'main', 'green', AT);
    expect(await lake.versionsToMerge('eod_20250912', 'main')).toEqual([]);
    await expect(lake.versionsToMerge('nope', 'main')).rejects.toMatchObject({ code: 'ref_unknown' });
  });

  test('the log has every commit once, children before parents', async () => {
    const lake = (await fresh())();
    for (let day = 10; day < 20; day++) {
      const branch = `eod_202509${day}`;
      await lake.ensureBranch(branch, 'main');
      for (const part of ['a', 'b']) await commitVersion(lake, branch, `${day}${part}`);
      if (day % 3 !== 0) await lake.merge(branch, 'main', `merge ${day}`, AT);
    }
    const commits = await log(lake, 'main');
    const place = new Map(commits.map(({ id }, index) => [id, index]));
    expect(place.size).toBe(commits.length);
    for (const { id, parents } of commits)
      for (const parent of parents) expect(place.get(parent)).toBeGreaterThan(place.get(id)!);
    expect(await versionsOf(lake, 'main')).toHaveLength(14);
  });

  test('a tag is created once and names a commit', async () => {
    const lake = (await fresh())();
    const first = await commitVersion(lake, 'main', 'v1');
    const second = await commitVersion(lake, 'main', 'v2');
    expect(await lake.tag('release-2025-09-12', first.id)).toBe('created');
    expect(await lake.tag('release-2025-09-12', second.id)).toBe('exists');
    expect(await lake.tag('release-2025-09-12.2', second.id)).toBe('created');
    expect(await lake.tags('release-2025-09-12')).toEqual(
      new Map([
        ['release-2025-09-12', first.id],
        ['release-2025-09-12.2', second.id],
      ]),
    );
    expect(await lake.tags('release-2026')).toEqual(new Map());
    expect(await versionsOf(lake, 'release-2025-09-12')).toEqual(['v1']);
  });

  test('unknown branches, sources and commits, and names that are none, are refused', async () => {
    const lake = (await fresh())();
    const unknown = { kind: 'refused', code: 'ref_unknown' };
    await expect(commitVersion(lake, 'eod_20250912', 'v1')).rejects.toMatchObject(unknown);
    await expect(lake.ensureBranch('hotfix_1', 'nope')).rejects.toMatchObject(unknown);
    await expect(lake.merge('nope', 'main', 'x', AT)).rejects.toMatchObject(unknown);
    await expect(versionsOf(lake, 'nope')).rejects.toMatchObject(unknown);
    await expect(lake.tag('release-2025-09-12', 'nope')).rejects.toMatchObject({ kind: 'refused' });
    const { id } = await commitVersion(lake, 'main', 'v1');
    await expect(commitVersion(lake, 'main', 'v2', 'yesterday')).rejects.toMatchObject({ kind: 'fault' });
    expect(await versionsOf(lake, 'main')).toEqual(['v1']);
    for (const name of ['release/2025', 'a b', '../main', ''])
      await expect(lake.tag(name, id)).rejects.toMatchObject({ code: 'ref_name_invalid' });
  });

  test('many commits and merges at once, each twice, from four processes: none is lost, none doubled', async () => {
    const open = await fresh();
    const processes = [open(), open(), open(), open()];
    await open().ensureBranch('eod_20250912', 'main');
    const deliveries = Array.from(
      { length: size.deliveries },
      (_, index) => `v${index % (size.deliveries / 2)}`,
    );
    await Promise.all(
      deliveries.map(async (version, index) => {
        const lake = processes[index % 4]!;
        await commitVersion(lake, 'eod_20250912', version);
        await lake.merge('eod_20250912', 'main', 'green', AT);
      }),
    );
    const versions = await versionsOf(open(), 'main');
    expect([...versions].sort()).toEqual([...new Set(deliveries)].sort());
  });
}
