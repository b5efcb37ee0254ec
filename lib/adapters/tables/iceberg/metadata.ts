/**
 * A table's metadata.json: made for a new table, and made anew with one snapshot more. Pure; keeps what it does not
 * know, so that metadata another engine wrote survives. Knows nothing of catalogs.
 */
import { hash } from 'node:crypto';
import { AurumError } from '#lib/domain/errors.ts';
import { uuidOf } from '#lib/domain/hash-uuid.ts';
import { parseJson } from './json.ts';
import { layoutOf, partitionFields, schemaOf, type TableName } from './schema.ts';

export interface Snapshot {
  readonly 'snapshot-id': bigint;
  readonly 'parent-snapshot-id'?: bigint;
  readonly 'sequence-number': number;
  readonly 'timestamp-ms': number;
  readonly summary: Readonly<Record<string, string>>;
  readonly 'manifest-list': string;
  readonly 'schema-id': number;
}

interface PartitionSpec {
  readonly 'spec-id': number;
  readonly fields: readonly {
    readonly name: string;
    readonly transform: string;
    readonly 'source-id': number;
    readonly 'field-id': number;
  }[];
}

export interface TableMetadata {
  readonly [field: string]: unknown;
  readonly 'format-version': 2;
  readonly 'table-uuid': string;
  readonly location: string;
  readonly 'last-sequence-number': number;
  readonly 'last-updated-ms': number;
  readonly 'current-schema-id': number;
  readonly schemas: readonly { readonly 'schema-id': number; readonly fields: readonly unknown[] }[];
  readonly 'default-spec-id': number;
  readonly 'partition-specs': readonly PartitionSpec[];
  readonly 'current-snapshot-id': bigint | number | null;
  readonly refs: Readonly<Record<string, unknown>>;
  readonly snapshots: readonly Snapshot[];
  readonly 'snapshot-log': readonly object[];
  readonly 'metadata-log': readonly object[];
}

/**
 * How much history one metadata.json carries. Without a bound every commit rewrites the whole history; older states are
 * reached through the catalog, each commit of which names the metadata of its time.
 */
const HISTORY_SNAPSHOTS = 20;

export function newTable(table: TableName, location: string): TableMetadata {
  return {
    'format-version': 2,
    'table-uuid': uuidOf(hash('sha256', location, 'hex')),
    location,
    'last-sequence-number': 0,
    'last-updated-ms': 0,
    ...layoutOf(table),
    properties: { 'write.parquet.compression-codec': 'zstd' },
    'current-snapshot-id': null,
    refs: {},
    snapshots: [],
    statistics: [],
    'snapshot-log': [],
    'metadata-log': [],
  };
}

export function parseMetadata(bytes: Uint8Array): TableMetadata {
  return parseJson(Buffer.from(bytes).toString()) as TableMetadata;
}

/** The snapshot a reader sees; undefined for an empty table (-1 or null, by who wrote it). */
export function currentSnapshot(metadata: TableMetadata): Snapshot | undefined {
  const id = metadata['current-snapshot-id'];
  if (id === null || BigInt(id) === -1n) return undefined;
  return metadata.snapshots.find((snapshot) => BigInt(snapshot['snapshot-id']) === BigInt(id));
}

/** Refuses to write into a table whose columns or partitions are not those of this writer. */
export function checkLayout(table: TableName, metadata: TableMetadata): void {
  const schema = metadata.schemas.find((each) => each['schema-id'] === metadata['current-schema-id']);
  const ours = schemaOf(table).fields.map(({ id, name, type }) => `${id} ${name} ${type}`);
  const there = (schema?.fields ?? []).map((field) => {
    const { id, name, type } = field as { id: number; name: string; type: string };
    return `${id} ${name} ${type}`;
  });
  if (ours.join() !== there.join()) throw layoutDiffers(table, 'columns', there, ours);
  const spec = metadata['partition-specs'].find((each) => each['spec-id'] === metadata['default-spec-id']);
  const wanted = partitionsText(0, partitionFields(table));
  const found = partitionsText(metadata['default-spec-id'], spec?.fields ?? []);
  if (wanted.join() !== found.join()) throw layoutDiffers(table, 'partitions', found, wanted);
}

function partitionsText(spec_id: number, fields: PartitionSpec['fields']): readonly string[] {
  const text = fields.map((field) => `${field.name} = ${field.transform}(column ${field['source-id']})`);
  return [`spec ${spec_id}`, ...text];
}

function layoutDiffers(
  table: TableName,
  what: string,
  there: readonly string[],
  ours: readonly string[],
): AurumError {
  return new AurumError('fault', 'table_layout_differs', `${table} has ${what} (${there.join(', ')})`, {
    remedy: `This version of Aurum writes (${ours.join(', ')}): bring the table to that layout, or rebuild it.`,
  });
}

/** The metadata with `snapshot` as the current one; `previous` is where the given metadata lies, if anywhere. */
export function withSnapshot(
  metadata: TableMetadata,
  snapshot: Snapshot,
  previous: string | undefined,
): TableMetadata {
  const id = snapshot['snapshot-id'];
  const at_ms = snapshot['timestamp-ms'];
  const earlier =
    previous === undefined
      ? []
      : [{ 'timestamp-ms': metadata['last-updated-ms'], 'metadata-file': previous }];
  const recent = <Entry>(entries: readonly Entry[]) => entries.slice(-HISTORY_SNAPSHOTS);
  return {
    ...metadata,
    'last-sequence-number': snapshot['sequence-number'],
    'last-updated-ms': at_ms,
    'current-snapshot-id': id,
    refs: { ...metadata.refs, main: { 'snapshot-id': id, type: 'branch' } },
    snapshots: recent([...metadata.snapshots, snapshot]),
    'snapshot-log': recent([...metadata['snapshot-log'], { 'timestamp-ms': at_ms, 'snapshot-id': id }]),
    'metadata-log': recent([...metadata['metadata-log'], ...earlier]),
  };
}
