/** Batches of curve rows, made of rows where nothing columnar is at hand. */
import { type CurveObservation, PRICE_TYPES } from '#schemas/curve-observation.ts';
import {
  type CurveBatch,
  type CurveTable,
  IDENTITY_FIELDS,
  type Series,
  type SheetVersion,
  type Tenor,
} from './curve.ts';

const SERIES_FIELDS = [...IDENTITY_FIELDS, 'units_raw', 'currency', 'per_unit', 'curve_key'] as const;

/** One batch for each run of rows of one workbook release; rows keep their order. */
export function* batchesOfRows(rows: readonly CurveObservation[]): Generator<CurveBatch> {
  for (let start = 0; start < rows.length; ) {
    const { asof_date, source_file, _ingest_ts } = rows[start]!;
    const next = rows.findIndex(
      (row, index) =>
        index > start &&
        (row.asof_date !== asof_date || row.source_file !== source_file || row._ingest_ts !== _ingest_ts),
    );
    const end = next < 0 ? rows.length : next;
    const table = tableOf(rows.slice(start, end));
    yield { table, ingest_ts: _ingest_ts, rows: Uint32Array.from({ length: end - start }, (_, row) => row) };
    start = end;
  }
}

/** Entries in order of first use, each found again by its text. */
function dictionary<Entry extends object>() {
  const entries: Entry[] = [];
  const codes = new Map<string, number>();
  const codeOf = (entry: Entry): number => {
    const name = JSON.stringify(Object.values(entry));
    const known = codes.get(name);
    if (known !== undefined) return known;
    codes.set(name, entries.length);
    return entries.push(entry) - 1;
  };
  return { entries, codeOf };
}

/** @param rows of one workbook, at least one */
function tableOf(rows: readonly CurveObservation[]): CurveTable {
  const series = dictionary<Series>();
  const tenors = dictionary<Tenor>();
  const sheets = dictionary<SheetVersion>();
  const numbers = (name: 'bid' | 'ask' | 'mid') => Float64Array.from(rows, (row) => row[name] ?? Number.NaN);
  const sheetCode = Uint16Array.from(rows, ({ sheet_name, version_hash }) =>
    sheets.codeOf({ sheet_name, version_hash }),
  );
  const mids = rows.map(({ source_cell }) => placeOf(source_cell));
  const sides = rows.map(({ source_cell_bid_ask: cell }) => (cell === null ? undefined : placeOf(cell)));
  const sheetNamed = (sheet_name: string) => {
    const known = sheets.entries.findIndex((sheet) => sheet.sheet_name === sheet_name);
    return known >= 0 ? known : sheets.codeOf({ sheet_name, version_hash: '' });
  };
  return {
    asof_date: rows[0]!.asof_date,
    source_file: rows[0]!.source_file,
    length: rows.length,
    seriesCode: Uint32Array.from(rows, (row) =>
      series.codeOf(Object.fromEntries(SERIES_FIELDS.map((name) => [name, row[name]])) as unknown as Series),
    ),
    tenorCode: Uint32Array.from(rows, ({ tenor_type, contract_month, tenor_label }) =>
      tenors.codeOf({ tenor_type, contract_month, tenor_label }),
    ),
    sheetCode,
    priceType: Uint8Array.from(rows, ({ price_type }) => PRICE_TYPES.indexOf(price_type)),
    value: Float64Array.from(rows, ({ value }) => value),
    bid: numbers('bid'),
    ask: numbers('ask'),
    mid: numbers('mid'),
    cellRow: Uint32Array.from(mids, ({ row }) => row),
    cellColumn: Uint16Array.from(mids, ({ column }) => column),
    bidAskSheetCode: Uint16Array.from(sides, (place) => (place === undefined ? 0 : sheetNamed(place.sheet))),
    bidAskRow: Uint32Array.from(sides, (place) => place?.row ?? 0),
    bidAskColumn: Uint16Array.from(sides, (place) => place?.column ?? 0),
    series: series.entries,
    tenors: tenors.entries,
    sheets: sheets.entries,
  };
}

/** `Sheet!H42`, the sheet's name with any character in it, read from its end; columns and rows from 1. */
export function placeOf(cell: string): { sheet: string; row: number; column: number } {
  const mark = cell.lastIndexOf('!');
  const letters = /^[A-Z]+/.exec(cell.slice(mark + 1))?.[0] ?? '';
  const column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
  return { sheet: cell.slice(0, mark), row: Number(cell.slice(mark + 1 + letters.length)), column };
}
