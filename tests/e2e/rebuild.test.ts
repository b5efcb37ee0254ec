/** A rebuild: all but the raw area is wiped, and what is served afterwards is equal, bit for bit. */
import { beforeAll, describe, expect, test } from 'vitest';
import { memoryIngestLog } from '#lib/adapters/ingest-log/memory.ts';
import { busy } from '#lib/domain/errors.ts';
import { planRebuild, rebuild } from '#lib/flows/rebuild.ts';
import { digest, type MainDigest } from '#lib/flows/rebuild-digest.ts';
import type { IngestEntry, IngestLog } from '#lib/ports/ingest-log.ts';
import {
  ALL,
  copyOf,
  memoryOperations,
  mismatches,
  portsOf,
  rebuildOrigin,
  type SitePorts,
} from '#tests/fixtures/rebuild-site.ts';

let origin: SitePorts;
let told: ReturnType<typeof memoryOperations>;
let before: MainDigest;
beforeAll(async () => {
  ({ origin, told } = await rebuildOrigin());
  before = await digest(origin);
});

const standing = async (log: IngestLog) =>
  (await log.latest({ limit: 100 }))
    .map(({ at: _, ...entry }: IngestEntry) => entry)
    .sort((a, b) => (`${a.source_key}${a.etag}` < `${b.source_key}${b.etag}` ? -1 : 1));

describe('from the raw area', () => {
  test('alone, every row is there again, the same version is current, and all of it is proven', async () => {
    const operations = memoryOperations();
    const ports = portsOf({
      objects: await copyOf(origin.objects, ['raw/']),
      operations: operations.operations,
    });
    const report = await rebuild(ALL, ports);
    expect(report).toMatchObject({
      uploads: 5,
      released: 3,
      red: 1,
      refused: 1,
      rows: before.rows,
      failed: [],
      lost: [],
      instants: { kept: 0, new: 3 },
      rpo_s: 0,
    });
    expect(report.rto_s).toBeGreaterThan(0);
    expect(report.digest.content).toBe(before.content);
    expect(report.digest.instants).not.toBe(before.instants);
    expect(await mismatches(ports)).toEqual({});
    expect(await standing(ports.log)).toEqual(await standing(origin.log));
    expect(operations.watermarks).toEqual(told.watermarks);
    expect(operations.instruments).toEqual(told.instruments);
  });

  test('and the intents, also the instants are as they were', async () => {
    const ports = portsOf({ objects: await copyOf(origin.objects, ['raw/', 'releasing/']) });
    const report = await rebuild(ALL, ports);
    expect(report.digest).toEqual(before);
    expect(report.instants).toEqual({ kept: 3, new: 0 });
    expect(await mismatches(ports)).toEqual({});
  });

  test('with one intent lost, the others keep their instants', async () => {
    const objects = await copyOf(origin.objects, ['raw/', 'releasing/']);
    const [first] = await origin.tables.releases('main');
    await objects.delete(`releasing/${first!.version}.json`);
    const report = await rebuild(ALL, portsOf({ objects }));
    expect(report.instants).toEqual({ kept: 2, new: 1 });
    expect(report.digest.content).toBe(before.content);
  });

  test('and an event log that survived: nothing is published twice, and the instants are taken from it', async () => {
    const ports = portsOf({ objects: await copyOf(origin.objects, ['raw/']), bus: origin.bus });
    expect((await rebuild(ALL, ports)).digest).toEqual(before);
    expect(await mismatches(ports)).toEqual({});
  });

  test('and what the stages left: tables that are gone are made again from it', async () => {
    const left = ['raw/', 'staged/', 'gated/', 'released/', 'quarantine/', 'refused/'];
    const ports = portsOf({ objects: await copyOf(origin.objects, left), bus: origin.bus });
    const report = await rebuild({ scope: 'tables', force: false }, ports);
    expect(report.digest).toEqual(before);
    expect(report.lost).toEqual([]);
    expect(await mismatches(ports)).toEqual({});
  });
});

describe('the operational database', () => {
  test('is restored from what the stages left, and the tables stay as they are', async () => {
    const operations = memoryOperations();
    const log = memoryIngestLog();
    const head = await origin.tables.head('main');
    const report = await rebuild(
      { scope: 'operational', force: false },
      { ...origin, log, operations: operations.operations },
    );
    expect(await standing(log)).toEqual(await standing(origin.log));
    expect(operations.instruments).toEqual(told.instruments);
    expect(operations.watermarks).toEqual(told.watermarks);
    expect(report).toMatchObject({ lost: [], failed: [], digest: before, rpo_s: 0 });
    expect(await origin.tables.head('main')).toEqual(head);
  });

  test('that another process uses is told before anything is touched', async () => {
    const objects = await copyOf(origin.objects, ['raw/']);
    let puts = 0;
    const put: typeof objects.put = async (...args) => {
      puts += 1;
      return objects.put(...args);
    };
    const latest = async () => {
      throw busy('database_in_use', 'The operational database is used by process 1.');
    };
    const ports = portsOf({ objects: { ...objects, put }, log: { ...memoryIngestLog(), latest } });
    await expect(rebuild(ALL, ports)).rejects.toMatchObject({ code: 'database_in_use' });
    expect(puts).toBe(0);
  });
});

test('the plan changes nothing and prints the digest of main as it is', async () => {
  const plan = await planRebuild('all', origin);
  expect(plan).toMatchObject({
    uploads: 5,
    releases_on_main: 3,
    staged: 4,
    intents: 3,
    records: 3,
    digest: before,
  });
  const empty = portsOf({ objects: await copyOf(origin.objects, ['raw/']) });
  expect(await planRebuild('all', empty)).toMatchObject({
    releases_on_main: 0,
    staged: 0,
    digest: { rows: 0 },
  });
});
