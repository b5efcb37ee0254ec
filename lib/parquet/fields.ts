/**
 * Columns of the lake's tables with their Iceberg field ids and types, and what an encoded file says about itself.
 * Knows nothing of bytes. A field id is for ever: a new column takes the next free one, a dropped one is not used again.
 */
import { CURVE_COLUMNS, type CurveObservation, curveObservation } from '#schemas/curve-observation.ts';
import { type CurveRelease, curveRelease, type QaCheck, qaCheck } from '#schemas/lake.ts';

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

/** `market.curve_release` */
export const RELEASE_FIELDS: readonly Field<keyof CurveRelease>[] = (
  [
    [1, 'vendor', 'string'],
    [2, 'asof_date', 'date'],
    [3, 'version', 'string'],
    [4, 'sequence', 'string'],
    [5, 'known_at', 'timestamptz'],
    [6, 'source_file', 'string'],
    [7, 'source_key', 'string'],
    [8, 'source_version_id', 'string'],
    [9, 'source_sha256', 'string'],
    [10, 'row_count', 'long'],
    [11, 'data_file', 'string'],
    [12, 'lake_commit', 'string'],
  ] as const
).map(([id, name, type]) => ({ id, name, type, required: !curveRelease.shape[name].isNullable() }));

/** `market.qa_checks` */
export const QA_FIELDS: readonly Field<keyof QaCheck>[] = (
  [
    [1, 'version', 'string'],
    [2, 'asof_date', 'date'],
    [3, 'suite', 'string'],
    [4, 'expectation', 'string'],
    [5, 'column', 'string'],
    [6, 'severity', 'string'],
    [7, 'success', 'boolean'],
    [8, 'element_count', 'long'],
    [9, 'unexpected_count', 'long'],
    [10, 'unexpected_cells', 'string'],
    [11, 'checked_at', 'timestamptz'],
  ] as const
).map(([id, name, type]) => ({ id, name, type, required: !qaCheck.shape[name].isNullable() }));
