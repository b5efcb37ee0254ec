/**
 * The tables of the lake in a real Nessie, objects in the bucket of its warehouse. Every state has branches, tags and a
 * folder of its own, so the suite disturbs nobody who uses the same server.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseMetadata } from '#lib/adapters/tables/iceberg/metadata.ts';
import { nessieTables } from '#lib/adapters/tables/nessie.ts';
import { nessieClient } from '#lib/adapters/tables/nessie-client.ts';
import { tablesCases } from '#tests/contract/tables/cases.ts';
import { dyingStore } from '#tests/contract/tables/faulty-store.ts';
import { commitDay, marketDay, releaseDay, stageDay } from '#tests/contract/tables/market-days.ts';
import { bucketThere, clearCorners, corner, NESSIE_THERE } from './lake-services.ts';

const TABLES = ['market.curve_observation', 'market.curve_release', 'market.qa_checks'];

describe.skipIf(!NESSIE_THERE)(
  'tables in Nessie (skipped without AURUM_NESSIE_URL and AURUM_S3_ENDPOINT)',
  () => {
    beforeAll(bucketThere);
    afterAll(clearCorners);

    tablesCases(
      async () => {
        const { open } = corner();
        return () => open();
      },
      { releases: 12, writers: 16 },
    );

    test('a release is one Nessie commit over its three tables, and 63-bit snapshot ids come back to the digit', async () => {
      const lake = corner();
      const tables = lake.open();
      const nessie = nessieClient(lake);
      await releaseDay(tables, marketDay('2025-09-11'));
      const before = (await tables.head('main'))!.commit;
      await releaseDay(tables, marketDay('2025-09-12'));
      const after = (await tables.head('main'))!.commit;
      const history = await fetch(`${lake.nessie_url}/api/v2/trees/@${after}/history?max-records=2`);
      const { logEntries } = (await history.json()) as { logEntries: { commitMeta: { hash: string } }[] };
      expect(logEntries.map(({ commitMeta }) => commitMeta.hash)).toEqual([after, before]);

      const there = (await nessie.contents(`${lake.name}_main`, TABLES))!;
      expect([...there.tables.keys()].sort()).toEqual(TABLES);
      for (const { metadata_location, snapshot_id } of there.tables.values()) {
        const stored = await lake.objects.get(metadata_location.slice(lake.location_root.length + 1));
        const metadata = parseMetadata(stored!.body);
        expect(metadata['current-snapshot-id']).toBe(snapshot_id);
        expect(metadata['last-sequence-number']).toBe(2);
        expect(metadata.snapshots.at(-1)?.summary['aurum.version']).toBe(marketDay('2025-09-12').version);
        expect(Number(snapshot_id)).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
      }
    });

    test('killed in any write and done again: each version is on main once', async () => {
      const [first, second] = [marketDay('2025-09-11'), marketDay('2025-09-12')];
      let killed = 0;
      for (let after_writes = 0; after_writes < 9; after_writes++) {
        const lake = corner();
        await releaseDay(lake.open(), first);
        const dying = lake.open(
          dyingStore(lake.objects, { after_writes, last_write_arrives: after_writes % 2 === 0 }),
        );
        killed += await releaseDay(dying, second).then(
          () => 0,
          () => 1,
        );
        await releaseDay(lake.open(), second);
        const released = (await lake.open().releases('main')).map(({ version }) => version);
        expect(released).toEqual([first.version, second.version]);
      }
      expect(killed).toBe(9);
    });

    test("a writer whose branch is taken over is told so and does not take the other writer's commit for its own", async () => {
      const lake = corner();
      const [mine, theirs] = [marketDay('2025-09-12', 0), marketDay('2025-09-12', 1)];
      const [one, other] = [lake.open(), lake.open()];
      const base = (await one.head('main'))!;
      const made = await Promise.all(
        [mine, theirs].map(async (day, at) => {
          const tables = at === 0 ? one : other;
          return commitDay(tables, day, base, await stageDay(tables, day));
        }),
      );
      const commits = made.flatMap((result) => (result.outcome === 'committed' ? [result.head.commit] : []));
      expect(new Set(commits).size).toBe(commits.length);
      for (const [at, result] of made.entries()) {
        if (result.outcome === 'conflict') continue;
        const [release] = await one.releases(result.head);
        expect(release?.version).toBe([mine, theirs][at]!.version);
      }
      await Promise.all([releaseDay(one, mine), releaseDay(other, theirs)]);
      expect(await one.releases('main')).toHaveLength(2);
    });

    test('a wrong warehouse or bucket is named before anything is committed', async () => {
      const lake = corner();
      const wrong = [
        [{ warehouse: 'nowhere' }, 'nessie_warehouse_unknown', 'AURUM_NESSIE_WAREHOUSE'],
        [{ bucket: 'elsewhere' }, 'nessie_warehouse_elsewhere', 'AURUM_S3_BUCKET'],
      ] as const;
      for (const [part, code, setting] of wrong) {
        const tables = nessieTables({ ...lake, ...part, ref_prefix: `${lake.name}_` });
        const day = marketDay('2025-09-12');
        const base = (await tables.head('main'))!;
        const committed = commitDay(tables, day, base, await stageDay(tables, day));
        await expect(committed).rejects.toMatchObject({ code, remedy: expect.stringContaining(setting) });
        expect(await tables.head(day.branch)).toBeUndefined();
      }
    });
  },
);
