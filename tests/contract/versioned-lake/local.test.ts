import { describe, expect, test } from 'vitest';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { localLake } from '#lib/adapters/versioned-lake/local.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import { contents, dyingStore } from '#tests/contract/tables/faulty-store.ts';

import { AT, commitVersion, versionedLakeCases, versionsOf } from './cases.ts';

describe('versioned lake on an object store in memory', () => {
  versionedLakeCases(
    async () => {
      const objects = memoryObjectStore();
      return () => localLake({ objects });
    },
    { deliveries: 100 },
  );
});

describe('the lake of commit objects', () => {
  test('killed in any write, done again: the end state equals the undisturbed one byte for byte', async () => {
    const deliver = async (objects: ObjectStore, version: string) => {
      const lake = localLake({ objects });
      await lake.ensureBranch('eod_20250912', 'main');
      const { id } = await commitVersion(lake, 'eod_20250912', version);
      await lake.merge('eod_20250912', 'main', `green ${version}`, AT);
      await lake.tag(`release-${version}`, id);
    };
    const versions = ['v1', 'v2', 'v3'];
    const undisturbed = memoryObjectStore();
    for (const version of versions) await deliver(undisturbed, version);
    const expected = await contents(undisturbed);
    let killed = 0;
    for (let after_writes = 0; after_writes < 9; after_writes++) {
      for (const last_write_arrives of [false, true]) {
        const objects = memoryObjectStore();
        for (const version of versions) {
          const dying = dyingStore(objects, { after_writes, last_write_arrives });
          const died = await deliver(dying, version).then(
            () => false,
            () => true,
          );
          if (!died) continue;
          killed++;
          await deliver(objects, version);
        }
        expect(await contents(objects)).toEqual(expected);
      }
    }
    expect(killed).toBeGreaterThan(30);
  });

  test('one version delivered a thousand times, a hundred at once, leaves what one delivery leaves', async () => {
    const once = memoryObjectStore();
    await commitVersion(localLake({ objects: once }), 'main', 'v1');
    const often = memoryObjectStore();
    const lake = localLake({ objects: often });
    for (let round = 0; round < 10; round++)
      await Promise.all(Array.from({ length: 100 }, () => commitVersion(lake, 'main', 'v1')));
    expect(await contents(often)).toEqual(await contents(once));
  });

  test('a version is committed once with all but the history lost; a longer name is another version', async () => {
    const objects = memoryObjectStore();
    const open = () => localLake({ objects });
    await open().ensureBranch('eod_20250912', 'main');
    for (const version of ['v1.x', 'v1', 'v1.x.y']) await commitVersion(open(), 'eod_20250912', version);
    await open().merge('eod_20250912', 'main', 'green', AT);
    for await (const { key } of objects.list('lake/'))
      if (!/^lake\/(refs|commits)\//.test(key)) await objects.delete(key);
    const before = await contents(objects);
    for (const branch of ['eod_20250912', 'main'])
      for (const version of ['v1.x.y', 'v1', 'v1.x']) await commitVersion(open(), branch, version);
    expect(await contents(objects)).toEqual(before);
    expect(await versionsOf(open(), 'main')).toEqual(['v1.x.y', 'v1', 'v1.x']);
  });

  test('a new version costs the same in a long history as in a short one', async () => {
    const objects = memoryObjectStore();
    let reads = 0;
    const counting: ObjectStore = {
      ...objects,
      get: (key, options) => {
        reads++;
        return objects.get(key, options);
      },
    };
    for (let index = 0; index < 300; index++)
      await commitVersion(localLake({ objects }), 'main', `v${index}`);
    await commitVersion(localLake({ objects: counting }), 'main', 'new');
    expect(reads).toBeLessThan(6);
    await commitVersion(localLake({ objects: counting }), 'main', 'v299');
    expect(reads).toBeLessThan(12);
  });
});
