/**
 * A batch: the named columns an expectation suite sees, over a curve table. Text stays a dictionary with codes, so that
 * a rule about a curve or a tenor costs one test per curve or tenor, not one per row.
 * Knows nothing of expectations or of what the columns mean.
 */
import { CURVE_COLUMNS, type CurveObservation, PRICE_TYPES } from '#schemas/curve-observation.ts';
import type { CurveTable, Series, Tenor } from '../curve.ts';
import { cellAddress } from '../sheet.ts';

/** Row r holds `texts[codes[r]]`; null is missing. Texts may repeat. */
export interface TextColumn {
  readonly texts: readonly (string | null)[];
  readonly codes: Uint8Array | Uint16Array | Uint32Array;
}
/** Numbers, one a row; NaN is missing. */
export type Column = Float64Array | TextColumn;

export interface Batch {
  readonly length: number;
  readonly names: readonly string[];
  /** Undefined when the batch has no such column. */
  column(name: string): Column | undefined;
}

/** Columns of the canonical row that exist before release. */
type StagedColumn = Exclude<keyof CurveObservation, '_ingest_ts'>;

const ofSeries = (field: keyof Series) => (table: CurveTable) => ({
  texts: table.series.map((series) => series[field]),
  codes: table.seriesCode,
});
const ofTenor = (field: keyof Tenor) => (table: CurveTable) => ({
  texts: table.tenors.map((tenor) => tenor[field]),
  codes: table.tenorCode,
});
const same = (text: string, length: number): TextColumn => ({ texts: [text], codes: new Uint8Array(length) });

/** One text a row. */
function perRow(length: number, text: (row: number) => string | null): TextColumn {
  const texts: (string | null)[] = new Array(length);
  const codes = new Uint32Array(length);
  for (let row = 0; row < length; row++) {
    texts[row] = text(row);
    codes[row] = row;
  }
  return { texts, codes };
}

const CANONICAL: Record<StagedColumn, (table: CurveTable) => Column> = {
  asof_date: (table) => same(table.asof_date, table.length),
  source_file: (table) => same(table.source_file, table.length),
  sheet_name: (table) => ({ texts: table.sheets.map((sheet) => sheet.sheet_name), codes: table.sheetCode }),
  version_hash: (table) => ({
    texts: table.sheets.map((sheet) => sheet.version_hash),
    codes: table.sheetCode,
  }),
  asset_class: ofSeries('asset_class'),
  region: ofSeries('region'),
  iso: ofSeries('iso'),
  location: ofSeries('location'),
  market: ofSeries('market'),
  product: ofSeries('product'),
  block: ofSeries('block'),
  spark_location: ofSeries('spark_location'),
  units_raw: ofSeries('units_raw'),
  currency: ofSeries('currency'),
  per_unit: ofSeries('per_unit'),
  curve_key: ofSeries('curve_key'),
  tenor_type: ofTenor('tenor_type'),
  contract_month: ofTenor('contract_month'),
  tenor_label: ofTenor('tenor_label'),
  price_type: (table) => ({ texts: PRICE_TYPES, codes: table.priceType }),
  value: (table) => table.value,
  bid: (table) => table.bid,
  ask: (table) => table.ask,
  mid: (table) => table.mid,
  source_cell: (table) => perRow(table.length, (row) => midCell(table, row)),
  source_cell_bid_ask: (table) => perRow(table.length, (row) => bidAskCell(table, row)),
};

/** Cell of the mid, or of the only side. */
export function midCell(table: CurveTable, row: number): string {
  const sheet = table.sheets[table.sheetCode[row]!]!;
  return cellAddress(sheet.sheet_name, table.cellRow[row]!, table.cellColumn[row]!);
}

/** Cell of the bid/ask text; null where there is none. */
export function bidAskCell(table: CurveTable, row: number): string | null {
  if (table.bidAskRow[row] === 0) return null;
  const sheet = table.sheets[table.bidAskSheetCode[row]!]!;
  return cellAddress(sheet.sheet_name, table.bidAskRow[row]!, table.bidAskColumn[row]!);
}

/**
 * The canonical columns of the table, each made when first asked for, and the measures beside them.
 * @throws Error when a code of the table or of a measure points outside its dictionary, or a column is cut short.
 */
export function batchOf(table: CurveTable, measures: Readonly<Record<string, Column>>): Batch {
  for (const name of ['asset_class', 'tenor_type', 'sheet_name', 'price_type'] as const) {
    requireWhole(name, CANONICAL[name](table), table.length);
  }
  for (const name of ['value', 'bid', 'ask', 'mid'] as const) requireWhole(name, table[name], table.length);
  for (const [name, column] of Object.entries(measures)) requireWhole(name, column, table.length);
  const canonical = CURVE_COLUMNS.filter((name) => name !== '_ingest_ts');
  const made = new Map<string, Column>(Object.entries(measures));
  return {
    length: table.length,
    names: [...canonical, ...Object.keys(measures)],
    column(name) {
      let column = made.get(name);
      if (column === undefined && Object.hasOwn(CANONICAL, name)) {
        column = CANONICAL[name as StagedColumn](table);
        made.set(name, column);
      }
      return column;
    },
  };
}

/** Every row has a value. A code without a text would otherwise be a row that no expectation sees. */
function requireWhole(name: string, column: Column, length: number): void {
  const values = column instanceof Float64Array ? column : column.codes;
  if (values.length !== length) throw new Error(`${name} has ${values.length} values for ${length} rows`);
  if (column instanceof Float64Array) return;
  const { texts, codes } = column;
  for (let row = 0; row < length; row++) {
    if (codes[row]! >= texts.length) throw new Error(`${name} of row ${row} is not in its dictionary`);
  }
}

/** The value as JSON carries it: null for a missing one. */
export function valueAt(column: Column, row: number): string | number | null {
  if (!(column instanceof Float64Array)) return column.texts[column.codes[row]!] ?? null;
  const number = column[row]!;
  if (Number.isNaN(number)) return null;
  return Number.isFinite(number) ? number : String(number);
}
