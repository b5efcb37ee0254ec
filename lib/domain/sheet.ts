/**
 * Cells of a workbook as the reader yields them and the vendor adapters take them: typed, addressed, columnar.
 * Knows nothing of zip, XML or any vendor. One sheet of 26,000 cells costs 13 bytes a cell, not an object.
 */

export const CellKind = { number: 1, text: 2, date: 3, boolean: 4, error: 5, formula: 6 } as const;
export type CellKindCode = (typeof CellKind)[keyof typeof CellKind];
export const CELL_KIND_NAMES = ['absent', 'number', 'text', 'date', 'boolean', 'error', 'formula'] as const;

export const MAX_ROWS = 1_048_576;
export const MAX_COLUMNS = 16_384;

/**
 * One worksheet. Rows and columns are 1-based, as in an address. The cells of row r lie at
 * `rowStart[r] .. rowStart[r + 1] - 1`, ascending by column; a position with no cell, or a styled cell with neither value
 * nor formula, is absent.
 */
export interface Sheet {
  readonly name: string;
  readonly visibility: 'visible' | 'hidden' | 'veryHidden';
  /** Last row and column that hold a cell; 0 for an empty sheet. */
  readonly rowCount: number;
  readonly columnCount: number;
  readonly cellCount: number;
  /** Length `rowCount + 2`, indexed by the 1-based row. */
  readonly rowStart: Uint32Array;
  readonly columns: Uint16Array;
  readonly kinds: Uint8Array;
  /**
   * number: the double as written. date: the serial in the 1900 system (a 1904 workbook is shifted by the reader).
   * boolean: 0 or 1. text and error: index into `texts`. formula: a formula without a cached value, index of its text.
   */
  readonly numbers: Float64Array;
  /** The workbook's pool of strings, shared by its sheets. */
  readonly texts: readonly string[];
}

export interface Workbook {
  readonly sheets: readonly Sheet[];
  readonly dateSystem: 1900 | 1904;
}

/** Position of the cell in the sheet's arrays, or -1. */
export function cellIndex(sheet: Sheet, row: number, column: number): number {
  if (row < 1 || row > sheet.rowCount) return -1;
  let low = sheet.rowStart[row]!;
  let high = sheet.rowStart[row + 1]! - 1;
  if (low > high) return -1;
  // Rows of a price block have no gaps: the cell is nearly always this far behind the first one.
  const guess = low + column - sheet.columns[low]!;
  if (guess >= low && guess <= high && sheet.columns[guess] === column) return guess;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = sheet.columns[middle]!;
    if (found === column) return middle;
    if (found < column) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** Kind of the cell, or 0 when there is none. */
export function kindAt(sheet: Sheet, row: number, column: number): CellKindCode | 0 {
  const index = cellIndex(sheet, row, column);
  return index < 0 ? 0 : (sheet.kinds[index] as CellKindCode);
}

/** The text of a text cell, exactly as written; undefined for any other kind. */
export function textAt(sheet: Sheet, row: number, column: number): string | undefined {
  const index = cellIndex(sheet, row, column);
  return index >= 0 && sheet.kinds[index] === CellKind.text ? sheet.texts[sheet.numbers[index]!] : undefined;
}

/** What the cell shows, for messages and reports: never a rounded number. Empty for an absent cell. */
export function displayAt(sheet: Sheet, row: number, column: number): string {
  const index = cellIndex(sheet, row, column);
  if (index < 0) return '';
  const number = sheet.numbers[index]!;
  switch (sheet.kinds[index]) {
    case CellKind.number:
      return String(number);
    case CellKind.date:
      return dateOfSerial(number) ?? String(number);
    case CellKind.boolean:
      return number === 1 ? 'TRUE' : 'FALSE';
    case CellKind.formula:
      return `=${sheet.texts[number] ?? ''}`;
    default:
      return sheet.texts[number] ?? '';
  }
}

/** `28` -> `AB`. */
export function columnLetters(column: number): string {
  let letters = '';
  for (let rest = column; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters;
  }
  return letters;
}

/** `H42` for row 42, column 8. */
export function cellName(row: number, column: number): string {
  return columnLetters(column) + row;
}

/** `Sheet!H42`, the form every row carries; the sheet is never quoted. */
export function cellAddress(sheetName: string, row: number, column: number): string {
  return `${sheetName}!${cellName(row, column)}`;
}

const DAY_MS = 86_400_000;
const EPOCH_SERIAL = 25_569; // 1970-01-01 in the 1900 date system

/**
 * Calendar date of a 1900-system serial; its time of day is dropped. Undefined outside 1900-03-01 .. 9999-12-31:
 * below serial 61 Excel counts a 29 February 1900 that never was.
 */
export function dateOfSerial(serial: number): string | undefined {
  if (!(serial >= 61 && serial < 2_958_466)) return undefined;
  return new Date((Math.floor(serial) - EPOCH_SERIAL) * DAY_MS).toISOString().slice(0, 10);
}

/** Serial of a calendar date in the 1900 system. */
export function serialOfDate(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / DAY_MS + EPOCH_SERIAL;
}
