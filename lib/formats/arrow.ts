/**
 * Columns -> an Apache Arrow IPC stream: texts as dictionaries that each record batch brings along, so a reader and a
 * writer hold one batch whatever the answer's length; float64, date32, timestamps in microseconds UTC, nulls as nulls.
 */
import {
  AsyncByteQueue,
  Bool,
  type Data,
  type DataType,
  DateDay,
  Dictionary,
  Field,
  Float64,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
  Vector,
} from 'apache-arrow';
import { daysOf, microsOf } from '#lib/parquet/encode.ts';
import {
  type Column,
  type ColumnBatch,
  type ColumnField,
  emptyColumns,
  type TextColumn,
  textsOfCodes,
} from './columns.ts';

export async function* arrowStream(
  fields: readonly ColumnField[],
  batches: AsyncIterable<ColumnBatch>,
  metadata: Readonly<Record<string, string>>,
): AsyncGenerator<Uint8Array> {
  const types = fields.map(arrowType);
  const schema = new Schema(
    fields.map(({ name, nullable }, at) => new Field(name, types[at]!, nullable)),
    new Map(Object.entries(metadata)),
  );
  const written = new WrittenBytes();
  const writer = new RecordBatchStreamWriter().reset(written, schema);
  let any = false;
  const record = ({ rows, columns }: ColumnBatch) => {
    const children = columns.map((column, at) => dataOf(fields[at]!, types[at]!, column));
    return new RecordBatch(
      schema,
      makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children }),
    );
  };
  for await (const batch of batches) {
    any = true;
    writer.write(record(batch));
    yield* written.take();
  }
  // Some readers want a batch to learn a dictionary's type from.
  if (!any) writer.write(record(emptyColumns(fields)));
  writer.finish();
  yield* written.take();
}

/** A part from this size on goes on as it is; smaller ones are put together, since each costs its reader a call. */
const LARGE_PART_BYTES = 16_384;

/** Where the writer puts its bytes: taken out after each batch, so none wait for a reader. */
class WrittenBytes extends AsyncByteQueue {
  #parts: Uint8Array[] = [];

  override write(part: Uint8Array): void {
    this.#parts.push(part);
  }

  *take(): Generator<Uint8Array> {
    const parts = this.#parts;
    this.#parts = [];
    let small: Uint8Array[] = [];
    for (const part of parts) {
      if (part.length < LARGE_PART_BYTES) small.push(part);
      else {
        if (small.length > 0) yield Buffer.concat(small);
        small = [];
        yield part;
      }
    }
    if (small.length > 0) yield Buffer.concat(small);
  }
}

function arrowType({ type, distinct }: ColumnField, index: number): DataType {
  if (type === 'double') return new Float64();
  if (type === 'long') return new Int64();
  if (type === 'boolean') return new Bool();
  if (type === 'date') return new DateDay();
  if (type === 'timestamptz') return new TimestampMicrosecond('UTC');
  return distinct === true || type === 'json' ? new Utf8() : new Dictionary(new Utf8(), new Int32(), index);
}

function dataOf(field: ColumnField, type: DataType, column: Column): Data {
  if (column.kind === 'texts') return textData(column);
  if (column.kind === 'numbers') return numbersData(field, type, column.values);
  if (column.kind === 'flags') return flagsData(column.values);
  return codedData(field, type, column.codes, column.values);
}

function codedData(field: ColumnField, type: DataType, codes: Int32Array, values: readonly string[]): Data {
  if (type instanceof Utf8) return textData(textsOfCodes(codes, values));
  const nulls = field.nullable && codes.includes(-1) ? nullsOf(codes.length, codes, -1) : NO_NULLS;
  const { length } = codes;
  if (field.type === 'timestamptz') return instantsData(type, codes, values, nulls);
  // A code under a null is never looked at, but some readers check that it is one.
  const data = nulls === NO_NULLS ? codes : Int32Array.from(codes);
  if (nulls !== NO_NULLS) for (let row = 0; row < length; row++) if (data[row] === -1) data[row] = 0;
  if (field.type === 'date') {
    const days = Int32Array.from(values, daysOf);
    for (let row = 0; row < length; row++) data[row] = days[data[row]!] ?? 0;
    return makeData({ type: type as DateDay, length, data, ...nulls });
  }
  const each = Int32Array.from(values, (_, code) => code);
  const dictionary = new Vector<Utf8>([textData(textsOfCodes(each, values))]);
  return makeData({ type: type as Dictionary<Utf8, Int32>, length, data, dictionary, ...nulls });
}

/** As pairs of 32 bits: a BigInt for every row costs more than all the other columns. */
function instantsData(type: DataType, codes: Int32Array, values: readonly string[], nulls: Nulls): Data {
  const micros = new Int32Array(BigInt64Array.from(values, microsOf).buffer);
  const words = new Int32Array(codes.length * 2);
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!;
    if (code === -1) continue;
    words[2 * row] = micros[2 * code]!;
    words[2 * row + 1] = micros[2 * code + 1]!;
  }
  const data = new BigInt64Array(words.buffer);
  return makeData({ type: type as TimestampMicrosecond, length: codes.length, data, ...nulls });
}

function numbersData(field: ColumnField, type: DataType, values: Float64Array): Data {
  const { length } = values;
  const nulls = field.nullable ? nanNulls(values) : NO_NULLS;
  if (field.type === 'double') return makeData({ type: type as Float64, length, data: values, ...nulls });
  const data = BigInt64Array.from(values, (value) => (Number.isNaN(value) ? 0n : BigInt(value)));
  return makeData({ type: type as Int64, length, data, ...nulls });
}

function flagsData(flags: Int8Array): Data {
  const data = new Uint8Array(Math.ceil(flags.length / 8));
  for (let row = 0; row < flags.length; row++) if (flags[row] === 1) data[row >> 3]! |= 1 << (row & 7);
  const nulls = flags.includes(-1) ? nullsOf(flags.length, flags, -1) : NO_NULLS;
  return makeData({ type: new Bool(), length: flags.length, data, ...nulls });
}

function textData({ bytes, offsets, missing }: TextColumn): Data<Utf8> {
  const length = offsets.length - 1;
  const nulls = missing === undefined ? NO_NULLS : nullsOf(length, missing, 1);
  return makeData({ type: new Utf8(), length, valueOffsets: offsets, data: bytes, ...nulls });
}

interface Nulls {
  readonly nullCount: number;
  /** A bit for each row, 1 where there is a value. */
  readonly nullBitmap?: Uint8Array;
}
const NO_NULLS: Nulls = { nullCount: 0 };

/** Null is where the mark stands. */
function nullsOf(length: number, marks: Int32Array | Int8Array | Uint8Array, mark: number): Nulls {
  const nullBitmap = new Uint8Array(Math.ceil(length / 8));
  let nullCount = 0;
  for (let row = 0; row < length; row++) {
    if (marks[row] === mark) nullCount++;
    else nullBitmap[row >> 3]! |= 1 << (row & 7);
  }
  return { nullCount, nullBitmap };
}

function nanNulls(values: Float64Array): Nulls {
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8));
  let nullCount = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (Number.isNaN(value)) nullCount++;
    else nullBitmap[row >> 3]! |= 1 << (row & 7);
  }
  return nullCount === 0 ? NO_NULLS : { nullCount, nullBitmap };
}
