/**
 * Plans the reading of a sheet: which curve each column is, which tenor each row. Columns that claim one identity are
 * compared here; prices are read in `price-cells.ts`.
 */
import { account, type CellAccount, ignore, isBlank, openAccount } from './coverage.ts';
import type { Tenor } from './curve.ts';
import { FIRST_PRICE_COLUMN, sideOfText, tenorColumn } from './header-frame.ts';
import {
  columnHeaders,
  type HeaderOf,
  type Issue,
  type MatchedSheet,
  type PriceLayout,
} from './price-layout.ts';
import { placeAndProduct, type SeriesBook, seriesCode } from './series.ts';
import { CellKind, cellIndex, columnLetters, dateOfSerial, kindAt, type Sheet, textAt } from './sheet.ts';
import { monthTenor, parseTenor } from './tenor.ts';
import { type CellFailure, CellRole, type ParseContext } from './vendor.ts';

export const NO_HEADER = -1;
export const REFUSED = -2;
export const EQUAL_COLUMN = -3;
export const NO_TENOR = -1;
export const UNKNOWN_TENOR = -2;

/** One sheet on its way: what its columns and rows mean, what its cells were taken for. */
export interface SheetPlan extends MatchedSheet {
  /** Code of the sheet in the table. */
  readonly code: number;
  readonly cells: CellAccount;
  /** Curve of each column, or one of the codes above. */
  readonly columnSeries: Int32Array;
  /** The curve as the headers say it, also of a column that is not read. */
  readonly boundSeries: Int32Array;
  readonly columnIssues: Map<number, Issue>;
  /** Tenor of each row, or one of the codes above; the column its cell stands in. */
  readonly rowTenor: Int32Array;
  readonly tenorColumns: Uint8Array;
}

export interface Reading {
  readonly context: ParseContext;
  readonly layout: PriceLayout;
  readonly series: SeriesBook;
  readonly tenors: Tenor[];
  readonly tenorCodes: Map<string, number>;
  readonly failures: CellFailure[];
  readonly notes: Set<string>;
  plans: readonly SheetPlan[];
}

export function planSheet(reading: Reading, matched: MatchedSheet, code: number): SheetPlan {
  const { sheet, frame } = matched;
  const plan: SheetPlan = {
    ...matched,
    code,
    cells: openAccount(sheet),
    columnSeries: new Int32Array(sheet.columnCount + 1).fill(NO_HEADER),
    boundSeries: new Int32Array(sheet.columnCount + 1).fill(NO_HEADER),
    columnIssues: new Map(),
    rowTenor: new Int32Array(sheet.rowCount + 1).fill(NO_TENOR),
    tenorColumns: new Uint8Array(sheet.rowCount + 1),
  };
  for (let row = frame.firstDataRow; row <= sheet.rowCount; row++) {
    if (sheet.rowStart[row] === sheet.rowStart[row + 1]) continue;
    plan.tenorColumns[row] = tenorColumn(sheet, row);
    plan.rowTenor[row] = tenorCode(reading, plan, row);
  }
  accountHeaders(plan);
  return plan;
}

function tenorCode(reading: Reading, { sheet, tenorColumns }: SheetPlan, row: number): number {
  const column = tenorColumns[row]!;
  if (column === 0) return NO_TENOR;
  const tenor = tenorOfCell(reading, sheet, row, column);
  if (tenor === undefined) return UNKNOWN_TENOR;
  const key = tenor.tenor_type + tenor.contract_month;
  let code = reading.tenorCodes.get(key);
  if (code === undefined) {
    code = reading.tenors.push(tenor) - 1;
    reading.tenorCodes.set(key, code);
  }
  return code;
}

function tenorOfCell(
  { context, layout }: Reading,
  sheet: Sheet,
  row: number,
  column: number,
): Tenor | undefined {
  const text = textAt(sheet, row, column);
  if (text !== undefined) return parseTenor(text, context.asof_date, layout.seasons);
  if (kindAt(sheet, row, column) !== CellKind.date) return undefined;
  const date = dateOfSerial(sheet.numbers[cellIndex(sheet, row, column)]!);
  return date === undefined ? undefined : monthTenor(date);
}

/** Everything above the data: labels in A and B, headers from C on. */
function accountHeaders({ sheet, frame, cells }: SheetPlan): void {
  const labelRows = new Set(frame.rows.values());
  for (let row = 1; row < Math.min(frame.firstDataRow, sheet.rowCount + 1); row++) {
    for (let index = sheet.rowStart[row]!; index < sheet.rowStart[row + 1]!; index++) {
      if (isBlank(sheet, index)) ignore(cells, index, 'blank text');
      else if (!labelRows.has(row)) ignore(cells, index, 'text or number above the prices');
      else {
        const isLabel = sheet.columns[index]! < FIRST_PRICE_COLUMN && sheet.kinds[index] === CellKind.text;
        account(cells, index, isLabel ? CellRole.label : CellRole.header);
      }
    }
  }
}

