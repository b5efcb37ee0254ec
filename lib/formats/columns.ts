/**
 * Rows as columns, which is what the encoders read: texts, dates and times as codes of a small dictionary, prices as
 * doubles. Knows how rows become columns; nothing of any format.
 */
import type { RowField } from '#lib/parquet/fields.ts';

/** `json` is nested in JSON and JSON text elsewhere. */
export interface ColumnField extends RowField {
  /** Nearly every text is another one: a dictionary would be longer than the texts. */
  readonly distinct?: boolean;
}

/**
 * Values of one field. `coded`: `values[codes[row]]` as JSON writes them, -1 for null. `numbers`: NaN for null. `flags`: 1,
 * 0, -1 for null. `texts`: UTF-8 of row i from `offsets[i]` to `offsets[i + 1]`.
 */
export type Column =
  | { readonly kind: 'coded'; readonly codes: Int32Array; readonly values: readonly string[] }
  | { readonly kind: 'numbers'; readonly values: Float64Array }
  | { readonly kind: 'flags'; readonly values: Int8Array }
  | TextColumn;

export interface TextColumn {
  readonly kind: 'texts';
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly offsets: Int32Array<ArrayBuffer>;
  /** 1 where there is no text; undefined when all rows have one. */
  readonly missing: Uint8Array | undefined;
}

/** Columns in the order of the fields. */
export interface ColumnBatch {
  readonly rows: number;
  readonly columns: readonly Column[];
}

/** Rows an encoder takes at once: 8 MB of columns, 10 ms of work. */
export const BATCH_ROWS = 16_384;

/** What a batch is when it has no rows. */
export function emptyColumns(fields: readonly ColumnField[]): ColumnBatch {
  return columnsOfRows(fields, []);
}

type Scalar = string | number | boolean | null;

export function columnsOfRows(fields: readonly ColumnField[], rows: readonly object[]): ColumnBatch {
  return { rows: rows.length, columns: fields.map((field) => columnOfRows(field, rows)) };
}

function columnOfRows({ name, type }: ColumnField, rows: readonly object[]): Column {
  const value = (row: object) => ((row as Record<string, unknown>)[name] ?? null) as Scalar;
  if (type === 'double' || type === 'long') {
    return {
      kind: 'numbers',
      values: Float64Array.from(rows, (row) => (value(row) as number) ?? Number.NaN),
    };
  }
  if (type === 'boolean') {
    return {
      kind: 'flags',
      values: Int8Array.from(rows, (row) => (value(row) === null ? -1 : +value(row)!)),
    };
  }
  const known = new Map<string, number>();
  const codes = Int32Array.from(rows, (row) => {
    const found = value(row);
    if (found === null) return -1;
    const text = type === 'json' ? JSON.stringify(found) : String(found);
    const code = known.get(text) ?? known.size;
    if (code === known.size) known.set(text, code);
    return code;
  });
  return { kind: 'coded', codes, values: [...known.keys()] };
}

/** Texts of a dictionary one after the other, as rows have them. */
export function textsOfCodes(codes: Int32Array, values: readonly string[]): TextColumn {
  const written = values.map((value) => Buffer.from(value));
  const offsets = new Int32Array(codes.length + 1);
  const missing = codes.includes(-1) ? new Uint8Array(codes.length) : undefined;
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!;
    if (code === -1) missing![row] = 1;
    offsets[row + 1] = offsets[row]! + (code === -1 ? 0 : written[code]!.length);
  }
  const bytes = new Uint8Array(offsets[codes.length]!);
  for (let row = 0; row < codes.length; row++) {
    if (codes[row] !== -1) bytes.set(written[codes[row]!]!, offsets[row]);
  }
  return { kind: 'texts', bytes, offsets, missing };
}

/** The text of each row of a column of texts, for formats that are text themselves. */
export function textReader({ bytes, offsets, missing }: TextColumn): (row: number) => string | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (row) => (missing?.[row] === 1 ? null : text.toString('utf8', offsets[row], offsets[row + 1]));
}
