import { describe, expect, test } from 'vitest';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { decodeManifest, decodeManifestList } from '#lib/adapters/tables/iceberg/manifest.ts';
import { currentSnapshot, parseMetadata } from '#lib/adapters/tables/iceberg/metadata.ts';
import { localTables } from '#lib/adapters/tables/pointer-catalog.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import { tablesCases } from './cases.ts';
import { contents, dyingStore } from './faulty-store.ts';
import { marketDay, releaseDay } from './market-days.ts';

const tablesOn = (objects: ObjectStore) => localTables({ objects, bucket: 'aurum' });

describe('tables with the pointer catalog, objects in memory', () => {
  tablesCases(
    async () => {
      const objects = memoryObjectStore();
      return () => tablesOn(objects);
    },
    { releases: 120, writers: 50 },
  );
});

async function json(objects: ObjectStore, key: string): Promise<Record<string, unknown>> {
  return JSON.parse(Buffer.from((await objects.get(key))!.body).toString());
}

describe('the pointer catalog', () => {
  test('killed in any write, done again: the end state equals the undisturbed one byte for byte', async () => {
    const days = [marketDay('2025-09-11'), marketDay('2025-09-12'), marketDay('2025-09-12', 1)];
    const run = async (objects: ObjectStore) => {
      const tables = tablesOn(objects);
      for (const day of days) await releaseDay(tables, day);
      await tables.tag('release-2025-09-12', (await tables.head('main'))!.commit);
    };
    const undisturbed = memoryObjectStore();
    await run(undisturbed);
    const expected = await contents(undisturbed);
    const writes = Object.keys(expected).length + days.length; // the pointers are written more than once
    let killed = 0;
    for (let after_writes = 0; after_writes < writes; after_writes++) {
      for (const last_write_arrives of [false, true]) {
        const objects = memoryObjectStore();
        const dying = run(dyingStore(objects, { after_writes, last_write_arrives }));
        killed += await dying.then(
          () => 0,
          () => 1,
        );
        await run(objects);
        expect(await contents(objects)).toEqual(expected);
      }
    }
    expect(killed).toBeGreaterThan(60);
  });

  test('every commit names all tables at the same version', async () => {
    const objects = memoryObjectStore();
    const days = Array.from({ length: 20 }, (_, index) =>
      marketDay(`2025-09-${String(index + 1).padStart(2, '0')}`),
    );
    await Promise.all(days.map((day) => releaseDay(tablesOn(objects), day)));
    let commit = (await json(objects, 'catalog/refs/main.json')).commit as string | null;
    let seen = 0;
    while ((await objects.get(`catalog/commits/${commit}.json`)) !== undefined) {
      const content = await json(objects, `catalog/commits/${commit}.json`);
      const versions = await Promise.all(
        Object.values(content.tables as Record<string, string>).map(async (location) => {
          const { body } = (await objects.get(location.replace('s3://aurum/', '')))!;
          return currentSnapshot(parseMetadata(body))!.summary['aurum.version'];
        }),
      );
      expect(versions).toEqual(Array(3).fill((content.summary as Record<string, string>)['aurum.version']));
      commit = content.parent as string;
      seen++;
    }
    expect(seen).toBe(days.length);
  });

  test('a table of 230 commits lists few manifests, which name every file once, in the order of the commits', async () => {
    const objects = memoryObjectStore();
    const tables = tablesOn(objects);
    for (let index = 0; index < 230; index++) await releaseDay(tables, marketDay('2025-09-12', index, 1, 1));
    const commit = await json(objects, `catalog/commits/${(await tables.head('main'))!.commit}.json`);
    const read = async (location: string) => (await objects.get(location.replace('s3://aurum/', '')))!.body;
    const location = (commit.tables as Record<string, string>)['market.curve_observation']!;
    const metadata = parseMetadata(await read(location));
    const snapshot = currentSnapshot(metadata)!;
    const manifests = decodeManifestList(await read(snapshot['manifest-list']));
    const entries = await Promise.all(
      manifests.map(async (each) => decodeManifest(await read(each.manifest_path), each)),
    );
    expect(manifests.length).toBeLessThanOrEqual(100);
    expect(metadata.snapshots).toHaveLength(20);
    expect(entries.flat().map((entry) => entry.sequence_number)).toEqual(
      Array.from({ length: 230 }, (_, index) => BigInt(index + 1)),
    );
    expect(new Set(entries.flat().map((entry) => entry.data_file.file_path)).size).toBe(230);
    expect(snapshot.summary).toMatchObject({ 'total-records': '230', 'total-data-files': '230' });
    const counted = manifests.reduce(
      (sum, each) => sum + each.added_files_count + each.existing_files_count,
      0,
    );
    expect(counted).toBe(230);
  });
});
