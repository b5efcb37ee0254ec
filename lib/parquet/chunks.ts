/**
 * Values of one column in one row group -> the raw bytes of its Parquet pages (data page V1, PLAIN or dictionary).
 * Knows nothing of compression, offsets or tables.
 */
import { ByteWriter } from 'hyparquet-writer';
import { AurumError } from '#lib/domain/errors.ts';
import type { Field, Stored } from './fields.ts';
import { compareText } from './order.ts';
import { addRun, lengthOf, NULL, noRuns, type Runs, runsOf, writeCodes, writeLevels } from './runs.ts';

export interface Chunk {
  readonly encoding: 'PLAIN' | 'RLE_DICTIONARY';
  readonly dictionary?: { readonly bytes: Uint8Array; readonly count: number };
  readonly page: Uint8Array;
  readonly rows: number;
  readonly nulls: number;
  readonly lower?: Stored;
  readonly upper?: Stored;
}

/** Values of a column behind the codes of a table's dictionary: `values[places[code]]`; -1 is null. */
export interface Coding {
  readonly places: Int32Array;
  readonly values: readonly Stored[];
}

export function coding(entries: readonly (Stored | null)[]): Coding {
  const codes = new Map<Stored, number>();
  const places = Int32Array.from(entries, (value) => {
    if (value === null) return NULL;
    const known = codes.get(value);
    if (known !== undefined) return known;
    codes.set(value, codes.size);
    return codes.size - 1;
  });
  return { places, values: [...codes.keys()] };
}

export function codedChunk(field: Field, { places, values }: Coding, runs: Runs): Chunk {
  const local = new Int32Array(values.length).fill(NULL);
  const used: Stored[] = [];
  const merged = noRuns();
  for (let run = 0; run < runs.codes.length; run++) {
    const value = places[runs.codes[run]!]!;
    if (value >= 0 && local[value] === NULL) local[value] = used.push(values[value]!) - 1;
    addRun(merged, value < 0 ? NULL : local[value]!, runs.lengths[run]!);
  }
  const writer = new ByteWriter();
  const { rows, nulls } = appendLevels(writer, field, merged);
  writeCodes(writer, merged, used.length, rows - nulls);
  const dictionary = { bytes: plainBytes(field, used), count: used.length };
  return { encoding: 'RLE_DICTIONARY', dictionary, page: writer.getBytes(), rows, nulls, ...bounds(used) };
}

/** Doubles of the given rows; NaN is null. */
export function doublesChunk(field: Field, values: Float64Array, rows: Uint32Array): Chunk {
  const present = new Float64Array(rows.length);
  const missing = new Int8Array(rows.length);
  let count = 0;
  let lower = Number.POSITIVE_INFINITY;
  let upper = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < rows.length; index++) {
    const value = values[rows[index]!]!;
    if (Number.isNaN(value)) {
      missing[index] = NULL;
      continue;
    }
    present[count++] = value;
    if (value < lower) lower = value;
    if (value > upper) upper = value;
  }
  const writer = new ByteWriter(count * 8 + 64);
  const { nulls } = appendLevels(writer, field, presence(missing));
  writer.appendBytes(new Uint8Array(present.buffer, 0, count * 8));
  // Parquet asks for -0 below and +0 above, since the order of the two is not the same for every reader.
  const range = count === 0 ? {} : { lower: lower === 0 ? -0 : lower, upper: upper === 0 ? 0 : upper };
  return { encoding: 'PLAIN', page: writer.getBytes(), rows: rows.length, nulls, ...range };
}

/** Texts made byte by byte: `write` puts the text of a row at an offset and returns its end, or -1 for null. */
export function textsChunk(
  field: Field,
  rows: Uint32Array,
  longest_bytes: number,
  write: (row: number, into: Uint8Array, at: number) => number,
): Chunk {
  const bytes = new Uint8Array(rows.length * (longest_bytes + 4));
  const missing = new Int8Array(rows.length);
  let offset = 0;
  for (let index = 0; index < rows.length; index++) {
    const end = write(rows[index]!, bytes, offset + 4);
    if (end < 0) {
      missing[index] = NULL;
      continue;
    }
    const length = end - offset - 4;
    bytes[offset] = length;
    bytes[offset + 1] = length >>> 8;
    bytes[offset + 2] = length >>> 16;
    bytes[offset + 3] = length >>> 24;
    offset = end;
  }
  const writer = new ByteWriter(offset + 64);
  const { nulls } = appendLevels(writer, field, presence(missing));
  writer.appendBytes(bytes.subarray(0, offset));
  return { encoding: 'PLAIN', page: writer.getBytes(), rows: rows.length, nulls };
}

export function booleansChunk(field: Field, values: readonly (boolean | null)[]): Chunk {
  const present = values.filter((value) => value !== null);
  const bits = new Uint8Array(Math.ceil(present.length / 8));
  for (const [index, value] of present.entries()) if (value) bits[index >> 3]! |= 1 << (index & 7);
  const writer = new ByteWriter();
  const missing = Int8Array.from(values, (value) => (value === null ? NULL : 0));
  const { nulls } = appendLevels(writer, field, presence(missing));
  writer.appendBytes(bits);
  const range = present.length === 0 ? {} : { lower: present.every(Boolean), upper: present.some(Boolean) };
  return { encoding: 'PLAIN', page: writer.getBytes(), rows: values.length, nulls, ...range };
}

/** Codes 0 (a value) and -1 (null), one for each row. */
function presence(missing: Int8Array): Runs {
  if (missing.includes(NULL)) return runsOf(missing);
  return { codes: [0], lengths: [missing.length] };
}

/** The levels of an optional column, behind their length; a required one has none. */
function appendLevels(writer: ByteWriter, field: Field, runs: Runs): { rows: number; nulls: number } {
  const rows = lengthOf(runs, () => true);
  const nulls = lengthOf(runs, (code) => code === NULL);
  if (field.required) {
    if (nulls === 0) return { rows, nulls };
    throw new AurumError('fault', 'null_in_required_column', `${field.name} is null in ${nulls} rows`);
  }
  const levels = new ByteWriter();
  writeLevels(levels, runs);
  writer.appendUint32(levels.offset);
  writer.appendBytes(levels.getBytes());
  return { rows, nulls };
}

function plainBytes(field: Field, values: readonly Stored[]): Uint8Array {
  const writer = new ByteWriter();
  for (const value of values) {
    if (field.type === 'date') writer.appendInt32(Number(value));
    else if (field.type === 'double') writer.appendFloat64(Number(value));
    else if (typeof value === 'bigint') writer.appendInt64(value);
    else {
      const bytes = Buffer.from(String(value));
      writer.appendUint32(bytes.length);
      writer.appendBytes(bytes);
    }
  }
  return writer.getBytes();
}

function bounds(values: readonly Stored[]): { lower?: Stored; upper?: Stored } {
  const [first] = values;
  if (first === undefined) return {};
  let lower = first;
  let upper = first;
  for (const value of values) {
    if (compareStored(value, lower) < 0) lower = value;
    if (compareStored(value, upper) > 0) upper = value;
  }
  return { lower, upper };
}

/** Order of two stored values of one column. */
export function compareStored(a: Stored, b: Stored): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}
