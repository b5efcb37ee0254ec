/**
 * The sheet frame all end-of-day workbooks share: as-of cell, header rows, tenors down column B, prices from column C;
 * mids as numbers, bid and ask as one text. Also the strips and how wide a quote is. Knows no vendor's columns.
 */
import { serialOfDate } from '#lib/domain/sheet.ts';
import type { CellModel, RowModel, SheetModel } from '#lib/domain/sheet-model.ts';
import { addMonths, monthOf, monthsBetween } from '#lib/domain/tenor.ts';

export interface SampleOptions {
  readonly asof_date: string;
  readonly seed: number;
}

/** One price column: its header texts from the top down, its monthly mids from the as-of month on. */
export interface PriceColumn {
  readonly headers: readonly string[];
  readonly months: readonly number[];
  /** Bid/ask width of the first month, in the unit of the price. */
  readonly width: number;
}

/** A delivery period over months counted from the as-of month (0). */
export interface Strip {
  readonly label: string;
  readonly first: number;
  readonly last: number;
  /** Years from the as-of year to the strip's. */
  readonly years_ahead: number;
}

/** Where the frame of a vendor puts things. */
export interface Frame {
  readonly asof_date: string;
  /** Label in column B and row of each header; an empty label leaves column B empty. */
  readonly headerRows: readonly { readonly row: number; readonly label: string }[];
  readonly frozenRows: number;
}

const SIDE_ROW = 10;
const FIRST_TENOR_ROW = 12;
const FIRST_PRICE_COLUMN = 3;

/** One tenor and what each column is priced at. In its place, `null` makes a separator row of empty texts. */
interface TenorRow {
  readonly label: CellModel;
  readonly price: (column: PriceColumn) => number | string;
}

export function monthlySheet(
  frame: Frame,
  name: string,
  columns: readonly PriceColumn[],
  side: 'mid' | 'bid_ask',
): SheetModel {
  const months = columns[0]?.months.length ?? 0;
  const rows = Array.from({ length: months }, (_, index): TenorRow => {
    const serial = serialOfDate(addMonths(frame.asof_date, index));
    const style = side === 'mid' && index < 90 ? 'date' : 'month';
    return {
      label: { column: 2, value: serial, style },
      price: (column) => priceCell(column.months[index]!, column.width * widening(index), side),
    };
  });
  return sheet(frame, name, columns, side, rows);
}

export function stripSheet(
  frame: Frame,
  name: string,
  columns: readonly PriceColumn[],
  blocks: readonly (readonly Strip[])[],
  side: 'mid' | 'bid_ask',
): SheetModel {
  const rows = blocks.flatMap((block, index) => {
    const strips = block.map(
      (strip): TenorRow => ({
        label: { column: 2, value: strip.label, style: 'text' },
        price: (column) => priceCell(stripMid(column.months, strip), stripWidth(column.width, strip), side),
      }),
    );
    return index === 0 ? strips : [null, ...strips];
  });
  return sheet(frame, name, columns, side, rows);
}

/** The plain mean of the months it covers, on three decimals. */
export function stripMid(months: readonly number[], strip: Strip): number {
  const covered = months.slice(strip.first, strip.last + 1);
  return Math.round((covered.reduce((sum, price) => sum + price, 0) / covered.length) * 1000) / 1000;
}

/** `Calendar Y`: January to December, from the as-of month on. */
export function calendars(asof_date: string, firstYear: number, count: number): readonly Strip[] {
  return Array.from({ length: count }, (_, index) => {
    const year = firstYear + index;
    return strip(asof_date, `Calendar ${year}`, year, monthOf(year, 1), 12);
  });
}

/** Seasons of either kind from the running or next one; the season that runs or comes first makes the first block. */
export function seasons(asof_date: string, count: number): readonly (readonly Strip[])[] {
  const year = Number(asof_date.slice(0, 4));
  const month = Number(asof_date.slice(5, 7));
  const summers = Array.from({ length: count }, (_, index) => {
    const of = (month > 10 ? year + 1 : year) + index;
    return strip(asof_date, `Summer ${of}`, of, monthOf(of, 4), 7);
  });
  const winters = Array.from({ length: count }, (_, index) => {
    const of = (month > 3 ? year + 1 : year) + index;
    return strip(asof_date, `Winter ${of}`, of, monthOf(of - 1, 11), 5);
  });
  return month >= 4 && month <= 10 ? [summers, winters] : [winters, summers];
}

/** A strip of `length` months from `from`, cut at the as-of month. */
export function strip(asof_date: string, label: string, year: number, from: string, length: number): Strip {
  const first = monthsBetween(asof_date, from);
  return {
    label,
    first: Math.max(0, first),
    last: first + length - 1,
    years_ahead: year - Number(asof_date.slice(0, 4)),
  };
}

function sheet(
  frame: Frame,
  name: string,
  columns: readonly PriceColumn[],
  side: 'mid' | 'bid_ask',
  tenors: readonly (TenorRow | null)[],
): SheetModel {
  const sideText = side === 'mid' ? 'Mid' : 'Bid   /   Ask';
  const headers = frame.headerRows.map(({ row, label }, index) => ({
    row,
    cells: [
      ...asofCells(row, frame.asof_date),
      ...(label === '' ? [] : [{ column: 2, value: label, style: 'header' as const }]),
      ...columns.map((column, at) => headerCell(at, column.headers[index]!)),
    ],
  }));
  const asof = { row: 5, cells: asofCells(5, frame.asof_date) };
  const sides = { row: SIDE_ROW, cells: columns.map((_, at) => headerCell(at, sideText)) };
  const prices = tenors.map((tenor, index): RowModel => {
    const row = FIRST_TENOR_ROW + index;
    if (tenor === null) return { row, cells: columns.map((_, at) => priceAt(at, '')) };
    return { row, cells: [tenor.label, ...columns.map((column, at) => priceAt(at, tenor.price(column)))] };
  });
  const top = headers[0]?.row === 5 ? headers : [asof, ...headers];
  return { name, frozen: { rows: frame.frozenRows, columns: 2 }, rows: [...top, sides, ...prices] };
}

function asofCells(row: number, asof_date: string): CellModel[] {
  if (row !== 5) return [];
  return [
    { column: 1, value: 'Date:', style: 'header' },
    { column: 2, value: serialOfDate(asof_date), style: 'date' },
  ];
}

const headerCell = (at: number, value: string): CellModel => ({
  column: FIRST_PRICE_COLUMN + at,
  value,
  style: 'header',
});

const priceAt = (at: number, value: number | string): CellModel => ({
  column: FIRST_PRICE_COLUMN + at,
  value,
  style: 'price',
});

function priceCell(mid: number, width: number, side: 'mid' | 'bid_ask'): number | string {
  return side === 'mid' ? mid : `${threeDecimals(mid - width / 2)}   /   ${threeDecimals(mid + width / 2)}`;
}

/** Quotes widen with the logarithm of the distance; month 0 is the as-of month. */
const widening = (month: number): number => 1 + Math.log(month + 1);

/** Even thousandths, so that the middle of bid and ask is the mid exactly. */
function stripWidth(width: number, { years_ahead }: Strip): number {
  const month = years_ahead === 0 ? 1.22 : 12 * years_ahead - 3;
  return Math.max(1, Math.round((width * widening(month) * 1000) / 2)) * 0.002;
}

function threeDecimals(price: number): string {
  const text = price.toFixed(3);
  return text === '-0.000' ? '0.000' : text;
}
