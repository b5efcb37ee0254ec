/**
 * Batches of curve rows as columns, without an object for a row: the codes of the tables become the codes of the batch.
 */
import type { CurveBatch, CurveTable } from '#lib/domain/curve.ts';
import { type CellTexts, cellTexts } from '#lib/parquet/encode.ts';
import { CURVE_FIELDS } from '#lib/parquet/fields.ts';
import { type CurveObservation, PRICE_TYPES } from '#schemas/curve-observation.ts';
import { BATCH_ROWS, type Column, type ColumnBatch, type ColumnField } from './columns.ts';

type CurveColumnName = keyof CurveObservation;

const DISTINCT: readonly string[] = ['source_cell', 'source_cell_bid_ask'];

/** Fields of a curve row in canonical order, or those named. */
export function curveFields(names?: readonly string[]): readonly ColumnField[] {
  return CURVE_FIELDS.filter(({ name }) => names?.includes(name) ?? true).map(({ name, type, required }) => ({
    name,
    type,
    nullable: !required,
    ...(DISTINCT.includes(name) ? { distinct: true } : {}),
  }));
}

/** Batches as they come, small and large, as columns of BATCH_ROWS rows, the last ones of fewer. */
export async function* curveColumns(
  fields: readonly ColumnField[],
  batches: AsyncIterable<CurveBatch>,
): AsyncGenerator<ColumnBatch> {
  let parts: CurveBatch[] = [];
  let rows = 0;
  for await (const batch of batches) {
    for (let start = 0; start < batch.rows.length; ) {
      const part = { ...batch, rows: batch.rows.subarray(start, start + BATCH_ROWS - rows) };
      start += part.rows.length;
      rows += part.rows.length;
      parts.push(part);
      if (rows < BATCH_ROWS) continue;
      yield columnBatch(fields, parts, rows);
      parts = [];
      rows = 0;
    }
  }
  if (rows > 0) yield columnBatch(fields, parts, rows);
}

function columnBatch(
  fields: readonly ColumnField[],
  parts: readonly CurveBatch[],
  rows: number,
): ColumnBatch {
  const columns = fields.map(({ name }) => SOURCES[name as CurveColumnName](parts, rows));
  return { rows, columns };
}

type Gather = (parts: readonly CurveBatch[], rows: number) => Column;
type Codes = Uint8Array | Uint16Array | Uint32Array;

const NOT_SEEN = -2;

/** A column whose table has it as codes of a dictionary. Entries that no row uses get no code. */
function coded(
  codesOf: (table: CurveTable) => Codes,
  size: (table: CurveTable) => number,
  entry: (table: CurveTable, code: number) => string | null,
): Gather {
  return (parts, rows) => {
    const codes = new Int32Array(rows);
    const known = new Map<string, number>();
    const places = new Map<CurveTable, Int32Array>();
    let at = 0;
    for (const { table, rows: taken } of parts) {
      const place = places.get(table) ?? new Int32Array(size(table)).fill(NOT_SEEN);
      places.set(table, place);
      const given = codesOf(table);
      let last = -1;
      let written = 0;
      // Most columns stay as they are for a whole curve: one look at the dictionary a run, not one a row.
      for (let index = 0; index < taken.length; index++) {
        const code = given[taken[index]!]!;
        if (code !== last) {
          if (place[code] === NOT_SEEN) place[code] = intern(known, entry(table, code));
          written = place[code]!;
          last = code;
        }
        codes[at++] = written;
      }
    }
    return { kind: 'coded', codes, values: [...known.keys()] };
  };
}

function intern(known: Map<string, number>, value: string | null): number {
  if (value === null) return -1;
  const code = known.get(value) ?? known.size;
  if (code === known.size) known.set(value, code);
  return code;
}

/** A column with one value for all rows of a part. */
function constant(value: (part: CurveBatch) => string): Gather {
  return (parts, rows) => {
    const codes = new Int32Array(rows);
    const known = new Map<string, number>();
    let at = 0;
    for (const part of parts) {
      codes.fill(intern(known, value(part)), at, at + part.rows.length);
      at += part.rows.length;
    }
    return { kind: 'coded', codes, values: [...known.keys()] };
  };
}

function prices(name: 'value' | 'bid' | 'ask' | 'mid'): Gather {
  return (parts, rows) => {
    const values = new Float64Array(rows);
    let at = 0;
    for (const { table, rows: taken } of parts) {
      const given = table[name];
      for (let index = 0; index < taken.length; index++) values[at++] = given[taken[index]!]!;
    }
    return { kind: 'numbers', values };
  };
}

function cells(textsOf: (table: CurveTable) => CellTexts): Gather {
  return (parts, rows) => {
    const known = new Map(parts.map(({ table }) => [table, textsOf(table)]));
    const longest = [...known.values()].reduce((most, { longest_bytes }) => Math.max(most, longest_bytes), 0);
    const bytes = new Uint8Array(rows * longest);
    const offsets = new Int32Array(rows + 1);
    let missing: Uint8Array | undefined;
    let row = 0;
    let at = 0;
    for (const { table, rows: taken } of parts) {
      const { write } = known.get(table)!;
      for (let index = 0; index < taken.length; index++) {
        const end = write(taken[index]!, bytes, at);
        if (end < 0) {
          missing ??= new Uint8Array(rows);
          missing[row] = 1;
        } else at = end;
        offsets[++row] = at;
      }
    }
    return { kind: 'texts', bytes: bytes.subarray(0, at), offsets, missing };
  };
}

const series = (name: keyof CurveTable['series'][number]) =>
  coded(
    (table) => table.seriesCode,
    (table) => table.series.length,
    (table, code) => table.series[code]![name],
  );
const tenor = (name: keyof CurveTable['tenors'][number]) =>
  coded(
    (table) => table.tenorCode,
    (table) => table.tenors.length,
    (table, code) => table.tenors[code]![name],
  );
const sheet = (name: keyof CurveTable['sheets'][number]) =>
  coded(
    (table) => table.sheetCode,
    (table) => table.sheets.length,
    (table, code) => table.sheets[code]![name],
  );

const SOURCES: Readonly<Record<CurveColumnName, Gather>> = {
  asof_date: constant(({ table }) => table.asof_date),
  source_file: constant(({ table }) => table.source_file),
  sheet_name: sheet('sheet_name'),
  asset_class: series('asset_class'),
  region: series('region'),
  iso: series('iso'),
  location: series('location'),
  market: series('market'),
  product: series('product'),
  block: series('block'),
  spark_location: series('spark_location'),
  price_type: coded(
    (table) => table.priceType,
    () => PRICE_TYPES.length,
    (_, code) => PRICE_TYPES[code]!,
  ),
  units_raw: series('units_raw'),
  currency: series('currency'),
  per_unit: series('per_unit'),
  tenor_type: tenor('tenor_type'),
  contract_month: tenor('contract_month'),
  tenor_label: tenor('tenor_label'),
  value: prices('value'),
  bid: prices('bid'),
  ask: prices('ask'),
  mid: prices('mid'),
  curve_key: series('curve_key'),
  version_hash: sheet('version_hash'),
  source_cell: cells(({ sheets, sheetCode, cellRow, cellColumn }) =>
    cellTexts(sheets, sheetCode, cellRow, cellColumn),
  ),
  source_cell_bid_ask: cells(({ sheets, bidAskSheetCode, bidAskRow, bidAskColumn }) =>
    cellTexts(sheets, bidAskSheetCode, bidAskRow, bidAskColumn),
  ),
  _ingest_ts: constant(({ ingest_ts }) => ingest_ts),
};
