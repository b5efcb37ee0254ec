/**
 * Scans the cells of a sheet in the plain form Excel writes, byte by byte, without a string or an object per cell.
 * It never refuses: on anything but the plain form it gives up, and the strict parser reads the sheet instead.
 */
import { CellKind } from '#lib/domain/sheet.ts';
import type { Cells } from './cells.ts';
import { HALF_DIGITS, nearestDouble } from './decimal.ts';
import type { DateStyles } from './styles.ts';

/** What the numbers of cells refer to. */
export interface CellContext {
  readonly dateStyles: DateStyles;
  /** Days from the 1900 date system to the workbook's own: 0 or 1462. */
  readonly dateShift: number;
  readonly sharedStrings: number;
}

interface Cursor extends CellContext {
  readonly bytes: Buffer;
  readonly cells: Cells;
  readonly lastRow: number;
  readonly lastColumn: number;
  at: number;
  /** Row being read, and column of the cell being read. */
  row: number;
  column: number;
  style: number;
  /** First letter of the cell's type. */
  type: number;
  usesX14ac: boolean;
}

const LESS = 0x3c;
const GREATER = 0x3e;
const SLASH = 0x2f;
const QUOTE = 0x22;
const EQUALS = 0x3d;
const BLANK = 0x20;
const LETTER_A = 0x41;
const LETTER_B = 0x62;
const LETTER_C = 0x63;
const LETTER_E = 0x65;
const LETTER_N = 0x6e;
const LETTER_O = 0x6f;
const LETTER_R = 0x72;
const LETTER_S = 0x73;
const LETTER_T = 0x74;
const LETTER_V = 0x76;
const LETTER_W = 0x77;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;

export interface ScannedRows {
  /** Position of `</sheetData>`. */
  readonly end: number;
  /** Whether a row has an attribute of the prefix `x14ac`, which must then be bound. */
  readonly usesX14ac: boolean;
}

/** Reads rows from `from` on into `cells`; undefined on any other form. */
export function scanRows(
  bytes: Buffer,
  from: number,
  cells: Cells,
  context: CellContext,
): ScannedRows | undefined {
  const { rows, columns } = cells.shared.subject.limits;
  const cursor: Cursor = {
    ...context,
    bytes,
    cells,
    lastRow: rows,
    lastColumn: columns,
    at: from,
    row: 0,
    column: 0,
    style: 0,
    type: LETTER_N,
    usesX14ac: false,
  };
  while (bytes[cursor.at] === LESS && bytes[cursor.at + 1] === LETTER_R) {
    if (!scanRow(cursor)) return undefined;
  }
  const { at, usesX14ac } = cursor;
  return bytes.toString('latin1', at, at + 12) === '</sheetData>' ? { end: at, usesX14ac } : undefined;
}

function scanRow(cursor: Cursor): boolean {
  const { bytes } = cursor;
  if (bytes[cursor.at + 2] !== LETTER_O || bytes[cursor.at + 3] !== LETTER_W) return false;
  cursor.at += 4;
  if (!scanRowAttributes(cursor)) return false;
  if (bytes[cursor.at] === SLASH) {
    cursor.at += 2;
    return bytes[cursor.at - 1] === GREATER;
  }
  cursor.at += 1;
  cursor.column = 0;
  while (bytes[cursor.at] === LESS && bytes[cursor.at + 1] === LETTER_C) {
    if (!scanCell(cursor)) return false;
  }
  cursor.at += 6;
  return bytes.toString('latin1', cursor.at - 6, cursor.at) === '</row>';
}

/** Attributes of a row that say nothing of its cells, each with a bit of its own. */
const ROW_ATTRIBUTES: ReadonlyMap<string, number> = new Map(
  [
    'x14ac:dyDescent',
    'spans',
    's',
    'customFormat',
    'ht',
    'hidden',
    'customHeight',
    'outlineLevel',
    'collapsed',
    'thickTop',
    'thickBot',
  ].map((name, index) => [name, 1 << index]),
);
const X14AC_BIT = 1;

