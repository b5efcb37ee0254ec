/**
 * Iceberg v2 manifests (which data files, with their figures) and manifest lists (which manifests), as records and as
 * Avro bytes. Field names and ids are the specification's ("Manifests", "Manifest lists"). Knows nothing of snapshots
 * that follow each other or of a store.
 */
import type { ColumnStatistics } from '#lib/parquet/fields.ts';
import { decodeAvro, encodeAvro } from './avro.ts';
import { printJson } from './json.ts';
import {
  fieldsOf,
  PARTITION_FIELD,
  partitionFields,
  schemaOf,
  sortOrderId,
  type TableName,
} from './schema.ts';
import { toBinary } from './values.ts';

export const EXISTING = 0;
export const ADDED = 1;
export const DELETED = 2;

type ByColumn<Value> = readonly { readonly key: number; readonly value: Value }[];

export interface DataFile {
  readonly content: number;
  readonly file_path: string;
  readonly file_format: string;
  readonly partition: { readonly [PARTITION_FIELD]: number | null };
  readonly record_count: bigint;
  readonly file_size_in_bytes: bigint;
  readonly column_sizes: ByColumn<bigint> | null;
  readonly value_counts: ByColumn<bigint> | null;
  readonly null_value_counts: ByColumn<bigint> | null;
  readonly nan_value_counts: ByColumn<bigint> | null;
  readonly lower_bounds: ByColumn<Buffer> | null;
  readonly upper_bounds: ByColumn<Buffer> | null;
  readonly split_offsets: readonly bigint[] | null;
  readonly sort_order_id: number | null;
}

/** Null snapshot and sequence are those of the manifest. */
export interface ManifestEntry {
  readonly status: number;
  readonly snapshot_id: bigint | null;
  readonly sequence_number: bigint | null;
  readonly file_sequence_number: bigint | null;
  readonly data_file: DataFile;
}

/** One line of a manifest list. */
export interface ManifestFile {
  readonly manifest_path: string;
  readonly manifest_length: bigint;
  readonly partition_spec_id: number;
  readonly content: number;
  readonly sequence_number: bigint;
  readonly min_sequence_number: bigint;
  readonly added_snapshot_id: bigint;
  readonly added_files_count: number;
  readonly existing_files_count: number;
  readonly deleted_files_count: number;
  readonly added_rows_count: bigint;
  readonly existing_rows_count: bigint;
  readonly deleted_rows_count: bigint;
  readonly partitions:
    | readonly {
        readonly contains_null: boolean;
        readonly contains_nan: boolean | null;
        readonly lower_bound: Buffer | null;
        readonly upper_bound: Buffer | null;
      }[]
    | null;
}

const required = (id: number, name: string, type: unknown) => ({ name, type, 'field-id': id });
const optional = (id: number, name: string, type: unknown) => ({
  name,
  type: ['null', type],
  default: null,
  'field-id': id,
});
const record = (name: string, fields: readonly object[]) => ({ type: 'record', name, fields });
const byColumn = (key: number, value: number, type: string) => ({
  type: 'array',
  logicalType: 'map',
  items: record(`k${key}_v${value}`, [required(key, 'key', 'int'), required(value, 'value', type)]),
});

const DATA_FILE = record('r2', [
  required(134, 'content', 'int'),
  required(100, 'file_path', 'string'),
  required(101, 'file_format', 'string'),
  required(102, 'partition', record('r102', [optional(1000, PARTITION_FIELD, 'int')])),
  required(103, 'record_count', 'long'),
  required(104, 'file_size_in_bytes', 'long'),
  optional(108, 'column_sizes', byColumn(117, 118, 'long')),
  optional(109, 'value_counts', byColumn(119, 120, 'long')),
  optional(110, 'null_value_counts', byColumn(121, 122, 'long')),
  optional(137, 'nan_value_counts', byColumn(138, 139, 'long')),
  optional(125, 'lower_bounds', byColumn(126, 127, 'bytes')),
  optional(128, 'upper_bounds', byColumn(129, 130, 'bytes')),
  optional(132, 'split_offsets', { type: 'array', items: 'long', 'element-id': 133 }),
  optional(140, 'sort_order_id', 'int'),
]);

const MANIFEST_ENTRY = record('manifest_entry', [
  required(0, 'status', 'int'),
  optional(1, 'snapshot_id', 'long'),
  optional(3, 'sequence_number', 'long'),
  optional(4, 'file_sequence_number', 'long'),
  required(2, 'data_file', DATA_FILE),
]);

const FIELD_SUMMARY = record('r508', [
  required(509, 'contains_null', 'boolean'),
  optional(518, 'contains_nan', 'boolean'),
  optional(510, 'lower_bound', 'bytes'),
  optional(511, 'upper_bound', 'bytes'),
]);

const MANIFEST_FILE = record('manifest_file', [
  required(500, 'manifest_path', 'string'),
  required(501, 'manifest_length', 'long'),
  required(502, 'partition_spec_id', 'int'),
  required(517, 'content', 'int'),
  required(515, 'sequence_number', 'long'),
  required(516, 'min_sequence_number', 'long'),
  required(503, 'added_snapshot_id', 'long'),
  required(504, 'added_files_count', 'int'),
  required(505, 'existing_files_count', 'int'),
  required(506, 'deleted_files_count', 'int'),
  required(512, 'added_rows_count', 'long'),
  required(513, 'existing_rows_count', 'long'),
  required(514, 'deleted_rows_count', 'long'),
  optional(507, 'partitions', { type: 'array', items: FIELD_SUMMARY, 'element-id': 508 }),
]);

