/**
 * Reads the cells of planned sheets: each becomes part of one row, one failure, or is ignored for a stated reason. No
 * object is made for a cell that is in order.
 */
import { isNoQuote, priceOfText, readPlainBidAsk, splitBidAsk } from './bid-ask.ts';
import { account, ignore, isBlank, looksPriced } from './coverage.ts';
import { type Addition, type CellPlace, CurvePoints } from './curve-points.ts';
import { refusal } from './errors.ts';
import { FIRST_PRICE_COLUMN } from './header-frame.ts';
import type { Issue } from './price-layout.ts';
import { CellKind, cellIndex, cellName, displayAt } from './sheet.ts';
import {
  EQUAL_COLUMN,
  NO_HEADER,
  REFUSED,
  type Reading,
  type SheetPlan,
  UNKNOWN_TENOR,
} from './sheet-plan.ts';
import { CellRole } from './vendor.ts';

/** Beyond this the workbook as a whole cannot be read. */
const MAX_FAILURES = 100_000;
type TakeCell = (plan: SheetPlan, series: number, tenor: number, index: number, row: number) => void;

/** All points of the planned sheets; failures and coverage go into the reading. */
export function readPoints(reading: Reading): CurvePoints {
  const cells = reading.plans.reduce(
    (sum, { sheet, rule }) => sum + (rule.side === 'copy' ? 0 : sheet.cellCount),
    0,
  );
  const curves = reading.series.entries.length;
  const capacity = Math.min(cells, curves * reading.tenors.length);
  const points = new CurvePoints(curves, reading.tenors.length, capacity);
  const take = {
    mid: takeMid(reading, points),
    bid_ask: takeBidAsk(reading, points),
    copy: takeCopy(reading, points),
  };
  for (const plan of reading.plans) readSheet(reading, plan, take[plan.rule.side]);
  return points;
}

function readSheet(reading: Reading, plan: SheetPlan, take: TakeCell): void {
  const { sheet, frame, columnSeries, rowTenor } = plan;
  for (let row = frame.firstDataRow; row <= sheet.rowCount; row++) {
    const tenor = rowTenor[row]!;
    for (let index = sheet.rowStart[row]!; index < sheet.rowStart[row + 1]!; index++) {
      const series = columnSeries[sheet.columns[index]!]!;
      if (series >= 0 && tenor >= 0) take(plan, series, tenor, index, row);
      else settleOutside(reading, plan, index, row);
    }
  }
}

/** A cell that has no curve or no tenor: the tenors themselves, blanks, notes, and prices that cannot be placed. */
function settleOutside(reading: Reading, plan: SheetPlan, index: number, row: number): void {
  const { sheet, cells } = plan;
  const column = sheet.columns[index]!;
  const tenor = plan.rowTenor[row]!;
  if (isBlank(sheet, index)) ignore(cells, index, 'blank text');
  else if (column === plan.tenorColumns[row]) settleTenor(reading, plan, index, row);
  else if (plan.columnSeries[column] === EQUAL_COLUMN) ignore(cells, index, 'repeats an equal column');
  else if (!looksPriced(sheet, index) && !inPriceBlock(plan, column, tenor))
    ignore(cells, index, 'text beside the prices');
  else fail(reading, plan, index, row, outsideIssue(plan, column, tenor, row));
}

const inPriceBlock = (plan: SheetPlan, column: number, tenor: number): boolean =>
  plan.columnSeries[column] === REFUSED && tenor >= 0;

function outsideIssue(plan: SheetPlan, column: number, tenor: number, row: number): Issue {
  const refused = plan.columnIssues.get(column);
  if (refused !== undefined) return refused;
  if (column < FIRST_PRICE_COLUMN)
    return { code: 'outside_price_block', message: 'a price left of the price columns' };
  if (plan.columnSeries[column] === NO_HEADER) {
    return { code: 'missing_header', message: 'a price in a column without headers' };
  }
  return tenor === UNKNOWN_TENOR
    ? {
        code: 'unknown_tenor',
        message: `the tenor in ${cellName(row, plan.tenorColumns[row]!)} is not understood`,
      }
    : { code: 'missing_tenor', message: 'a price in a row without tenor' };
}

function settleTenor(reading: Reading, plan: SheetPlan, index: number, row: number): void {
  if (plan.rowTenor[row]! >= 0) account(plan.cells, index, CellRole.tenor);
  else if (!rowHasPrices(plan, row)) ignore(plan.cells, index, 'text below or between the prices');
  else fail(reading, plan, index, row, { code: 'unknown_tenor', message: 'the tenor is not understood' });
}

function rowHasPrices({ sheet, tenorColumns }: SheetPlan, row: number): boolean {
  for (let index = sheet.rowStart[row]!; index < sheet.rowStart[row + 1]!; index++) {
    if (sheet.columns[index] !== tenorColumns[row] && looksPriced(sheet, index)) return true;
  }
  return false;
}

