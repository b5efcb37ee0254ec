/**
 * Rows in any format, as a stream of bytes: the same rows in each, one batch in memory at a time. JSON carries `meta`
 * before its rows; Arrow (schema metadata) and Parquet (key-value metadata) carry it as JSON under `aurum.meta`; NDJSON and
 * CSV have no place for it, so over HTTP it is in the header of `metaHeader`. Knows no route and no store.
 */
import type { CurveBatch } from '#lib/domain/curve.ts';
import { arrowStream } from './arrow.ts';
import { type ColumnBatch, type ColumnField, columnsOfRows } from './columns.ts';
import { curveColumns } from './curve-columns.ts';
import type { Format } from './negotiate.ts';
import { parquetFile } from './parquet.ts';
import { csvLines, jsonDocument, ndjsonLines } from './text.ts';

/** Rows as objects, in batches of any size. */
export function encodeRows(
  format: Format,
  fields: readonly ColumnField[],
  batches: AsyncIterable<readonly object[]> | Iterable<readonly object[]>,
  meta: object = {},
): AsyncGenerator<Uint8Array> {
  return encodeColumns(format, fields, rowColumns(fields, batches), meta);
}

/** Rows of curves, columnar from the data file to the last byte. */
export function encodeCurves(
  format: Format,
  fields: readonly ColumnField[],
  batches: AsyncIterable<CurveBatch>,
  meta: object = {},
): AsyncGenerator<Uint8Array> {
  return encodeColumns(format, fields, curveColumns(fields, batches), meta);
}

async function* rowColumns(
  fields: readonly ColumnField[],
  batches: AsyncIterable<readonly object[]> | Iterable<readonly object[]>,
): AsyncGenerator<ColumnBatch> {
  for await (const rows of batches) if (rows.length > 0) yield columnsOfRows(fields, rows);
}

function encodeColumns(
  format: Format,
  fields: readonly ColumnField[],
  batches: AsyncIterable<ColumnBatch>,
  meta: object,
): AsyncGenerator<Uint8Array> {
  if (format === 'json') return jsonDocument(fields, batches, meta);
  if (format === 'ndjson') return ndjsonLines(fields, batches);
  if (format === 'csv') return csvLines(fields, batches);
  const metadata = { 'aurum.meta': JSON.stringify(meta) };
  return format === 'arrow' ? arrowStream(fields, batches, metadata) : parquetFile(fields, batches, metadata);
}

/** Name of the header that carries `meta` where the body does not. */
export const META_HEADER = 'aurum-meta';

/**
 * Its value: the members of `meta` that are no list or object, as JSON in ASCII. Lists are left out: a header of more than
 * a few kilobytes is refused on its way.
 */
export function metaHeader(meta: object): string {
  const scalars = Object.entries(meta).filter(([, value]) => value === null || typeof value !== 'object');
  return JSON.stringify(Object.fromEntries(scalars)).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
