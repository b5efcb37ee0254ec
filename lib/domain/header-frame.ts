/**
 * The frame of a price sheet: which rows hold which header, and where the tenors begin. Labels stand in column A or B,
 * with or without a colon, in any case; values stand from column C on, tenors in B (or A). Knows no vendor: whether
 * headers carry to the right, or a region stands unlabelled above the locations, is said by the layout.
 */
import { CellKind, displayAt, kindAt, type Sheet, textAt } from './sheet.ts';
import { OTC_SEASONS, parseTenor } from './tenor.ts';
import { parseUnit } from './units.ts';

export type HeaderField =
  | 'date'
  | 'side'
  | 'region'
  | 'iso'
  | 'market'
  | 'hours'
  | 'location'
  | 'product'
  | 'peak'
  | 'spark_location'
  | 'units';

export const FIRST_PRICE_COLUMN = 3;
const TENOR_COLUMNS = [2, 1] as const;
const HEADER_ROWS_SEARCHED = 40;

const LABELS: Readonly<Record<string, HeaderField>> = {
  date: 'date',
  'as of': 'date',
  'as of date': 'date',
  mid: 'side',
  'bid/ask': 'side',
  region: 'region',
  iso: 'iso',
  market: 'market',
  hours: 'hours',
  location: 'location',
  product: 'product',
  peak: 'peak',
  'spark location': 'spark_location',
  spark: 'spark_location',
  units: 'units',
  unit: 'units',
};

export interface FrameRule {
  /** The region stands in the unlabelled row above the locations. */
  readonly regionAboveLocation?: boolean;
  /** The row of units is known by its currency marker, labelled or not. */
  readonly unlabelledUnits?: boolean;
}

export interface HeaderFrame {
  readonly sheet: Sheet;
  /** Row of each header found. */
  readonly rows: ReadonlyMap<HeaderField, number>;
  /** First row below the headers. */
  readonly firstDataRow: number;
  /** Texts in column A or B above the data that are no label, with their cells. */
  readonly unknownLabels: readonly { readonly row: number; readonly column: number; readonly text: string }[];
  /** A header that two rows claim. */
  readonly repeated: HeaderField | undefined;
}

