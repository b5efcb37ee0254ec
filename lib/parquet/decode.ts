/**
 * Parquet files of the lake -> curve tables and rows of small tables. The inverse of encode.ts: equal rows, in file order.
 * A curve table can be decoded one row group at a time, from that group's bytes alone.
 */
import type { CurveTable, Series, SheetVersion, Tenor } from '#lib/domain/curve.ts';
import { PRICE_TYPES, type PriceType } from '#schemas/curve-observation.ts';
import {
  type CodedColumn,
  type FileLayout,
  type GroupLayout,
  readBooleans,
  readCoded,
  readDoubles,
  readLayout,
  readTexts,
  type Stretch,
  type TextColumn,
} from './columns.ts';
import { CURVE_FIELDS, type Field, type Stored } from './fields.ts';
import type { Runs } from './runs.ts';

/** A table with the time its rows were released; undefined for a file of rows that are not. */
export interface ReleasedTable {
  readonly table: CurveTable;
  readonly ingest_ts: string | undefined;
}

/**
 * Sheets come back with the version of the rows they hold; one that only bid and ask come from has the version ''.
 * @throws AurumError (fault) when the bytes are no file of encodeCurveTable.
 */
export function decodeCurveTable(bytes: Uint8Array): CurveTable {
  const layout = readLayout(bytes);
  return decodeGroups({ bytes, offset: 0 }, layout, layout.groups).table;
}

/** Rows of the given groups, whose bytes lie in `file`. */
export function decodeGroups(
  file: Stretch,
  layout: FileLayout,
  groups: readonly GroupLayout[],
): ReleasedTable {
  const table = emptyTable(layout, groups);
  let ingest_ts: string | undefined;
  let start = 0;
  for (const group of groups) {
    decodeGroup(file, group, table, start);
    if (group.chunks.has('_ingest_ts'))
      ingest_ts = timestampOf(readCoded(file, group, FIELD._ingest_ts!).values[0]!);
    start += group.rows;
  }
  return {
    table: {
      ...table,
      series: table.series.entries,
      tenors: table.tenors.entries,
      sheets: table.sheets.entries,
    },
    ingest_ts,
  };
}

/** What tells the rows of a row group apart, without prices and cells: a tenth of the work of decoding it. */
export interface GroupKeys {
  readonly curve_keys: readonly string[];
  /** Codes of `curve_keys`. */
  readonly curves: Runs;
  readonly tenors: readonly Tenor[];
  readonly tenorCode: Uint32Array;
  /** Index into PRICE_TYPES. */
  readonly priceType: Uint8Array;
}

export function decodeKeys(file: Stretch, group: GroupLayout): GroupKeys {
  const curves = readCoded(file, group, FIELD.curve_key!);
  const tenors = dictionary<Tenor>(1);
  const tenorCode = new Uint32Array(group.rows);
  combine(TENOR_COLUMNS, tenorColumns(file, group), tenors, tenorCode, 0);
  const curve_keys = curves.values.map(String);
  const priceType = priceTypes(file, group);
  return { curve_keys, curves: curves.runs, tenors: tenors.entries, tenorCode, priceType };
}

/** The series of a row group, in order of their first row. */
export function decodeSeries(file: Stretch, group: GroupLayout): readonly Series[] {
  const series = dictionary<Series>(1);
  combine(SERIES_COLUMNS, seriesColumns(file, group), series, new Uint32Array(group.rows), 0);
  return series.entries;
}

/** Rows of a small table, in file order. */
export function decodeRows<Row>(fields: readonly Field<keyof Row & string>[], bytes: Uint8Array): Row[] {
  const rows: Record<string, unknown>[] = [];
  for (const group of readLayout(bytes).groups) {
    const columns = fields.map((field) => ({
      name: field.name,
      values: valuesOf({ bytes, offset: 0 }, group, field),
    }));
    for (let row = 0; row < group.rows; row++) {
      rows.push(Object.fromEntries(columns.map(({ name, values }) => [name, values[row]])));
    }
  }
  return rows as Row[];
}

function valuesOf(file: Stretch, group: GroupLayout, field: Field): unknown[] {
  if (field.type === 'boolean') return readBooleans(file, group, field);
  if (field.type === 'double') {
    const numbers = new Float64Array(group.rows);
    readDoubles(file, group, field, numbers);
    return Array.from(numbers, (value) => (Number.isNaN(value) ? null : value));
  }
  const { runs, values } = readCoded(file, group, field);
  const shown = values.map((value) => {
    if (field.type === 'date') return dateOf(value);
    if (field.type === 'timestamptz') return timestampOf(value);
    return field.type === 'long' ? Number(value) : value;
  });
  return runs.codes.flatMap((code, run) =>
    Array<unknown>(runs.lengths[run]!).fill(code < 0 ? null : shown[code]),
  );
}