const takeMid =
  (reading: Reading, points: CurvePoints): TakeCell =>
  (plan, series, tenor, index, row) => {
    const { sheet } = plan;
    const price =
      sheet.kinds[index] === CellKind.number ? sheet.numbers[index]! : priceInText(reading, plan, index, row);
    if (price === undefined) return;
    const addition = points.addMid(series, tenor, plan.code, row, sheet.columns[index]!, price);
    settleAddition(reading, points, plan, index, row, addition, series, tenor);
  };

/** Price of a cell that is no number; undefined when it was ignored or failed here. */
function priceInText(reading: Reading, plan: SheetPlan, index: number, row: number): number | undefined {
  const { sheet } = plan;
  if (sheet.kinds[index] !== CellKind.text) {
    fail(reading, plan, index, row, issueOfKind(sheet.kinds[index]!));
    return undefined;
  }
  const text = sheet.texts[sheet.numbers[index]!]!;
  if (isNoQuote(text)) {
    ignore(plan.cells, index, text.trim() === '' ? 'blank text' : 'nothing quoted');
    return undefined;
  }
  const price = priceOfText(text);
  if (price === undefined)
    fail(reading, plan, index, row, { code: 'unreadable_price', message: 'the text is no price' });
  return price;
}

function issueOfKind(kind: number): Issue {
  if (kind === CellKind.error) return { code: 'error_cell', message: 'the cell shows an error' };
  if (kind === CellKind.formula) {
    return { code: 'formula_without_value', message: 'the formula was saved without its value' };
  }
  const shown =
    kind === CellKind.date ? 'a date' : kind === CellKind.boolean ? 'a truth value' : 'a single number';
  return { code: 'unreadable_price', message: `${shown} where a price is expected` };
}

const takeBidAsk = (reading: Reading, points: CurvePoints): TakeCell => {
  const sides = new Float64Array(2);
  return (plan, series, tenor, index, row) => {
    const { sheet } = plan;
    if (sheet.kinds[index] !== CellKind.text) {
      return fail(reading, plan, index, row, issueOfKind(sheet.kinds[index]!));
    }
    const text = sheet.texts[sheet.numbers[index]!]!;
    if (!readPlainBidAsk(text, sides)) {
      const split = splitBidAsk(text);
      if (split.outcome === 'failure') return fail(reading, plan, index, row, split);
      if (split.outcome === 'empty') {
        return ignore(plan.cells, index, text.trim() === '' ? 'blank text' : 'nothing quoted');
      }
      sides[0] = split.bid ?? Number.NaN;
      sides[1] = split.ask ?? Number.NaN;
    }
    const column = sheet.columns[index]!;
    const addition = points.addBidAsk(series, tenor, plan.code, row, column, sides[0]!, sides[1]!);
    settleAddition(reading, points, plan, index, row, addition, series, tenor);
  };
};

function settleAddition(
  reading: Reading,
  points: CurvePoints,
  plan: SheetPlan,
  index: number,
  row: number,
  addition: Addition,
  series: number,
  tenor: number,
): void {
  if (addition !== 'conflict') {
    if (addition === 'added') account(plan.cells, index, CellRole.price);
    else ignore(plan.cells, index, 'repeats an equal cell');
    return;
  }
  const issue = { code: 'duplicate_key', message: 'the curve and tenor are quoted twice with other prices' };
  for (const cell of points.cellsOf(series, tenor)) failEarlier(reading, cell, issue);
  fail(reading, plan, index, row, issue);
}

function failEarlier(reading: Reading, cell: CellPlace, issue: Issue): void {
  const plan = reading.plans[cell.sheet]!;
  const index = cellIndex(plan.sheet, cell.row, cell.column);
  if (plan.cells.roles[index] !== CellRole.failed) fail(reading, plan, index, cell.row, issue);
}

const takeCopy =
  (reading: Reading, points: CurvePoints): TakeCell =>
  (plan, series, tenor, index, row) => {
    const { sheet } = plan;
    const price =
      sheet.kinds[index] === CellKind.number ? sheet.numbers[index]! : priceInText(reading, plan, index, row);
    if (price === undefined) return;
    if (points.midAt(series, tenor) === price)
      return ignore(plan.cells, index, plan.rule.copyReason ?? 'copy');
    fail(reading, plan, index, row, {
      code: 'copy_differs',
      message: 'the copy differs from the point in the mid sheets',
    });
  };

function fail(reading: Reading, plan: SheetPlan, index: number, row: number, { code, message }: Issue): void {
  const { sheet } = plan;
  const column = sheet.columns[index]!;
  const cell = cellName(row, column);
  account(plan.cells, index, CellRole.failed);
  const raw = displayAt(sheet, row, column).slice(0, 200);
  reading.failures.push({ sheet: sheet.name, cell, code, message, raw });
  if (reading.failures.length <= MAX_FAILURES) return;
  throw refusal('too_many_failures', `more than ${MAX_FAILURES} cells cannot be read; this one: ${message}`, {
    file: reading.context.source_file,
    sheet: sheet.name,
    cell,
    remedy: 'The layout differs from what it was taken for; compare it with the one of an earlier day.',
  });
}
