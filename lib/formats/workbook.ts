/**
 * Rows of one release -> the sheets of a workbook in the vendor's own layout, columns and tenors in the order in which the
 * rows' cells name them. Ingesting it gives the same curves, tenors and prices. Knows no xlsx.
 */
import { placeOf } from '#lib/domain/curve-batches.ts';
import { refusal } from '#lib/domain/errors.ts';
import { serialOfDate } from '#lib/domain/sheet.ts';
import type { CellModel, CellStyle, RowModel, SheetModel } from '#lib/domain/sheet-model.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import {
  WRITTEN_LAYOUTS,
  type WrittenHeader,
  type WrittenLayout,
  type WrittenSheet,
} from './vendor-layouts.ts';

const ASOF_ROW = 5;
const SIDE_ROW = 10;
const FIRST_TENOR_ROW = 12;
const TENOR_COLUMN = 2;
const FIRST_PRICE_COLUMN = 3;
const SIDES = { mid: 'Mid', bid_ask: 'Bid   /   Ask' } as const;

/**
 * @param rows of one vendor and as-of day, at least one
 * @throws AurumError `vendor_unknown` for a vendor whose layout cannot be written, `rows_mixed` for rows of two workbooks
 */
export function workbookOf(rows: readonly CurveObservation[], vendor: string): readonly SheetModel[] {
  const layout = Object.hasOwn(WRITTEN_LAYOUTS, vendor) ? WRITTEN_LAYOUTS[vendor] : undefined;
  if (layout === undefined) {
    const remedy = `There are layouts of ${Object.keys(WRITTEN_LAYOUTS).join(', ')}; take another format for this vendor.`;
    throw refusal('vendor_unknown', `the layout of vendor "${vendor}" cannot be written`, { remedy });
  }
  const mixed = rows.some((row) => row.version_hash !== rows[0]!.version_hash && !sameBook(row, rows[0]!));
  if (rows.length === 0 || mixed) {
    throw refusal('rows_mixed', 'a workbook holds the rows of one vendor and as-of day', {
      remedy: 'Ask for one vendor and one as-of day.',
    });
  }
  const points = rows.map((row): Point => {
    const place = placeOf(row.source_cell);
    return { row, cellRow: place.row, cellColumn: place.column };
  });
  return layout.sheets.map((sheet) => sheetOf(sheet, layout, points, rows[0]!.asof_date));
}

const sameBook = (one: CurveObservation, other: CurveObservation) =>
  one.asof_date === other.asof_date && one.source_file === other.source_file;

/** A row and where its cell stood, which gives the order of columns and tenors. */
interface Point {
  readonly row: CurveObservation;
  readonly cellRow: number;
  readonly cellColumn: number;
}

function sheetOf(
  sheet: WrittenSheet,
  layout: WrittenLayout,
  points: readonly Point[],
  asof_date: string,
): SheetModel {
  const own = points.filter(({ row }) => sheet.holds(row));
  const headers = sheet.headers.filter(({ optional, text }) => !optional || own.some(({ row }) => text(row)));
  const curves = columnsOf(own, headers, layout.carry);
  const columnOf = new Map(curves.map(({ curve_key }, at) => [curve_key, FIRST_PRICE_COLUMN + at]));
  const tenors = Map.groupBy(
    own.filter(({ row }) => sheet.tenors(row)),
    ({ row }) => row.tenor_type + row.contract_month,
  );
  const ordered = [...tenors.values()].sort((a, b) => firstRow(a) - firstRow(b) || byMonth(a[0]!, b[0]!));
  const prices = ordered.map((tenor, at) => tenorRow(tenor, FIRST_TENOR_ROW + at, sheet.side, columnOf));
  const rows = [...headerRows(headers, curves, asof_date, SIDES[sheet.side]), ...prices];
  return { name: sheet.name, frozen: { rows: FIRST_TENOR_ROW - 1, columns: TENOR_COLUMN }, rows };
}

const firstRow = (points: readonly Point[]) =>
  points.reduce((first, { cellRow }) => Math.min(first, cellRow), 1e9);