const DAY_MS = 86_400_000;

const TWO_DIGITS = Array.from({ length: 32 }, (_, number) => String(number).padStart(2, '0'));

/** By parts: toISOString takes ten times as long, and every row group has a hundred dates. */
function dateOf(days: Stored): string {
  const date = new Date(Number(days) * DAY_MS);
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  return `${year}-${TWO_DIGITS[date.getUTCMonth() + 1]}-${TWO_DIGITS[date.getUTCDate()]}`;
}

function timestampOf(micros: Stored): string {
  return new Date(Number(BigInt(micros) / 1000n)).toISOString();
}

const FIELD: Readonly<Record<string, Field>> = Object.fromEntries(
  CURVE_FIELDS.map((field) => [field.name, field]),
);

/** Entries in order of first use, found again by their values where several row groups have them. */
interface Dictionary<Entry> {
  readonly entries: Entry[];
  readonly codes: Map<string, number> | undefined;
}

const dictionary = <Entry>(groups: number): Dictionary<Entry> => ({
  entries: [],
  codes: groups > 1 ? new Map() : undefined,
});

type TableInMaking = Omit<CurveTable, 'series' | 'tenors' | 'sheets'> & {
  readonly series: Dictionary<Series>;
  readonly tenors: Dictionary<Tenor>;
  readonly sheets: Dictionary<SheetVersion>;
};

function emptyTable(layout: FileLayout, groups: readonly GroupLayout[]): TableInMaking {
  const length = groups.reduce((sum, { rows }) => sum + rows, 0);
  return {
    asof_date: layout.metadata.get('aurum.asof_date') ?? '',
    source_file: layout.metadata.get('aurum.source_file') ?? '',
    length,
    series: dictionary(groups.length),
    tenors: dictionary(groups.length),
    sheets: dictionary(groups.length),
    seriesCode: new Uint32Array(length),
    tenorCode: new Uint32Array(length),
    sheetCode: new Uint16Array(length),
    priceType: new Uint8Array(length),
    value: new Float64Array(length),
    bid: new Float64Array(length),
    ask: new Float64Array(length),
    mid: new Float64Array(length),
    cellRow: new Uint32Array(length),
    cellColumn: new Uint16Array(length),
    bidAskSheetCode: new Uint16Array(length),
    bidAskRow: new Uint32Array(length),
    bidAskColumn: new Uint16Array(length),
  };
}

const SERIES_COLUMNS = [
  'asset_class',
  'region',
  'iso',
  'location',
  'market',
  'product',
  'block',
  'spark_location',
  'units_raw',
  'currency',
  'per_unit',
  'curve_key',
] as const satisfies readonly (keyof Series)[];
const TENOR_COLUMNS = [
  'tenor_type',
  'contract_month',
  'tenor_label',
] as const satisfies readonly (keyof Tenor)[];
const SHEET_COLUMNS = ['sheet_name', 'version_hash'] as const satisfies readonly (keyof SheetVersion)[];

function seriesColumns(file: Stretch, group: GroupLayout): CodedColumn[] {
  return SERIES_COLUMNS.map((name) => readCoded(file, group, FIELD[name]!));
}

function tenorColumns(file: Stretch, group: GroupLayout): CodedColumn[] {
  return TENOR_COLUMNS.map((name) => {
    const { runs, values } = readCoded(file, group, FIELD[name]!);
    return { runs, values: name === 'contract_month' ? values.map(dateOf) : values };
  });
}

function priceTypes(file: Stretch, group: GroupLayout): Uint8Array {
  const { runs, values } = readCoded(file, group, FIELD.price_type!);
  const types = new Uint8Array(group.rows);
  let row = 0;
  for (const [run, code] of runs.codes.entries()) {
    const end = row + runs.lengths[run]!;
    types.fill(PRICE_TYPES.indexOf(values[code] as PriceType), row, end);
    row = end;
  }
  return types;
}

function decodeGroup(file: Stretch, group: GroupLayout, table: TableInMaking, start: number): void {
  const sheets = SHEET_COLUMNS.map((name) => readCoded(file, group, FIELD[name]!));
  combine(SERIES_COLUMNS, seriesColumns(file, group), table.series, table.seriesCode, start);
  combine(TENOR_COLUMNS, tenorColumns(file, group), table.tenors, table.tenorCode, start);
  combine(SHEET_COLUMNS, sheets, table.sheets, table.sheetCode, start);
  table.priceType.set(priceTypes(file, group), start);
  for (const name of ['value', 'bid', 'ask', 'mid'] as const) {
    readDoubles(file, group, FIELD[name]!, table[name].subarray(start, start + group.rows));
  }
  const mids = readTexts(file, group, FIELD.source_cell!);
  parseCells(mids, start, { row: table.cellRow, column: table.cellColumn });
  const sides = readTexts(file, group, FIELD.source_cell_bid_ask!);
  const sheet = { codes: table.bidAskSheetCode, codeOf: (name: string) => sheetNamed(table.sheets, name) };
  parseCells(sides, start, { row: table.bidAskRow, column: table.bidAskColumn, sheet });
}