/** Trimmed, blanks of every kind folded to one. */
export function foldedText(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

function labelOf(text: string): HeaderField | undefined {
  if (text.length > 40) return undefined;
  const label = foldedText(text.replaceAll(':', ' '))
    .toLowerCase()
    .replace(/ ?\/ ?/, '/')
    .replace('as-of', 'as of');
  return Object.hasOwn(LABELS, label) ? LABELS[label] : undefined;
}

/** The side a header text names: `Mid`, or `Bid / Ask` however it is spaced. */
export function sideOfText(text: string): 'mid' | 'bid_ask' | undefined {
  if (labelOf(text) !== 'side') return undefined;
  return /mid/i.test(text) ? 'mid' : 'bid_ask';
}

export function findHeaderFrame(sheet: Sheet, rule: FrameRule): HeaderFrame {
  const rows = new Map<HeaderField, number>();
  const unknownLabels: { row: number; column: number; text: string }[] = [];
  let repeated: HeaderField | undefined;
  let last = 0;
  for (let row = 1; row <= Math.min(sheet.rowCount, HEADER_ROWS_SEARCHED); row++) {
    const field = labelledField(sheet, row) ?? fieldOfValues(sheet, row, rule, rows);
    if (field !== undefined) {
      if (!rows.has(field)) rows.set(field, row);
      else if (field !== 'date' && field !== 'side') repeated ??= field;
      last = row;
    } else if (rows.size > (rows.has('date') ? 1 : 0) && isTenorRow(sheet, row)) {
      break;
    }
  }
  for (let row = 1; row <= last; row++) {
    for (const column of TENOR_COLUMNS) {
      const text = textAt(sheet, row, column) ?? '';
      if (text.trim() !== '' && labelOf(text) === undefined && rows.get('date') !== row) {
        unknownLabels.push({ row, column, text: foldedText(text) });
      }
    }
  }
  const location = rows.get('location') ?? 0;
  if (rule.regionAboveLocation && !rows.has('region') && isFreeRow(sheet, location - 1, rows)) {
    rows.set('region', location - 1);
  }
  return { sheet, rows, firstDataRow: last + 1, unknownLabels, repeated };
}

function labelledField(sheet: Sheet, row: number): HeaderField | undefined {
  for (let column = 1; column < FIRST_PRICE_COLUMN; column++) {
    const text = textAt(sheet, row, column);
    const field = text === undefined ? undefined : labelOf(text);
    if (field !== undefined) return field;
  }
  return undefined;
}

/** A row without a label whose texts all name a side, or all units. */
function fieldOfValues(
  sheet: Sheet,
  row: number,
  rule: FrameRule,
  rows: ReadonlyMap<HeaderField, number>,
): HeaderField | undefined {
  if (rows.size === 0) return undefined;
  let sides = 0;
  let units = 0;
  for (let index = sheet.rowStart[row]!; index < sheet.rowStart[row + 1]!; index++) {
    if (sheet.columns[index]! < FIRST_PRICE_COLUMN) continue;
    if (sheet.kinds[index] !== CellKind.text) return undefined;
    const text = sheet.texts[sheet.numbers[index]!]!;
    if (text.trim() === '') continue;
    if (sideOfText(text) !== undefined) sides++;
    else if (rule.unlabelledUnits && parseUnit(text) !== undefined) units++;
    else return undefined;
  }
  if (units > 0) return rows.has('units') ? undefined : 'units';
  return sides > 0 ? 'side' : undefined;
}

function isTenorRow(sheet: Sheet, row: number): boolean {
  return TENOR_COLUMNS.some((column) => {
    if (kindAt(sheet, row, column) === CellKind.date) return true;
    const text = textAt(sheet, row, column);
    return text !== undefined && parseTenor(text, '', OTC_SEASONS) !== undefined;
  });
}

function isFreeRow(sheet: Sheet, row: number, rows: ReadonlyMap<HeaderField, number>): boolean {
  if (row < 1 || [...rows.values()].includes(row)) return false;
  for (let index = sheet.rowStart[row]!; index < sheet.rowStart[row + 1]!; index++) {
    if (
      sheet.columns[index]! >= FIRST_PRICE_COLUMN &&
      displayText(sheet, row, sheet.columns[index]!) !== null
    )
      return true;
  }
  return false;
}

function displayText(sheet: Sheet, row: number, column: number): string | null {
  const text = textAt(sheet, row, column) ?? displayAt(sheet, row, column);
  return foldedText(text) || null;
}

/** The header of each column, by column number, null where it is blank; carried to the right when the layout says so. */
export function headerValues(frame: HeaderFrame, field: HeaderField, carry: boolean): (string | null)[] {
  const { sheet } = frame;
  const values = new Array<string | null>(sheet.columnCount + 1).fill(null);
  const row = frame.rows.get(field);
  if (row === undefined) return values;
  for (let index = sheet.rowStart[row]!; index < sheet.rowStart[row + 1]!; index++) {
    const column = sheet.columns[index]!;
    if (column >= FIRST_PRICE_COLUMN) values[column] = displayText(sheet, row, column);
  }
  if (!carry) return values;
  for (let column = FIRST_PRICE_COLUMN + 1; column < values.length; column++)
    values[column] ??= values[column - 1]!;
  return values;
}

/** Column of the row's tenor cell: B, else A; 0 when both are blank. */
export function tenorColumn(sheet: Sheet, row: number): number {
  for (const column of TENOR_COLUMNS) {
    const kind = kindAt(sheet, row, column);
    if (kind !== 0 && (kind !== CellKind.text || textAt(sheet, row, column)!.trim() !== '')) return column;
  }
  return 0;
}