/** From behind `<row` to the `/` or `>` that ends the tag; r first, then others, each once. */
function scanRowAttributes(cursor: Cursor): boolean {
  const { bytes } = cursor;
  const at = cursor.at;
  if (
    bytes[at] !== BLANK ||
    bytes[at + 1] !== LETTER_R ||
    bytes[at + 2] !== EQUALS ||
    bytes[at + 3] !== QUOTE
  ) {
    return false;
  }
  cursor.at = at + 4;
  cursor.row = scanInteger(cursor);
  if (cursor.row < 1 || cursor.row > cursor.lastRow || bytes[cursor.at++] !== QUOTE) return false;
  let seen = 0;
  while (bytes[cursor.at] === BLANK) {
    const equals = bytes.indexOf(EQUALS, cursor.at);
    const bit = ROW_ATTRIBUTES.get(bytes.toString('latin1', cursor.at + 1, Math.min(equals, cursor.at + 32)));
    if (bit === undefined || (seen & bit) !== 0 || bytes[equals + 1] !== QUOTE) return false;
    seen |= bit;
    cursor.at = equals + 2;
    while (isPlainCharacter(bytes[cursor.at]!)) cursor.at++;
    if (bytes[cursor.at++] !== QUOTE) return false;
  }
  if ((seen & X14AC_BIT) !== 0) cursor.usesX14ac = true;
  return bytes[cursor.at] === GREATER || bytes[cursor.at] === SLASH;
}

/** Characters of plain attribute values: letters, digits, blank, colon, point, minus. */
function isPlainCharacter(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x2d && byte <= 0x3a && byte !== SLASH) || byte === BLANK;
}

/** `<c r="H42" s="5" t="s"><v>17</v></c>` or `<c r="H42" s="5"/>`. */
function scanCell(cursor: Cursor): boolean {
  const { bytes } = cursor;
  cursor.at += 2;
  if (!scanCellAttributes(cursor)) return false;
  if (bytes[cursor.at] === SLASH) {
    cursor.at += 2;
    return bytes[cursor.at - 1] === GREATER;
  }
  const value = cursor.at + 1;
  if (bytes[value] !== LESS || bytes[value + 1] !== LETTER_V || bytes[value + 2] !== GREATER) return false;
  cursor.at = value + 3;
  if (!scanValue(cursor)) return false;
  // </v></c>
  const end = cursor.at;
  cursor.at = end + 8;
  return (
    bytes[end] === LESS &&
    bytes[end + 1] === SLASH &&
    bytes[end + 2] === LETTER_V &&
    bytes[end + 3] === GREATER &&
    bytes[end + 4] === LESS &&
    bytes[end + 5] === SLASH &&
    bytes[end + 6] === LETTER_C &&
    bytes[end + 7] === GREATER
  );
}

/** From behind `<c` to the `/` or `>` that ends the tag; r, then s and t if there, each once. */
function scanCellAttributes(cursor: Cursor): boolean {
  const { bytes } = cursor;
  let at = cursor.at;
  if (
    bytes[at] !== BLANK ||
    bytes[at + 1] !== LETTER_R ||
    bytes[at + 2] !== EQUALS ||
    bytes[at + 3] !== QUOTE
  ) {
    return false;
  }
  cursor.at = at + 4;
  if (!scanAddress(cursor)) return false;
  at = cursor.at;
  cursor.style = 0;
  if (
    bytes[at] === BLANK &&
    bytes[at + 1] === LETTER_S &&
    bytes[at + 2] === EQUALS &&
    bytes[at + 3] === QUOTE
  ) {
    cursor.at = at + 4;
    cursor.style = scanInteger(cursor);
    at = cursor.at + 1;
    if (cursor.style < 0 || bytes[at - 1] !== QUOTE) return false;
  }
  cursor.type = LETTER_N;
  if (
    bytes[at] === BLANK &&
    bytes[at + 1] === LETTER_T &&
    bytes[at + 2] === EQUALS &&
    bytes[at + 3] === QUOTE
  ) {
    cursor.type = bytes[at + 4]!;
    if (bytes[at + 5] !== QUOTE) return false;
    at += 6;
  }
  cursor.at = at;
  return bytes[at] === GREATER || bytes[at] === SLASH;
}