/** One code a row out of several columns: rows that agree in all of them share an entry. */
function combine<Entry>(
  names: readonly (keyof Entry & string)[],
  columns: readonly CodedColumn[],
  dictionary: Dictionary<Entry>,
  into: Uint16Array | Uint32Array,
  start: number,
): void {
  const at = columns.map(() => 0);
  const codes = columns.map(({ runs }) => runs.codes);
  const lengths = columns.map(({ runs }) => runs.lengths);
  const left = lengths.map((ofColumn) => ofColumn[0]!);
  const places = placesOf(columns);
  const tuple = () => columns.map(({ values }, column) => values[codes[column]![at[column]!]!] ?? null);
  const seen = new Map<number | string, number>();
  let number = 0;
  for (let column = 0; column < places.length; column++) number += codes[column]![0]! * places[column]!;
  for (let row = start; left[0] !== undefined; ) {
    const key = places.length > 0 ? number : at.map((run, column) => codes[column]![run]).join();
    let code = seen.get(key);
    if (code === undefined) {
      code = codeOf(dictionary, names, tuple());
      seen.set(key, code);
    }
    let length = left[0];
    for (let column = 1; column < left.length; column++) if (left[column]! < length) length = left[column]!;
    for (const end = row + length; row < end; row++) into[row] = code;
    for (let column = 0; column < left.length; column++) {
      left[column]! -= length;
      if (left[column] !== 0) continue;
      const run = ++at[column]!;
      left[column] = lengths[column]![run]!;
      if (column < places.length)
        number += (codes[column]![run]! - codes[column]![run - 1]!) * places[column]!;
    }
  }
}

/** What a code counts for in the number that stands for a combination of codes; none where it would be too large. */
function placesOf(columns: readonly CodedColumn[]): number[] {
  const places: number[] = [];
  let place = 1;
  for (const { values } of columns) {
    places.push(place);
    place *= values.length + 1; // NULL is a code too
  }
  return place <= Number.MAX_SAFE_INTEGER ? places : [];
}

function codeOf<Entry>(
  { entries, codes }: Dictionary<Entry>,
  names: readonly (keyof Entry & string)[],
  values: readonly (Stored | null)[],
): number {
  const name = codes && JSON.stringify(values);
  const known = name && codes?.get(name);
  if (typeof known === 'number') return known;
  if (name !== undefined) codes?.set(name, entries.length);
  const entry: Record<string, Stored | null> = {};
  for (let column = 0; column < names.length; column++) entry[names[column]!] = values[column]!;
  return entries.push(entry as Entry) - 1;
}

function sheetNamed(sheets: Dictionary<SheetVersion>, sheet_name: string): number {
  const known = sheets.entries.findIndex((sheet) => sheet.sheet_name === sheet_name);
  return known >= 0 ? known : codeOf(sheets, SHEET_COLUMNS, [sheet_name, '']);
}

interface CellArrays {
  readonly row: Uint32Array;
  readonly column: Uint16Array;
  /** Left out where the sheet is known from another column. */
  readonly sheet?: { readonly codes: Uint16Array; readonly codeOf: (name: string) => number };
}

/** `Sheet!H42` read from its end: the sheet's name may hold any character, `!` too. */
function parseCells({ levels, bytes }: TextColumn, start: number, into: CellArrays): void {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let next = 0;
  let row = start;
  let known = { from: 0, length: -1, code: 0 };
  for (let run = 0; run < levels.codes.length; run++) {
    const end = row + levels.lengths[run]!;
    for (; levels.codes[run] === 1 && row < end; row++) {
      const from = next + 4;
      next = from + (bytes[next]! | (bytes[next + 1]! << 8) | (bytes[next + 2]! << 16));
      let at = next - 1;
      let number = 0;
      for (let unit = 1; bytes[at]! <= 57; unit *= 10) number += (bytes[at--]! - 48) * unit;
      let column = 0;
      for (let unit = 1; bytes[at] !== 33; unit *= 26) column += (bytes[at--]! - 64) * unit;
      into.row[row] = number;
      into.column[row] = column;
      if (into.sheet === undefined) continue;
      if (at - from !== known.length || !sameBytes(bytes, known.from, from, known.length)) {
        known = { from, length: at - from, code: into.sheet.codeOf(text.toString('utf8', from, at)) };
      }
      into.sheet.codes[row] = known.code;
    }
    row = end;
  }
}

function sameBytes(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let index = 0; index < length; index++) if (bytes[a + index] !== bytes[b + index]) return false;
  return true;
}