/** What a data file is, before a snapshot names it: `StagedFile.entry` of both catalogs. */
export interface FileFigures {
  readonly month: number;
  readonly columns: readonly ColumnStatistics[];
  readonly split_offsets: readonly number[];
}

export function dataFile(
  table: TableName,
  file: { path: string; rows: number; bytes: number; figures: FileFigures },
): DataFile {
  const { month, columns, split_offsets } = file.figures;
  const types = new Map(fieldsOf(table).map(({ id, type }) => [id, type]));
  const counted = (count: (column: ColumnStatistics) => number) =>
    columns.map((column) => ({ key: column.field_id, value: BigInt(count(column)) }));
  const bounds = (side: 'lower' | 'upper') =>
    columns.flatMap((column) => {
      const bound = column[side];
      return bound === undefined
        ? []
        : [{ key: column.field_id, value: toBinary(types.get(column.field_id)!, bound) }];
    });
  return {
    content: 0,
    file_path: file.path,
    file_format: 'PARQUET',
    partition: { [PARTITION_FIELD]: month },
    record_count: BigInt(file.rows),
    file_size_in_bytes: BigInt(file.bytes),
    column_sizes: counted((column) => column.compressed_bytes),
    value_counts: counted((column) => column.value_count),
    null_value_counts: counted((column) => column.null_count),
    // A missing price is null, never NaN.
    nan_value_counts: columns
      .filter((column) => types.get(column.field_id) === 'double')
      .map((column) => ({ key: column.field_id, value: 0n })),
    lower_bounds: bounds('lower'),
    upper_bounds: bounds('upper'),
    split_offsets: split_offsets.map(BigInt),
    sort_order_id: sortOrderId(table),
  };
}

export function encodeManifest(table: TableName, entries: readonly ManifestEntry[]): Buffer {
  const meta = {
    schema: printJson(schemaOf(table)),
    'schema-id': '0',
    'partition-spec': printJson(partitionFields(table)),
    'partition-spec-id': '0',
    'format-version': '2',
    content: 'data',
  };
  return encodeAvro(MANIFEST_ENTRY, meta, entries);
}

/** Entries with their snapshot and sequence number made explicit; those of deleted files left out. */
export function decodeManifest(bytes: Uint8Array, manifest: ManifestFile): readonly ManifestEntry[] {
  return (decodeAvro(bytes).records as ManifestEntry[])
    .filter((entry) => entry.status !== DELETED)
    .map((entry) => ({
      ...entry,
      snapshot_id: entry.snapshot_id ?? manifest.added_snapshot_id,
      sequence_number: entry.sequence_number ?? manifest.sequence_number,
      file_sequence_number: entry.file_sequence_number ?? manifest.sequence_number,
    }));
}

/** The manifest list's line for a manifest. `sequence` is the snapshot's, which its added files inherit. */
export function manifestFile(
  path: string,
  length: number,
  entries: readonly ManifestEntry[],
  snapshot: { readonly id: bigint; readonly sequence: bigint },
): ManifestFile {
  const files = (status: number) => entries.filter((entry) => entry.status === status);
  const rows = (status: number) =>
    files(status).reduce((sum, entry) => sum + entry.data_file.record_count, 0n);
  const months = entries.map((entry) => entry.data_file.partition[PARTITION_FIELD] ?? 0);
  return {
    manifest_path: path,
    manifest_length: BigInt(length),
    partition_spec_id: 0,
    content: 0,
    sequence_number: snapshot.sequence,
    min_sequence_number: entries
      .map((entry) => entry.sequence_number ?? snapshot.sequence)
      .reduce((least, sequence) => (sequence < least ? sequence : least), snapshot.sequence),
    added_snapshot_id: snapshot.id,
    added_files_count: files(ADDED).length,
    existing_files_count: files(EXISTING).length,
    deleted_files_count: 0,
    added_rows_count: rows(ADDED),
    existing_rows_count: rows(EXISTING),
    deleted_rows_count: 0n,
    partitions: [
      {
        contains_null: false,
        contains_nan: false,
        lower_bound: toBinary('date', Math.min(...months)),
        upper_bound: toBinary('date', Math.max(...months)),
      },
    ],
  };
}

export function encodeManifestList(
  manifests: readonly ManifestFile[],
  snapshot: { readonly id: bigint; readonly parent: bigint | undefined; readonly sequence: bigint },
): Buffer {
  const meta = {
    'snapshot-id': String(snapshot.id),
    'parent-snapshot-id': String(snapshot.parent ?? null),
    'sequence-number': String(snapshot.sequence),
    'format-version': '2',
  };
  return encodeAvro(MANIFEST_FILE, meta, manifests);
}

export function decodeManifestList(bytes: Uint8Array): readonly ManifestFile[] {
  return decodeAvro(bytes).records as ManifestFile[];
}
