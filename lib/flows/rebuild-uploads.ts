/**
 * The uploads of the raw area in the order they came, with the sequencers their notifications had. A listing shows whole
 * milliseconds and no sequencer; these stand in what the stages left of a version: its staged report, its release on main
 * or in the record of it, its release intent. Where none of these is left, the order is that of the listing: by
 * millisecond, within one by key, of one key the older version first.
 */
import { hash } from 'node:crypto';
import type { ObjectCreated } from '#events/object-created.ts';
import { workbookVersion } from '#lib/domain/curve.ts';
import type { ObjectStore, ObjectVersionEntry, VersionedObjectStore } from '#lib/ports/object-store.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { parseReport } from '#schemas/stages.ts';
import { readJson, requireJson } from './json-objects.ts';
import { keysBelow } from './rebuild-deliveries.ts';
import { releasedRecord, releaseIntent } from './release-curves.ts';
import { dayOfRawKey, RAW_PREFIX, versionOfKey } from './stage-keys.ts';

/** All versions in the raw area, in the order of the listing. */
export async function rawUploads(objects: VersionedObjectStore): Promise<ObjectVersionEntry[]> {
  const uploads: ObjectVersionEntry[] = [];
  for await (const upload of objects.listVersions(RAW_PREFIX)) uploads.push(upload);
  return uploads.sort((a, b) => Date.parse(a.last_modified) - Date.parse(b.last_modified));
}

/** The notifications the uploads would have had. */
export async function eventsOf(
  uploads: readonly ObjectVersionEntry[],
  main: readonly CurveRelease[],
  bucket: string,
  objects: ObjectStore,
): Promise<readonly ObjectCreated[]> {
  const recorded = await recordedSequencers(main, objects);
  const known: (string | undefined)[] = [];
  for (const upload of uploads)
    known.push(recorded.size === 0 ? undefined : recorded.get((await versionOf(upload, objects)) ?? ''));
  const sequencers = sequencersOf(uploads, known);
  return uploads.map(({ key, etag, version_id, last_modified }, at) => ({
    ...{ bucket, key, etag, version_id, sequencer: sequencers[at], event_time: last_modified },
  }));
}

/** By version, wherever one stands. */
async function recordedSequencers(
  main: readonly CurveRelease[],
  objects: ObjectStore,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const key of await keysBelow(objects, 'releasing/', '.json')) {
    const intent = await readJson(objects, key, releaseIntent);
    if (intent?.sequence !== undefined) found.set(versionOfKey(key), intent.sequence);
  }
  for (const key of await keysBelow(objects, 'released/', '.json')) {
    const record = await releasedRecord(objects, versionOfKey(key));
    if (record !== undefined) found.set(record.release.version, record.release.sequence);
  }
  for (const { version, sequence } of main) found.set(version, sequence);
  for (const key of await keysBelow(objects, 'staged/', '/report.json')) {
    const { version, source } = await requireJson(objects, key, parseReport);
    found.set(version, source.sequence);
  }
  return found;
}

/** Undefined for an object under a name that is none of ours: it is refused, and has no version. */
async function versionOf(
  { key, version_id }: ObjectVersionEntry,
  objects: ObjectStore,
): Promise<string | undefined> {
  const [source_file, ...deeper] = key.slice(RAW_PREFIX.length).split('/').slice(1);
  const asof_date = dayOfRawKey(key);
  if (asof_date === null || source_file === undefined || deeper.length > 0) return undefined;
  const stored = await objects.get(key, version_id === undefined ? {} : { version_id });
  return stored && workbookVersion(source_file, asof_date, hash('sha256', stored.body, 'hex'));
}

/**
 * Sequencers of MinIO and the gateway are nanoseconds in upper-case hex. One that is known stays; any other is made from
 * the listing: in its millisecond, and after what is known to have come before it, which is the older versions of its key
 * and the uploads of its market day in earlier milliseconds.
 */
function sequencersOf(
  uploads: readonly ObjectVersionEntry[],
  known: readonly (string | undefined)[],
): readonly string[] {
  const sequencers: string[] = [];
  const newestOfKey = new Map<string, bigint>();
  const newestOfDay = new Map<string | null, bigint>();
  for (const of_one_ms of Map.groupBy(uploads, ({ last_modified }) => last_modified).values()) {
    const before = new Map(newestOfDay);
    for (const [place, { key, last_modified }] of of_one_ms.entries()) {
      const day = dayOfRawKey(key);
      const listed = BigInt(Date.parse(last_modified)) * 1_000_000n + BigInt(place);
      const earlier = [newestOfKey.get(key) ?? -1n, before.get(day) ?? -1n];
      const made = earlier.reduce((least, one) => (one < least ? least : one + 1n), listed);
      const sequencer = known[sequencers.length] ?? hexOf(made);
      const sequence = BigInt(`0x${sequencer}`);
      sequencers.push(sequencer);
      newestOfKey.set(key, sequence);
      const newest = newestOfDay.get(day) ?? 0n;
      newestOfDay.set(day, sequence > newest ? sequence : newest);
    }
  }
  return sequencers;
}

const hexOf = (sequence: bigint) => sequence.toString(16).toUpperCase().padStart(16, '0');