const byMonth = (a: Point, b: Point) => (a.row.contract_month < b.row.contract_month ? -1 : 1);

/** One row of each curve, in column order; where blanks carry, columns with fewer texts stand further left. */
function columnsOf(
  points: readonly Point[],
  headers: readonly WrittenHeader[],
  carry: boolean,
): readonly CurveObservation[] {
  const first = new Map<string, Point>();
  for (const point of points) {
    const known = first.get(point.row.curve_key);
    if (known === undefined || point.cellColumn < known.cellColumn) first.set(point.row.curve_key, point);
  }
  const texts = ({ row }: Point) => (carry ? headers.filter(({ text }) => text(row) !== null).length : 0);
  return [...first.values()]
    .sort((a, b) => texts(a) - texts(b) || a.cellColumn - b.cellColumn)
    .map(({ row }) => row);
}

function headerRows(
  headers: readonly WrittenHeader[],
  curves: readonly CurveObservation[],
  asof_date: string,
  side: string,
): readonly RowModel[] {
  const asof = [cell(1, 'Date:', 'header'), cell(TENOR_COLUMN, serialOfDate(asof_date), 'date')];
  const rows = new Map<number, readonly CellModel[]>([[ASOF_ROW, asof]]);
  for (const { row, label, text } of headers) {
    const own = curves.flatMap((curve, at) => {
      const value = text(curve);
      return value === null ? [] : [cell(FIRST_PRICE_COLUMN + at, value, 'header')];
    });
    const labelled = label === '' ? [] : [cell(TENOR_COLUMN, label, 'header')];
    rows.set(row, [...(rows.get(row) ?? []), ...labelled, ...own]);
  }
  rows.set(
    SIDE_ROW,
    curves.map((_, at) => cell(FIRST_PRICE_COLUMN + at, side, 'header')),
  );
  return [...rows].sort(([a], [b]) => a - b).map(([row, cells]) => ({ row, cells }));
}

function tenorRow(
  points: readonly Point[],
  row: number,
  side: WrittenSheet['side'],
  columnOf: ReadonlyMap<string, number>,
): RowModel {
  const { tenor_type, contract_month, tenor_label } = points[0]!.row;
  const label =
    tenor_type === 'MONTHLY'
      ? cell(TENOR_COLUMN, serialOfDate(contract_month), 'month')
      : cell(TENOR_COLUMN, tenor_label, 'text');
  const prices = points
    .flatMap(({ row: priced }) => {
      const value = side === 'mid' ? midCell(priced) : bidAskCell(priced);
      return value === null ? [] : [cell(columnOf.get(priced.curve_key)!, value, 'price')];
    })
    .sort((a, b) => a.column - b.column);
  return { row, cells: [label, ...prices] };
}

const cell = (column: number, value: string | number, style: CellStyle): CellModel => ({
  column,
  value,
  style,
});

/** A row whose only cell is its bid/ask has none in the mid sheet. */
function midCell(row: CurveObservation): number | null {
  return row.source_cell === row.source_cell_bid_ask ? null : row.mid;
}

function bidAskCell({ bid, ask }: CurveObservation): string | null {
  if (bid === null && ask === null) return null;
  return `${bid === null ? '' : decimalText(bid)}   /   ${ask === null ? '' : decimalText(ask)}`;
}

/** Three decimals as the vendors write them where that is the price; else as many as it takes, never an exponent. */
function decimalText(price: number): string {
  const short = price.toFixed(3);
  if (Number(short) === price && !short.includes('e')) return short;
  const text = String(price);
  if (!text.includes('e')) return text;
  const [digits = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = digits.replace('-', '').split('.');
  const point = whole.length + Number(exponent);
  const all = whole + fraction;
  const plain =
    point <= 0
      ? `0.${'0'.repeat(-point)}${all}`
      : `${all.padEnd(point, '0').slice(0, point)}.${all.slice(point) || '0'}`;
  return price < 0 ? `-${plain}` : plain;
}