/** Finds the curve of each column from its headers. */
export function bindColumns(reading: Reading, plan: SheetPlan): void {
  const places = plan.rule.side === 'copy' ? curvesByPlace(reading) : undefined;
  const headers = columnHeaders(plan, reading.layout.carry);
  for (let column = FIRST_PRICE_COLUMN; column < headers.length; column++) {
    const header = headers[column];
    if (header === undefined) continue;
    const bound = columnIssue(plan, header) ?? places?.(header) ?? curveOfColumn(reading, header);
    if (typeof bound === 'number') {
      plan.boundSeries[column] = bound;
      plan.columnSeries[column] = bound;
    } else {
      plan.columnSeries[column] = REFUSED;
      plan.columnIssues.set(column, bound);
    }
  }
}

function columnIssue({ rule }: SheetPlan, header: HeaderOf): Issue | undefined {
  const blank = rule.fields.filter((field) => header(field) === null);
  if (blank.length > 0) return { code: 'missing_header', message: `the column has no ${blank.join(', ')}` };
  const side = header('side');
  const named = side === null ? undefined : sideOfText(side);
  const expected = rule.side === 'bid_ask' ? 'bid_ask' : 'mid';
  return named === undefined || named === expected
    ? undefined
    : { code: 'side_mismatch', message: `the column says "${side}" in sheet ${rule.name}` };
}

function curveOfColumn(reading: Reading, header: HeaderOf): number | Issue {
  const meaning = reading.layout.identify(header);
  if ('issue' in meaning) return meaning.issue;
  if (meaning.note !== undefined) reading.notes.add(meaning.note);
  const code = seriesCode(reading.series, meaning.series);
  return typeof code === 'number' ? code : { code: 'unit_conflict', message: code };
}

/** A copied column has location and product but no region: its curve is the one of the mid sheets with both. */
function curvesByPlace({ series }: Reading): (header: HeaderOf) => number | Issue {
  const codes = new Map<string, number>();
  series.entries.forEach(({ location, product }, code) => {
    const place = placeAndProduct(location, product);
    codes.set(place, codes.has(place) ? REFUSED : code);
  });
  return (header) => {
    const code = codes.get(placeAndProduct(header('location'), header('product')));
    if (code === undefined) return { code: 'copy_without_original', message: 'no mid sheet has this column' };
    return code === REFUSED
      ? { code: 'copy_ambiguous', message: 'two curves of the mid sheets have this location and product' }
      : code;
  };
}

/**
 * Columns of one sheet with the same identity: equal ones are read once. When they differ nobody can say which is the
 * curve, so every cell of it in every sheet is a failure.
 */
export function refuseAmbiguousCurves(reading: Reading): void {
  const ambiguous = new Map<number, string>();
  for (const plan of reading.plans) {
    if (plan.rule.side === 'copy') continue;
    const first = new Map<number, number>();
    plan.boundSeries.forEach((series, column) => {
      if (series < 0) return;
      const before = first.get(series);
      if (before === undefined) first.set(series, column);
      else if (equalColumns(plan, before, column)) {
        plan.columnSeries[column] = EQUAL_COLUMN;
        reading.notes.add(
          `${plan.sheet.name}: column ${columnLetters(column)} repeats ${columnLetters(before)}, headers and prices, and is read once`,
        );
      } else {
        const columns = `${columnLetters(before)} and ${columnLetters(column)} of ${plan.sheet.name}`;
        ambiguous.set(series, `columns ${columns} have the same headers and other prices`);
      }
    });
  }
  if (ambiguous.size === 0) return;
  for (const plan of reading.plans) {
    plan.boundSeries.forEach((series, column) => {
      const message = ambiguous.get(series);
      if (message === undefined) return;
      plan.columnSeries[column] = REFUSED;
      plan.columnIssues.set(column, { code: 'duplicate_key', message });
    });
  }
}

function equalColumns({ sheet, frame }: SheetPlan, one: number, other: number): boolean {
  for (let row = frame.firstDataRow; row <= sheet.rowCount; row++) {
    const a = cellIndex(sheet, row, one);
    const b = cellIndex(sheet, row, other);
    const blankA = a < 0 || isBlank(sheet, a);
    const blankB = b < 0 || isBlank(sheet, b);
    if (blankA && blankB) continue;
    if (blankA !== blankB || sheet.kinds[a] !== sheet.kinds[b]) return false;
    if (sheet.numbers[a] === sheet.numbers[b]) continue;
    if (sheet.kinds[a] !== CellKind.text || textAt(sheet, row, one) !== textAt(sheet, row, other))
      return false;
  }
  return true;
}
