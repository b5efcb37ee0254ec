/** Columns -> a Parquet file, handed out row group by row group; the footer comes last. */

import {
  booleansChunk,
  type Chunk,
  codedChunk,
  coding,
  doublesChunk,
  textsChunk,
} from '#lib/parquet/chunks.ts';
import { daysOf, microsOf } from '#lib/parquet/encode.ts';
import type { Field, Stored } from '#lib/parquet/fields.ts';
import { openFile } from '#lib/parquet/file.ts';
import { runsOf } from '#lib/parquet/runs.ts';
import type { Column, ColumnBatch, ColumnField, TextColumn } from './columns.ts';

export async function* parquetFile(
  fields: readonly ColumnField[],
  batches: AsyncIterable<ColumnBatch>,
  metadata: Readonly<Record<string, string>>,
): AsyncGenerator<Uint8Array> {
  const columns = fields.map(
    ({ name, type, nullable }, index): Field => ({
      id: index + 1,
      name,
      type: type === 'json' ? 'string' : type,
      required: !nullable,
    }),
  );
  const file = openFile(columns, { metadata });
  for await (const { rows, columns: values } of batches) {
    yield Buffer.concat(file.group({ rows, chunk: (field) => chunkOf(field, values[field.id - 1]!, rows) }));
  }
  yield Buffer.concat(file.end());
}

function chunkOf(field: Field, column: Column, length: number): Chunk {
  if (column.kind === 'flags') {
    return booleansChunk(
      field,
      Array.from(column.values, (flag) => (flag === -1 ? null : flag === 1)),
    );
  }
  if (column.kind === 'coded') return codesChunk(field, column.codes, column.values);
  const rows = Uint32Array.from({ length }, (_, row) => row);
  if (column.kind === 'texts') return textsChunk(field, rows, longestOf(column), copying(column));
  if (field.type === 'double') return doublesChunk(field, column.values, rows);
  const longs = Array.from(column.values, (value) => (Number.isNaN(value) ? null : BigInt(value)));
  return codedChunk(field, coding(longs), runsOf(rows));
}

/** Null is one more entry of the dictionary, whose place is none. */
function codesChunk(field: Field, codes: Int32Array, values: readonly string[]): Chunk {
  const entries = [...values.map((value) => stored(field, value)), null];
  return codedChunk(
    field,
    coding(entries),
    runsOf(codes.map((code) => (code === -1 ? values.length : code))),
  );
}

function stored({ type }: Field, value: string): Stored {
  if (type === 'date') return daysOf(value);
  return type === 'timestamptz' ? microsOf(value) : value;
}

function longestOf({ offsets }: TextColumn): number {
  let longest = 0;
  for (let row = 1; row < offsets.length; row++)
    longest = Math.max(longest, offsets[row]! - offsets[row - 1]!);
  return longest;
}

function copying({ bytes, offsets, missing }: TextColumn) {
  return (row: number, into: Uint8Array, at: number): number => {
    if (missing?.[row] === 1) return -1;
    const end = offsets[row + 1]!;
    let place = at;
    for (let from = offsets[row]!; from < end; from++) into[place++] = bytes[from]!;
    return place;
  };
}
