/**
 * Columns of the lake's tables with their Iceberg field ids and types, and what an encoded file says about itself.
 * Knows nothing of bytes. A field id is for ever: a new column takes the next free one, a dropped one is not used again.
 */
import { z } from 'zod';
import { CURVE_COLUMNS, type CurveObservation, curveObservation } from '#schemas/curve-observation.ts';
import { type FlatRow, type FlatTable, flatTables } from '#schemas/lake.ts';

/** Names of Iceberg's primitive types. */
export type FieldType = 'string' | 'date' | 'double' | 'timestamptz' | 'long' | 'boolean';

export interface Field<Name extends string = string> {
  readonly id: number;
  readonly name: Name;
  readonly type: FieldType;
  readonly required: boolean;
}

/**
 * A value as the file stores it: text; date = days since 1970-01-01 (number); timestamptz = microseconds since
 * 1970-01-01 UTC and long (bigint); double (number); boolean.
 */
export type Stored = string | number | bigint | boolean;

/** What one column of a file holds: the figures of an Iceberg manifest entry and of a Parquet footer. */
export interface ColumnStatistics {
  readonly field_id: number;
  readonly name: string;
  /** Rows, nulls included. */
  readonly value_count: number;
  readonly null_count: number;
  /** Absent when all values are null, or when the column has no order worth keeping (cells). Never truncated. */
  readonly lower?: Stored;
  readonly upper?: Stored;
  /** Compressed bytes of the column in the file, page headers included. */
  readonly compressed_bytes: number;
}

/** One Parquet file with all that a manifest entry says of it. `bytes.length` is the file size. */
export interface EncodedFile {
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** In the order of the fields written. */
  readonly columns: readonly ColumnStatistics[];
  /** Offset of each row group, ascending. */
  readonly split_offsets: readonly number[];
}

const CURVE_TYPES: { readonly [name in keyof CurveObservation]?: FieldType } = {
  asof_date: 'date',
  contract_month: 'date',
  value: 'double',
  bid: 'double',
  ask: 'double',
  mid: 'double',
  _ingest_ts: 'timestamptz',
};

/** `market.curve_observation`: ids 1..27 in canonical order. */
export const CURVE_FIELDS: readonly Field<keyof CurveObservation>[] = CURVE_COLUMNS.map((name, index) => ({
  id: index + 1,
  name,
  type: CURVE_TYPES[name] ?? 'string',
  required: !curveObservation.shape[name].isNullable(),
}));

/** Order of the rows in a file of `market.curve_observation`, ascending; text by its UTF-8 bytes. */
export const CURVE_SORT = ['curve_key', 'tenor_type', 'contract_month', 'tenor_label'] as const;

const NUMBERS: Readonly<Record<string, FieldType>> = {
  integer: 'long',
  number: 'double',
  boolean: 'boolean',
};

/** Columns of a small table as its schema orders them: one may be added to a schema at its end only. */
export const FLAT_FIELDS = Object.fromEntries(
  Object.entries(flatTables).map(([table, schema]) => [table, fieldsOfRows(schema)]),
) as { readonly [Table in FlatTable]: readonly Field<keyof FlatRow<Table> & string>[] };

export const RELEASE_FIELDS = FLAT_FIELDS['market.curve_release'];

function fieldsOfRows({ shape }: z.ZodObject): readonly Field[] {
  return Object.entries(shape as Record<string, z.ZodType>).map(([name, field], index) => ({
    id: index + 1,
    name,
    type: typeOf(z.toJSONSchema(field, { io: 'input' })),
    required: !field.safeParse(null).success,
  }));
}

/** Of several forms the one that is not null. */
function typeOf({ type, format, anyOf = [] }: z.core.JSONSchema.JSONSchema): FieldType {
  const form = (anyOf as z.core.JSONSchema.JSONSchema[]).find((one) => one.type !== 'null');
  if (form !== undefined) return typeOf(form);
  if (format === 'date') return 'date';
  if (format === 'date-time') return 'timestamptz';
  const [name = 'string'] = [type].flat().filter((one) => one !== undefined && one !== 'null');
  return NUMBERS[name] ?? 'string';
}
