/**
 * Columns of the lake's tables with their Iceberg field ids and types, and what an encoded file says about itself.
 * Knows nothing of bytes. A field id is for ever: a new column takes the next free one, a dropped one is not used again.
 */
import { z } from 'zod';
import { AurumError } from '#lib/domain/errors.ts';
import { type CurveObservation, curveObservation } from '#schemas/curve-observation.ts';
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

/** `market.curve_observation`: ids 1..27 in canonical order. */
export const CURVE_FIELDS = tableFields(curveObservation) as readonly Field<keyof CurveObservation>[];

/** Order of the rows in a file of `market.curve_observation`, ascending; text by its UTF-8 bytes. */
export const CURVE_SORT = ['curve_key', 'tenor_type', 'contract_month', 'tenor_label'] as const;

/** Columns of a small table as its schema orders them: one may be added to a schema at its end only. */
export const FLAT_FIELDS = Object.fromEntries(
  Object.entries(flatTables).map(([table, schema]) => [table, tableFields(schema)]),
) as { readonly [Table in FlatTable]: readonly Field<keyof FlatRow<Table> & string>[] };

export const RELEASE_FIELDS = FLAT_FIELDS['market.curve_release'];

function tableFields(schema: z.ZodType): readonly Field[] {
  return rowFields(schema).map(({ name, type, nullable }, index) => {
    if (type === 'json') throw new AurumError('fault', 'rows_not_flat', `a table has no column like ${name}`);
    return { id: index + 1, name, type, required: !nullable };
  });
}

/** A field of the rows a schema describes. `json`: what has no one primitive type. */
export interface RowField {
  readonly name: string;
  readonly type: FieldType | 'json';
  readonly nullable: boolean;
}

/** Fields of the rows a schema describes, in its order. A field may be absent: it is then null. */
export function rowFields(schema: z.ZodType): readonly RowField[] {
  const { properties, required = [] } = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
  if (properties === undefined) {
    throw new AurumError('fault', 'rows_not_flat', 'rows are described by an object schema');
  }
  return Object.entries(properties).map(([name, property]) => {
    const forms = formsOf(property as JsonForm);
    const present = forms.filter(({ type }) => type !== 'null');
    const nullable = present.length < forms.length || !required.includes(name);
    return { name, type: present.length === 1 ? typeOf(present[0]!) : 'json', nullable };
  });
}

interface JsonForm {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly anyOf?: readonly JsonForm[];
}

/** One form for each type a value may have. */
function formsOf(form: JsonForm): readonly JsonForm[] {
  if (form.anyOf !== undefined) return form.anyOf.flatMap(formsOf);
  const { type } = form;
  return typeof type === 'object' ? type.map((one) => ({ ...form, type: one })) : [form];
}

function typeOf({ type, format }: JsonForm): RowField['type'] {
  if (type === 'integer') return 'long';
  if (type === 'number') return 'double';
  if (type === 'boolean') return 'boolean';
  if (type !== 'string') return 'json';
  return format === 'date' ? 'date' : format === 'date-time' ? 'timestamptz' : 'string';
}
