/**
 * Plans one append to one table: the manifests, manifest list and snapshot that make staged files visible, computed
 * before anything is written. The same request on the same base gives the same names and bytes. Knows no catalog and no
 * store; it reads what the base snapshot names through a function.
 */
import { hash } from 'node:crypto';
import { uuidOf } from '#lib/domain/hash-uuid.ts';
import {
  ADDED,
  type DataFile,
  decodeManifest,
  decodeManifestList,
  EXISTING,
  encodeManifest,
  encodeManifestList,
  type ManifestEntry,
  type ManifestFile,
  manifestFile,
} from './manifest.ts';
import { checkLayout, currentSnapshot, type Snapshot, type TableMetadata } from './metadata.ts';
import type { TableName } from './schema.ts';

export interface AppendRequest {
  readonly table: TableName;
  readonly metadata: TableMetadata;
  readonly files: readonly DataFile[];
  readonly summary: Readonly<Record<string, string>>;
  /** Names this commit and no other: hash of base, files, summary and time. */
  readonly seed: string;
  readonly committed_at: string;
}

export interface AppendPlan {
  readonly snapshot: Snapshot;
  /** Objects to create, by absolute location, before the snapshot may be published. */
  readonly objects: readonly { readonly location: string; readonly bytes: Uint8Array }[];
  readonly uuid: string;
}

export type ReadObject = (location: string) => Promise<Uint8Array>;

/** Manifests with fewer files than this are merged when there are `MERGE_AT` of them; each is rewritten O(log) times. */
const FULL_MANIFEST_FILES = 1_000;
const MERGE_AT = 100;

interface SnapshotIdentity {
  readonly id: bigint;
  readonly parent: bigint | undefined;
  readonly sequence: bigint;
}

export async function planAppend(request: AppendRequest, read: ReadObject): Promise<AppendPlan> {
  const { table, metadata, files } = request;
  checkLayout(table, metadata);
  const base = currentSnapshot(metadata);
  const digest = hash('sha256', `${table}|${request.seed}`, 'hex');
  const uuid = uuidOf(digest);
  const folder = `${metadata.location}/metadata`;
  const snapshot: SnapshotIdentity = {
    id: BigInt(`0x${digest.slice(0, 16)}`) & 0x7fff_ffff_ffff_ffffn,
    parent: base === undefined ? undefined : BigInt(base['snapshot-id']),
    sequence: BigInt(metadata['last-sequence-number'] + 1),
  };
  const before = base === undefined ? [] : decodeManifestList(await read(base['manifest-list']));
  const kept = await merged(table, before, snapshot, `${folder}/${uuid}-m1.avro`, read);
  const added = addedManifest(table, files, snapshot, `${folder}/${uuid}-m0.avro`);
  const listLocation = `${folder}/snap-${snapshot.id}-1-${uuid}.avro`;
  const list = encodeManifestList([...kept.manifests, added.manifest], snapshot);
  return {
    uuid,
    objects: [...kept.objects, added.object, { location: listLocation, bytes: list }],
    snapshot: {
      'snapshot-id': snapshot.id,
      ...(snapshot.parent === undefined ? {} : { 'parent-snapshot-id': snapshot.parent }),
      'sequence-number': Number(snapshot.sequence),
      // Clocks of two machines differ; a snapshot older than its parent would make the table invalid.
      'timestamp-ms': Math.max(Date.parse(request.committed_at), metadata['last-updated-ms']),
      summary: summaryOf(request, base),
      'manifest-list': listLocation,
      'schema-id': metadata['current-schema-id'],
    },
  };
}

function addedManifest(
  table: TableName,
  files: readonly DataFile[],
  snapshot: SnapshotIdentity,
  location: string,
) {
  const entries = files.map((data_file) => ({
    status: ADDED,
    snapshot_id: snapshot.id,
    sequence_number: null,
    file_sequence_number: null,
    data_file,
  }));
  return written(table, entries, snapshot, location);
}

/** The base's manifests, the small ones as one when there are many. */
async function merged(
  table: TableName,
  manifests: readonly ManifestFile[],
  snapshot: SnapshotIdentity,
  location: string,
  read: ReadObject,
): Promise<{ manifests: readonly ManifestFile[]; objects: AppendPlan['objects'] }> {
  const small = manifests.filter(
    (each) => each.content === 0 && each.added_files_count + each.existing_files_count < FULL_MANIFEST_FILES,
  );
  if (small.length < MERGE_AT) return { manifests, objects: [] };
  const entries = await Promise.all(
    small.map(async (each) => decodeManifest(await read(each.manifest_path), each)),
  );
  const one = written(
    table,
    entries.flat().map((entry) => ({ ...entry, status: EXISTING })),
    snapshot,
    location,
  );
  const rest = manifests.filter((each) => !small.includes(each));
  return { manifests: [...rest, one.manifest], objects: [one.object] };
}

function written(
  table: TableName,
  entries: readonly ManifestEntry[],
  snapshot: SnapshotIdentity,
  location: string,
) {
  const bytes = encodeManifest(table, entries);
  return { manifest: manifestFile(location, bytes.length, entries, snapshot), object: { location, bytes } };
}

function summaryOf({ files, summary }: AppendRequest, base: Snapshot | undefined): Record<string, string> {
  const records = files.reduce((sum, file) => sum + file.record_count, 0n);
  const bytes = files.reduce((sum, file) => sum + file.file_size_in_bytes, 0n);
  const total = (name: string, added: bigint) => String(BigInt(base?.summary[name] ?? 0) + added);
  return {
    operation: 'append',
    'added-data-files': String(files.length),
    'added-records': String(records),
    'added-files-size': String(bytes),
    'changed-partition-count': String(
      new Set(files.map((file) => Object.values(file.partition).join())).size,
    ),
    'total-data-files': total('total-data-files', BigInt(files.length)),
    'total-records': total('total-records', records),
    'total-files-size': total('total-files-size', bytes),
    'total-delete-files': total('total-delete-files', 0n),
    'total-position-deletes': total('total-position-deletes', 0n),
    'total-equality-deletes': total('total-equality-deletes', 0n),
    ...summary,
  };
}
