/**
 * Rows against the cells they name, without the vendor's adapter: the price of a cell is read again and compared bit for
 * bit. Says where a row and its cells disagree; knows nothing of stores.
 */
import { priceOfText, splitBidAsk } from '#lib/domain/bid-ask.ts';
import { type CurveTable, curveKey, versionHash } from '#lib/domain/curve.ts';
import { CellKind, cellAddress, cellIndex, type Sheet, type Workbook } from '#lib/domain/sheet.ts';
import { PRICE_TYPES } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';

/** A row that disagrees with its cell or with its release. */
export interface CellFault {
  readonly code:
    | 'cell_missing'
    | 'cell_differs'
    | 'bid_ask_missing'
    | 'bid_ask_differs'
    | 'value_differs'
    | 'curve_key_differs'
    | 'version_hash_differs';
  /** `Sheet!H42` */
  readonly cell: string;
  readonly fields: readonly string[];
  /** What the cell, or the rule, says; what the row says. */
  readonly expected?: unknown;
  readonly found?: unknown;
}

export interface CellProof {
  mids: number;
  bid_asks: number;
}

/** Compares the given rows; what holds is counted in `proof`. */
export function* cellFaults(
  workbook: Workbook,
  table: CurveTable,
  rows: Iterable<number>,
  proof: CellProof,
): Generator<CellFault> {
  const sheets = new Map(workbook.sheets.map((sheet) => [sheet.name, sheet]));
  for (const row of rows) {
    const faults = [...rowFaults(sheets, table, row)];
    yield* faults;
    if (faults.length > 0) continue;
    if (isOneCell(table, row) === false) proof.mids += 1;
    if (table.bidAskRow[row] !== 0) proof.bid_asks += 1;
  }
}

function* rowFaults(
  sheets: ReadonlyMap<string, Sheet>,
  table: CurveTable,
  row: number,
): Generator<CellFault> {
  const [bid, ask, mid] = [table.bid[row]!, table.ask[row]!, table.mid[row]!];
  const quoted = quotedSides(sheets, table, row);
  if (quoted === undefined) {
    yield { code: 'bid_ask_missing', cell: bidAskCell(table, row), fields: ['bid', 'ask'] };
  } else if (!Object.is(quoted.bid, bid) || !Object.is(quoted.ask, ask)) {
    const [expected, found] = [quoted, { bid, ask }];
    yield { code: 'bid_ask_differs', cell: bidAskCell(table, row), fields: ['bid', 'ask'], expected, found };
  }
  // Without a mid of its own, the mid is halfway between the sides the row has.
  const expected = isOneCell(table, row) ? (bid + ask) / 2 : priceOfCell(sheets, table, row);
  const cell = midCell(table, row);
  if (expected === undefined) yield { code: 'cell_missing', cell, fields: ['mid'] };
  else if (!Object.is(expected, mid))
    yield { code: 'cell_differs', cell, fields: ['mid'], expected, found: mid };
  const side = [mid, bid, ask][table.priceType[row]!];
  const quotesMid = Number.isNaN(mid) || PRICE_TYPES[table.priceType[row]!] === 'Mid';
  if (!Object.is(side, table.value[row]) || !quotesMid)
    yield { code: 'value_differs', cell, fields: ['value'], expected: side, found: table.value[row] };
}

/** A row that has no mid cell: it stands in the cell of its bid and ask. */
function isOneCell(table: CurveTable, row: number): boolean {
  return (
    table.bidAskRow[row] === table.cellRow[row] &&
    table.bidAskColumn[row] === table.cellColumn[row] &&
    bidAskSheet(table, row) === midSheet(table, row)
  );
}

const midSheet = (table: CurveTable, row: number) => table.sheets[table.sheetCode[row]!]!.sheet_name;
const bidAskSheet = (table: CurveTable, row: number) => table.sheets[table.bidAskSheetCode[row]!]!.sheet_name;

/** `Sheet!H42` of the row's mid. */
export const midCell = (table: CurveTable, row: number): string =>
  cellAddress(midSheet(table, row), table.cellRow[row]!, table.cellColumn[row]!);
const bidAskCell = (table: CurveTable, row: number): string =>
  table.bidAskRow[row] === 0
    ? midCell(table, row)
    : cellAddress(bidAskSheet(table, row), table.bidAskRow[row]!, table.bidAskColumn[row]!);

/** The price in the cell of the mid; undefined when no price stands there. */
function priceOfCell(sheets: ReadonlyMap<string, Sheet>, table: CurveTable, row: number): number | undefined {
  const sheet = sheets.get(midSheet(table, row));
  if (sheet === undefined) return undefined;
  const index = cellIndex(sheet, table.cellRow[row]!, table.cellColumn[row]!);
  if (sheet.kinds[index] === CellKind.number) return sheet.numbers[index];
  const text = textOf(sheet, index);
  return text === undefined ? undefined : priceOfText(text);
}

/** The sides in the cell of the bid and ask, NaN for one that is not quoted; undefined when none stands there. */
function quotedSides(
  sheets: ReadonlyMap<string, Sheet>,
  table: CurveTable,
  row: number,
): { readonly bid: number; readonly ask: number } | undefined {
  if (table.bidAskRow[row] === 0) return { bid: Number.NaN, ask: Number.NaN };
  const sheet = sheets.get(bidAskSheet(table, row));
  const text = sheet && textOf(sheet, cellIndex(sheet, table.bidAskRow[row]!, table.bidAskColumn[row]!));
  if (text === undefined) return undefined;
  const split = splitBidAsk(text);
  if (split.outcome === 'failure' || split.outcome === 'empty') return undefined;
  return { bid: split.bid ?? Number.NaN, ask: split.ask ?? Number.NaN };
}

function textOf(sheet: Sheet, index: number): string | undefined {
  return index >= 0 && sheet.kinds[index] === CellKind.text ? sheet.texts[sheet.numbers[index]!] : undefined;
}

/** Curves whose key is not the hash of their identity, sheets whose version is not the workbook's: one fault a row. */
export function* identityFaults(
  table: CurveTable,
  { source_file, asof_date, source_sha256 }: CurveRelease,
): Generator<CellFault> {
  const keys = table.series.map(curveKey);
  const versions = table.sheets.map(({ sheet_name }) =>
    versionHash(source_file, sheet_name, asof_date, source_sha256),
  );
  for (let row = 0; row < table.length; row++) {
    const { curve_key } = table.series[table.seriesCode[row]!]!;
    const { version_hash } = table.sheets[table.sheetCode[row]!]!;
    const key = keys[table.seriesCode[row]!]!;
    const version = versions[table.sheetCode[row]!]!;
    const cell = midCell(table, row);
    if (curve_key !== key)
      yield { code: 'curve_key_differs', cell, fields: ['curve_key'], expected: key, found: curve_key };
    if (version_hash !== version) {
      const [expected, found] = [version, version_hash];
      yield { code: 'version_hash_differs', cell, fields: ['version_hash'], expected, found };
    }
  }
}