/** `H42"`: sets the column; the row must be the one being read. */
function scanAddress(cursor: Cursor): boolean {
  const { bytes } = cursor;
  let at = cursor.at;
  let column = 0;
  for (let letter = bytes[at]! - LETTER_A; letter >= 0 && letter < 26; letter = bytes[at]! - LETTER_A) {
    column = column * 26 + letter + 1;
    if (column > cursor.lastColumn) return false;
    at++;
  }
  cursor.at = at;
  cursor.column = column;
  if (column === 0 || scanInteger(cursor) !== cursor.row || bytes[cursor.at] !== QUOTE) return false;
  cursor.at++;
  return true;
}

/** Digits without a leading zero, up to 9 of them; -1 for anything else. */
function scanInteger(cursor: Cursor): number {
  const start = cursor.at;
  const number = scanDigits(cursor);
  return cursor.bytes[start] === ZERO && cursor.at > start + 1 ? -1 : number;
}

/** Up to 9 digits; -1 for anything else. */
function scanDigits(cursor: Cursor): number {
  const { bytes } = cursor;
  const start = cursor.at;
  let at = start;
  let number = 0;
  for (let digit = bytes[at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[at]! - ZERO) {
    number = number * 10 + digit;
    at++;
  }
  cursor.at = at;
  return at === start || at > start + 9 ? -1 : number;
}

/** The text of `<v>`, up to the tag that ends it. */
function scanValue(cursor: Cursor): boolean {
  const { cells, row, column } = cursor;
  if (cursor.type === LETTER_S) {
    const index = scanInteger(cursor);
    if (index < 0 || index >= cursor.sharedStrings) return false;
    cells.add(row, column, CellKind.text, index);
    return true;
  }
  if (cursor.type === LETTER_B) {
    const truth = scanInteger(cursor);
    if (truth !== 0 && truth !== 1) return false;
    cells.add(row, column, CellKind.boolean, truth);
    return true;
  }
  if (cursor.type !== LETTER_N) return false;
  const number = scanNumber(cursor);
  if (!Number.isFinite(number)) return false;
  if (cursor.dateStyles[cursor.style] === 1) cells.add(row, column, CellKind.date, number + cursor.dateShift);
  else cells.add(row, column, CellKind.number, number);
  return true;
}

/** A decimal number, equal to `Number(text)`; NaN for anything else. */
function scanNumber(cursor: Cursor): number {
  const { bytes } = cursor;
  const start = cursor.at;
  const isNegative = bytes[start] === MINUS;
  let at = isNegative ? start + 1 : start;
  let high = 0;
  let low = 0;
  let digits = 0;
  let decimals = 0;
  let afterPoint = 0;
  let seen = 0;
  for (; ; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit >= 0 && digit <= 9) {
      // Zeros before the first significant digit only move the point.
      if (digits < HALF_DIGITS) high = high * 10 + digit;
      else if (digits < 2 * HALF_DIGITS) low = low * 10 + digit;
      if (high !== 0) digits++;
      decimals += afterPoint;
      seen++;
    } else if (bytes[at] === POINT && afterPoint === 0) afterPoint = 1;
    else break;
  }
  cursor.at = at;
  if (seen === 0) return Number.NaN;
  if ((bytes[at]! | 0x20) === LETTER_E) {
    const exponent = scanExponent(cursor);
    if (Number.isNaN(exponent)) return Number.NaN;
    decimals -= exponent;
  }
  const nearest = nearestDouble(high, low, digits, decimals);
  if (Number.isNaN(nearest)) return Number(bytes.toString('latin1', start, cursor.at));
  return isNegative ? -nearest : nearest;
}

/** `E-5`, `e-05`; NaN for anything else. */
function scanExponent(cursor: Cursor): number {
  const sign = cursor.bytes[cursor.at + 1];
  cursor.at += sign === MINUS || sign === PLUS ? 2 : 1;
  const exponent = scanDigits(cursor);
  if (exponent < 0) return Number.NaN;
  return sign === MINUS ? -exponent : exponent;
}
