/**
 * The raw bytes of a Parquet file we wrote -> where its column chunks lie and what they hold, dictionary codes kept as
 * codes. Reads what chunks.ts and file.ts write (V1 pages, one data page a chunk); a file of another writer is refused.
 */
import { zstdDecompressSync } from 'node:zlib';
import { type DataReader, parquetMetadata } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { AurumError } from '#lib/domain/errors.ts';
import type { Field, Stored } from './fields.ts';
import { lengthOf, type Runs, readCodes, withNulls } from './runs.ts';

export interface ChunkPlace {
  readonly offset: number;
  readonly bytes: number;
  readonly zstd: boolean;
}

export interface GroupLayout {
  readonly rows: number;
  /** First byte of the row group and the one after its last. */
  readonly start: number;
  readonly end: number;
  readonly chunks: ReadonlyMap<string, ChunkPlace>;
}

export interface FileLayout {
  readonly rows: number;
  readonly groups: readonly GroupLayout[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** A stretch of a file: `bytes[0]` is the file's byte `offset`. */
export interface Stretch {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/** A dictionary column: codes of `values`, or NULL. */
export interface CodedColumn {
  readonly runs: Runs;
  readonly values: readonly Stored[];
}

/** Texts as they lie in the page: one after the other, each behind its length (4 bytes, little endian). */
export interface TextColumn {
  /** 1 where there is a text. */
  readonly levels: Runs;
  readonly bytes: Uint8Array;
}

/** @throws AurumError (fault) when the bytes are no Parquet file. */
export function readLayout(bytes: Uint8Array): FileLayout {
  const footer = unlessBroken(() => parquetMetadata(bytes, { geoparquet: false }));
  const groups = footer.row_groups.map(({ columns, num_rows }) => {
    const chunks = new Map<string, ChunkPlace>();
    let end = 0;
    for (const { meta_data } of columns) {
      const { path_in_schema, codec, total_compressed_size, data_page_offset, dictionary_page_offset } =
        meta_data!;
      if (codec !== 'ZSTD' && codec !== 'UNCOMPRESSED') throw unreadable(`codec ${codec}`);
      const place = {
        offset: Number(dictionary_page_offset ?? data_page_offset),
        bytes: Number(total_compressed_size),
        zstd: codec === 'ZSTD',
      };
      chunks.set(path_in_schema.join('.'), place);
      end = Math.max(end, place.offset + place.bytes);
    }
    const start = Math.min(...[...chunks.values()].map(({ offset }) => offset));
    return { rows: Number(num_rows), start, end, chunks };
  });
  const metadata = new Map(footer.key_value_metadata?.map(({ key, value }) => [key, value ?? '']));
  return { rows: Number(footer.num_rows), groups, metadata };
}

function unlessBroken<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    throw unreadable(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function unreadable(what: string, cause?: unknown): AurumError {
  return new AurumError('fault', 'parquet_unreadable', `the Parquet file cannot be read: ${what}`, { cause });
}

export function readCoded(file: Stretch, group: GroupLayout, field: Field): CodedColumn {
  const [dictionary, data] = pages(file, group, field.name);
  if (data === undefined) throw unreadable(`column ${field.name} has no dictionary`);
  const values = plainValues(dictionary!, field);
  const reader = readerOf(data.bytes);
  const levels = readLevels(reader, field, group.rows);
  const width = reader.view.getUint8(reader.offset++);
  const codes = unlessBroken(() => readCodes(reader, width, lengthOf(levels, isPresent)));
  return { runs: withNulls(levels, codes), values };
}

/** NaN where the column is null. */
export function readDoubles(file: Stretch, group: GroupLayout, field: Field, into: Float64Array): void {
  const [data] = pages(file, group, field.name);
  const reader = readerOf(data!.bytes);
  const { codes, lengths } = readLevels(reader, field, group.rows);
  const from = data!.bytes.byteOffset + reader.offset;
  // A copy, since doubles can only be looked at where the offset is a multiple of 8.
  const values = new Float64Array(
    data!.bytes.buffer.slice(from, data!.bytes.byteOffset + data!.bytes.length),
  );
  let row = 0;
  let next = 0;
  for (let run = 0; run < codes.length; run++) {
    const end = row + lengths[run]!;
    if (codes[run] === 0) into.fill(Number.NaN, row, end);
    else {
      into.set(values.subarray(next, next + end - row), row);
      next += end - row;
    }
    row = end;
  }
}

export function readTexts(file: Stretch, group: GroupLayout, field: Field): TextColumn {
  const [data] = pages(file, group, field.name);
  const reader = readerOf(data!.bytes);
  const levels = readLevels(reader, field, group.rows);
  return { levels, bytes: data!.bytes.subarray(reader.offset) };
}

export function readBooleans(file: Stretch, group: GroupLayout, field: Field): boolean[] {
  const [data] = pages(file, group, field.name);
  return Array.from({ length: group.rows }, (_, row) => ((data!.bytes[row >> 3]! >> (row & 7)) & 1) === 1);
}

interface Page {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** Dictionary page, when there is one, and data page of a chunk, decompressed. */
function pages(file: Stretch, group: GroupLayout, name: string): Page[] {
  const place = group.chunks.get(name);
  if (place === undefined) throw unreadable(`no column ${name}`);
  const from = place.offset - file.offset;
  const chunk = file.bytes.subarray(from, from + place.bytes);
  const reader = readerOf(chunk);
  const found: Page[] = [];
  while (reader.offset < chunk.length) {
    const header = unlessBroken(() => parquetHeader(reader));
    const body = chunk.subarray(reader.offset, reader.offset + header.compressed_page_size);
    reader.offset += header.compressed_page_size;
    const bytes = place.zstd ? decompressed(body, header.uncompressed_page_size) : body;
    if (bytes.length !== header.uncompressed_page_size) throw unreadable(`a page of ${name} is cut short`);
    found.push({ bytes, count: header.dictionary_page_header?.num_values ?? group.rows });
  }
  if (found.length !== 1 && found.length !== 2)
    throw unreadable(`${found.length} pages in one chunk of ${name}`);
  return found;
}

/** One output buffer of the known size: zlib's default of 16 kB pieces costs twice the time. */
function decompressed(body: Uint8Array, size: number): Uint8Array {
  return unlessBroken(() => zstdDecompressSync(body, { chunkSize: size + 64, maxOutputLength: size + 64 }));
}

function readerOf(bytes: Uint8Array): DataReader {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
}

/** 1 where there is a value. */
function readLevels(reader: DataReader, field: Field, rows: number): Runs {
  if (field.required) return { codes: [1], lengths: [rows] };
  reader.offset += 4;
  return unlessBroken(() => readCodes(reader, 1, rows));
}

function isPresent(level: number): boolean {
  return level === 1;
}

function plainValues(page: Page, field: Field): Stored[] {
  const { view } = readerOf(page.bytes);
  const text = Buffer.from(page.bytes.buffer, page.bytes.byteOffset, page.bytes.byteLength);
  let offset = 0;
  return Array.from({ length: page.count }, () => {
    const at = offset;
    if (field.type === 'date') {
      offset += 4;
      return view.getInt32(at, true);
    }
    if (field.type === 'timestamptz' || field.type === 'long') {
      offset += 8;
      return view.getBigInt64(at, true);
    }
    offset += 4 + view.getUint32(at, true);
    return text.toString('utf8', at + 4, offset);
  });
}
