/**
 * Column chunks -> a Parquet file: pages compressed and laid out one after the other, statistics and footer at the end.
 * Knows nothing of curves; the footer's Thrift is hyparquet-writer's.
 */
import { constants, zstdCompressSync } from 'node:zlib';
import type { ColumnChunk, FileMetaData, KeyValue, RowGroup, SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { serializeTCompactProtocol } from 'hyparquet-writer/src/thrift.js';
import { type Chunk, compareStored } from './chunks.ts';
import type { ColumnStatistics, EncodedFile, Field } from './fields.ts';

/** A row group: how many rows, and the values of each field in them. */
export interface Group {
  readonly rows: number;
  readonly chunk: (field: Field) => Chunk;
}

interface FileOptions {
  /** Fields the rows are sorted by, ascending. */
  readonly sortedBy?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
}

const MAGIC = Buffer.from('PAR1');

/** A file in the making, its bytes handed out as they come to be, in order. */
export interface OpenFile {
  group(group: Group): readonly Uint8Array[];
  /** The footer; nothing comes after it. */
  end(): readonly Uint8Array[];
  /** What the groups so far hold. */
  readonly columns: readonly ColumnStatistics[];
  readonly split_offsets: readonly number[];
}

export function encodeFile(
  fields: readonly Field[],
  groups: readonly Group[],
  options: FileOptions,
): EncodedFile {
  const file = openFile(fields, options);
  const parts = [...groups.flatMap((group) => file.group(group)), ...file.end()];
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  return { bytes: Buffer.concat(parts), rows, columns: file.columns, split_offsets: file.split_offsets };
}

export function openFile(fields: readonly Field[], options: FileOptions): OpenFile {
  const statistics = fields.map(({ id, name }) => ({
    field_id: id,
    name,
    value_count: 0,
    null_count: 0,
    compressed_bytes: 0,
  })) as Mutable<ColumnStatistics>[];
  const row_groups: RowGroup[] = [];
  const split_offsets: number[] = [];
  let offset = MAGIC.length;
  const begun = (): Uint8Array[] => (row_groups.length === 0 ? [MAGIC] : []);
  const group = ({ rows, chunk }: Group): readonly Uint8Array[] => {
    const parts = begun();
    const start = offset;
    const columns = fields.map((field, index) => {
      const values = chunk(field);
      const written = writeChunk(field, values, offset);
      parts.push(...written.parts);
      offset += written.bytes;
      addStatistics(statistics[index]!, values, written.bytes);
      return written.column;
    });
    split_offsets.push(start);
    row_groups.push(rowGroup(columns, rows, start, offset, fields, options.sortedBy ?? []));
    return parts;
  };
  const end = () => [...begun(), footer(fields, row_groups, options.metadata)];
  return { group, end, columns: statistics, split_offsets };
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

function addStatistics(column: Mutable<ColumnStatistics>, chunk: Chunk, compressed_bytes: number): void {
  column.value_count += chunk.rows;
  column.null_count += chunk.nulls;
  column.compressed_bytes += compressed_bytes;
  const { lower, upper } = chunk;
  if (lower !== undefined && (column.lower === undefined || compareStored(lower, column.lower) < 0))
    column.lower = lower;
  if (upper !== undefined && (column.upper === undefined || compareStored(upper, column.upper) > 0))
    column.upper = upper;
}

const CODECS = { UNCOMPRESSED: (page: Uint8Array) => page, ZSTD: compressed } as const;
/** Pages of a few runs gain nothing, and a reader saves a call. */
const WORTH_COMPRESSING_BYTES = 2_048;

/** With a checksum in each page: a price is read as it was written, or not at all. */
const ZSTD_PARAMETERS = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 };

function compressed(page: Uint8Array): Uint8Array {
  const chunkSize = Math.max(64, page.length); // one output buffer
  return zstdCompressSync(page, { chunkSize, params: ZSTD_PARAMETERS });
}

function writeChunk(field: Field, chunk: Chunk, offset: number) {
  const { dictionary, page, encoding } = chunk;
  const raw_bytes = page.length + (dictionary?.bytes.length ?? 0);
  const codec = raw_bytes < WORTH_COMPRESSING_BYTES ? 'UNCOMPRESSED' : 'ZSTD';
  const dictionaryParts =
    dictionary === undefined
      ? []
      : writePage(dictionary.bytes, CODECS[codec], 2, { field_7: { field_1: dictionary.count, field_2: 0 } });
  const header = { field_1: chunk.rows, field_2: encoding === 'PLAIN' ? 0 : 8, field_3: 3, field_4: 3 };
  const dataParts = writePage(page, CODECS[codec], 0, { field_5: header });
  const dictionary_bytes = dictionaryParts.reduce((sum, part) => sum + part.length, 0);
  const headers_bytes = (dictionaryParts[0]?.length ?? 0) + dataParts[0]!.length;
  const bytes = dictionary_bytes + dataParts.reduce((sum, part) => sum + part.length, 0);
  const column: ColumnChunk = {
    file_offset: BigInt(offset),
    meta_data: {
      type: PHYSICAL[field.type].type,
      encodings: dictionary === undefined ? ['PLAIN', 'RLE'] : ['PLAIN', 'RLE', encoding],
      path_in_schema: [field.name],
      codec,
      num_values: BigInt(chunk.rows),
      total_uncompressed_size: BigInt(raw_bytes + headers_bytes),
      total_compressed_size: BigInt(bytes),
      data_page_offset: BigInt(offset + dictionary_bytes),
      ...(dictionary === undefined ? {} : { dictionary_page_offset: BigInt(offset) }),
      statistics: {
        null_count: BigInt(chunk.nulls),
        ...(chunk.lower === undefined ? {} : { min_value: chunk.lower }),
        ...(chunk.upper === undefined ? {} : { max_value: chunk.upper }),
      },
      encoding_stats: [
        ...(dictionary === undefined
          ? []
          : [{ page_type: 'DICTIONARY_PAGE', encoding: 'PLAIN', count: 1 } as const]),
        { page_type: 'DATA_PAGE', encoding, count: 1 },
      ],
    },
  };
  return { parts: [...dictionaryParts, ...dataParts], bytes, column };
}

/** Header and body of a page; `type` 0 is a data page, 2 a dictionary page (parquet.thrift, PageHeader). */
function writePage(
  raw: Uint8Array,
  compress: (page: Uint8Array) => Uint8Array,
  type: 0 | 2,
  detail: Readonly<Record<`field_${number}`, object>>,
): readonly Uint8Array[] {
  const body = compress(raw);
  const header = new ByteWriter(64);
  serializeTCompactProtocol(header, { field_1: type, field_2: raw.length, field_3: body.length, ...detail });
  return [header.getBytes(), body];
}

function rowGroup(
  columns: ColumnChunk[],
  rows: number,
  start: number,
  end: number,
  fields: readonly Field[],
  sortedBy: readonly string[],
): RowGroup {
  const raw_bytes = columns.reduce((sum, { meta_data }) => sum + meta_data!.total_uncompressed_size, 0n);
  const sorting = sortedBy.map((name) => ({
    column_idx: fields.findIndex((field) => field.name === name),
    descending: false,
    nulls_first: false,
  }));
  return {
    columns,
    total_byte_size: raw_bytes,
    num_rows: BigInt(rows),
    ...(sorting.length === 0 ? {} : { sorting_columns: sorting }),
    file_offset: BigInt(start),
    total_compressed_size: BigInt(end - start),
  };
}

const PHYSICAL = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  date: { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } },
  double: { type: 'DOUBLE' },
  timestamptz: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
  long: { type: 'INT64' },
  boolean: { type: 'BOOLEAN' },
} as const satisfies Record<Field['type'], Partial<SchemaElement>>;

function footer(
  fields: readonly Field[],
  row_groups: RowGroup[],
  metadata: Readonly<Record<string, string>> | undefined,
): Uint8Array {
  const schema: SchemaElement[] = fields.map(({ id, name, type, required }) => ({
    ...PHYSICAL[type],
    name,
    field_id: id,
    repetition_type: required ? 'REQUIRED' : 'OPTIONAL',
  }));
  const pairs: KeyValue[] = Object.entries(metadata ?? {}).map(([key, value]) => ({ key, value }));
  const content: Omit<FileMetaData, 'metadata_length'> = {
    version: 2,
    created_by: 'aurum version 1.0.0 (build 1)',
    schema: [{ name: 'table', num_children: fields.length }, ...schema],
    num_rows: row_groups.reduce((sum, { num_rows }) => sum + num_rows, 0n),
    row_groups,
    ...(pairs.length === 0 ? {} : { key_value_metadata: pairs }),
  };
  const writer = new ByteWriter(1 << 16);
  writeMetadata(writer, content as FileMetaData, Number.POSITIVE_INFINITY);
  writer.appendBytes(MAGIC);
  return writer.getBytes();
}
