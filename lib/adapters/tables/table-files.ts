/**
 * The files of the tables as every catalog has them: metadata and releases read once (nothing of it ever changes), the
 * files of a next snapshot written. Knows where the files lie; nothing of branches, commits and who moves them.
 */
import { LRUCache } from 'lru-cache';
import { AurumError, refusal } from '#lib/domain/errors.ts';
import { decodeRows } from '#lib/parquet/decode.ts';
import { type Field, FLAT_FIELDS } from '#lib/parquet/fields.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { CommitRequest, StagedFile } from '#lib/ports/tables.ts';
import type { CurveRelease, FlatRow, FlatTable } from '#schemas/lake.ts';
import { contentId, createOnce } from '../pointer.ts';
import { type AppendPlan, planAppend } from './iceberg/append.ts';
import { decodeManifest, decodeManifestList, type ManifestFile } from './iceberg/manifest.ts';
import { currentSnapshot, newTable, parseMetadata, type TableMetadata } from './iceberg/metadata.ts';
import {
  type ReadReleases,
  releasesOf,
  releasesOfManifest,
  type SequencedRelease,
} from './iceberg/releases.ts';
import { type TableName, tableFolder } from './iceberg/schema.ts';
import { stagedDataFile } from './iceberg/stage.ts';

export interface TableFilesOptions {
  readonly objects: ObjectStore;
  readonly bucket: string;
  /** Folder of the tables; data files lie in `{warehouse_prefix}/market/{table}/data`. */
  readonly warehouse_prefix?: string;
  /** Location that the metadata gives to the object with key ""; `s3://{bucket}` when left out. */
  readonly location_root?: string;
}

export interface PlannedAppend {
  /** Of the table before; of an empty one where there was none. */
  readonly metadata: TableMetadata;
  readonly plan: AppendPlan;
}

export interface TableFiles {
  /** Folder of the tables. */
  readonly warehouse: string;
  metadata(location: string): Promise<TableMetadata>;
  /** What the release table of this metadata lists, oldest commit first. */
  releases(location: string): Promise<readonly CurveRelease[]>;
  /** Whether the table of this metadata names the file. */
  holds(location: string, file: StagedFile): Promise<boolean>;
  readRows<Table extends FlatTable>(table: Table, key: string): Promise<readonly FlatRow<Table>[]>;
  /** Writes all that a table's next snapshot names; nobody sees it before a commit names the snapshot. */
  append(table: TableName, base: string | undefined, request: CommitRequest): Promise<PlannedAppend>;
  /** Metadata that a catalog keeps by itself. */
  writeMetadata(location: string, metadata: TableMetadata, bytes: Uint8Array): Promise<void>;
}

const DEFAULT_WAREHOUSE = 'curated/iceberg';
/** Of small tables, in memory: some 50 MB at most. */
const KEPT_ROWS = 50_000;

export function tableFiles(options: TableFilesOptions): TableFiles {
  const { objects, bucket, warehouse_prefix: warehouse = DEFAULT_WAREHOUSE } = options;
  const root = options.location_root ?? `s3://${bucket}`;
  const known = {
    metadata: new LRUCache<string, TableMetadata>({ max: 12 }),
    releases: new LRUCache<string, readonly CurveRelease[]>({ max: 8 }),
    manifests: new LRUCache<string, readonly SequencedRelease[]>({ max: 2_000 }),
    paths: new LRUCache<string, ReadonlySet<string>>({ max: 2_000 }),
    rows: new LRUCache<string, readonly object[]>({
      maxSize: KEPT_ROWS,
      sizeCalculation: ({ length }) => length + 1,
    }),
  };
  const read = (location: string) => readLocation(objects, root, location);
  const write = (location: string, bytes: Uint8Array) => createOnce(objects, keyOf(root, location), bytes);
  const metadata = (location: string) =>
    once(known.metadata, location, async () => parseMetadata(await read(location)));
  const ofManifest: ReadReleases = (manifest) =>
    once(known.manifests, manifest.manifest_path, () => releasesOfManifest(manifest, read));
  const pathsOf = (manifest: ManifestFile) =>
    once(known.paths, manifest.manifest_path, async () => {
      const entries = decodeManifest(await read(manifest.manifest_path), manifest);
      return new Set(entries.map(({ data_file }) => data_file.file_path));
    });

  return {
    warehouse,
    metadata,
    releases: (location) =>
      once(known.releases, location, async () => releasesOf(await metadata(location), read, ofManifest)),
    async holds(location, file) {
      const snapshot = currentSnapshot(await metadata(location));
      if (snapshot === undefined) return false;
      const manifests = decodeManifestList(await read(snapshot['manifest-list']));
      const paths = await Promise.all(manifests.filter(({ content }) => content === 0).map(pathsOf));
      return paths.some((names) => names.has(`${root}/${file.key}`));
    },
    async readRows<Table extends FlatTable>(table: Table, key: string) {
      const fields = FLAT_FIELDS[table] as readonly Field<never>[];
      const rows = await once(known.rows, key, async () =>
        decodeRows<object>(fields, await read(`${root}/${key}`)),
      );
      return rows as readonly FlatRow<Table>[];
    },
    async append(table, base, request) {
      const before =
        base === undefined
          ? newTable(table, `${root}/${tableFolder(warehouse, table)}`)
          : await metadata(base);
      const plan = await planAppend(appendRequest(table, before, request, root), read);
      await Promise.all(plan.objects.map(({ location, bytes }) => write(location, bytes)));
      return { metadata: before, plan };
    },
    async writeMetadata(location, content, bytes) {
      await write(location, bytes);
      known.metadata.set(location, content);
    },
  };
}

function appendRequest(table: TableName, metadata: TableMetadata, request: CommitRequest, root: string) {
  const { committed_at, summary } = request;
  const files = request.files
    .filter((file) => file.table === table)
    .map((file) => stagedDataFile(file, root));
  const seed = contentId({ ...request, files: request.files.map((file) => file.key) });
  return { table, metadata, files, summary, seed, committed_at };
}

async function readLocation(objects: ObjectStore, root: string, location: string): Promise<Uint8Array> {
  const stored = await objects.get(keyOf(root, location));
  if (stored !== undefined) return stored.body;
  const message = `${location} is named by a table and does not exist`;
  throw new AurumError('fault', 'table_object_missing', message, {
    remedy: "Restore it from the bucket's versions.",
  });
}

function keyOf(root: string, location: string): string {
  if (location.startsWith(`${root}/`)) return location.slice(root.length + 1);
  throw new AurumError('fault', 'table_outside_bucket', `${location} is not below ${root}`, {
    remedy: 'Set AURUM_S3_BUCKET to the bucket that the tables were made in, or move them there.',
  });
}

/** Immutable things are read and parsed once while they are remembered. */
export async function once<Value extends NonNullable<unknown>>(
  known: LRUCache<string, Value>,
  name: string,
  make: () => Promise<Value>,
): Promise<Value> {
  const value = known.get(name) ?? (await make());
  known.set(name, value);
  return value;
}

export function refUnknown(ref: string): AurumError {
  return refusal('ref_unknown', `There is no branch or tag "${ref}"`, {
    remedy: 'Use "main" or a release tag.',
  });
}

export function commitUnknown(commit: string): AurumError {
  return refusal('commit_unknown', `There is no table commit "${commit}"`, {
    remedy: 'Take it from a branch or tag.',
  });
}
