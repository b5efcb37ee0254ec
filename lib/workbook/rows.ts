/**
 * The strict reader of rows and cells: every form the format allows, and a reasoned refusal for what it does not.
 * Gets elements from the strict XML parser; knows nothing of bytes.
 */
import type { SaxesTagNS } from 'saxes';
import type { AurumError } from '#lib/domain/errors.ts';
import { CellKind, type CellKindCode, cellName, serialOfDate } from '#lib/domain/sheet.ts';
import { Cells, poolIndex } from './cells.ts';
import { overLimit, refuse } from './limits.ts';
import type { SheetSource } from './sheet.ts';
import { parseMarkup } from './strict.ts';
import { decodeEscapes } from './strings.ts';

export interface ParsedRows {
  readonly cells: Cells;
  /** Rows that were there, with cells or without. */
  readonly rows: number;
  /** The root has a namespace prefix; it binds the prefix `x14ac`, which Excel puts on rows. */
  readonly isPrefixed: boolean;
  readonly bindsX14ac: boolean;
}

/** What is being read: the last row begun, the column of its last cell, and the cell while its element is open. */
interface State {
  readonly source: SheetSource;
  readonly cells: Cells;
  rows: number;
  row: number;
  column: number;
  cell: OpenCell;
  hasData: boolean;
  isPrefixed: boolean;
  bindsX14ac: boolean;
}

interface OpenCell {
  readonly type: string;
  readonly style: number;
  /** Text of `<v>`, `<f>` and `<is>`; undefined when the element is not there. */
  value: string | undefined;
  formula: string | undefined;
  inline: string | undefined;
}

const DATA = 'worksheet/sheetData';
const ROW = `${DATA}/row`;
const CELL = `${ROW}/c`;
const VALUE = `${CELL}/v`;
const FORMULA = `${CELL}/f`;
const INLINE = `${CELL}/is`;
const INLINE_TEXT = `${INLINE}/t`;
const INLINE_RUN_TEXT = `${INLINE}/r/t`;

/** Elements that carry cells and their one place; in any other, cells would be lost without a word. */
const PLACES: Readonly<Record<string, string>> = { sheetData: DATA, row: ROW, c: CELL, v: VALUE, is: INLINE };

export function parseRows(source: SheetSource, pieces: Uint8Array[]): ParsedRows {
  const { part, name } = source.listed;
  const state: State = {
    source,
    cells: new Cells(name, source.shared, 0),
    rows: 0,
    row: 0,
    column: 0,
    cell: { type: 'n', style: 0, value: undefined, formula: undefined, inline: undefined },
    hasData: false,
    isPrefixed: false,
    bindsX14ac: false,
  };
  const reader = {
    open: (path: string, tag: SaxesTagNS) => open(state, path, tag),
    text: (path: string, text: string) => addText(state, path, text),
    close: (path: string) => {
      if (path === CELL) addCell(state);
      else if (path === ROW) state.column = 0;
    },
  };
  parseMarkup({ part, pieces, place: () => placeOf(state) }, reader, source.shared.subject);
  if (!state.hasData) throw malformed(state, 'has no sheetData');
  return state;
}

function open(state: State, path: string, tag: SaxesTagNS): void {
  const { cell } = state;
  switch (path) {
    case 'worksheet':
      state.isPrefixed = tag.prefix !== '';
      state.bindsX14ac = tag.ns.x14ac !== undefined;
      return;
    case DATA:
      if (state.hasData) throw malformed(state, 'has two sheetData');
      state.hasData = true;
      return;
    case ROW:
      openRow(state, tag.attributes.r?.value);
      return;
    case CELL:
      openCell(state, tag);
      return;
    case VALUE:
      if (cell.value !== undefined) throw malformed(state, 'has a cell with two values');
      cell.value = '';
      return;
    case FORMULA:
      cell.formula = '';
      return;
    case INLINE:
      if (cell.inline !== undefined) throw malformed(state, 'has a cell with two texts');
      cell.inline = '';
      return;
    default:
      if (!path.startsWith('worksheet/')) throw malformed(state, 'is no worksheet');
      if (tag.local in PLACES && path.endsWith(`/${tag.local}`)) {
        throw malformed(state, `has an element <${tag.local}> where none can be`);
      }
  }
}

function addText(state: State, path: string, text: string): void {
  const { cell } = state;
  if (path === VALUE) cell.value += text;
  else if (path === FORMULA) cell.formula += text;
  else if (path === INLINE_TEXT || path === INLINE_RUN_TEXT) cell.inline += text;
}

/** A row without a number is the next one. */
function openRow(state: State, written: string | undefined): void {
  const row = written === undefined ? state.row + 1 : Number(written);
  if (written !== undefined && !/^[1-9][0-9]{0,9}$/.test(written)) throw badAddress(state, 'row', written);
  const { subject } = state.source.shared;
  if (row > subject.limits.rows) {
    throw overLimit(subject, 'rows', `The sheet has a row ${row}`, { sheet: state.cells.sheetName });
  }
  state.rows++;
  state.row = row;
  state.column = 0;
}

/** A cell without an address is the next one in its row. */
function openCell(state: State, tag: SaxesTagNS): void {
  const { r, s, t } = tag.attributes;
  const column = r === undefined ? state.column + 1 : columnOf(state, r.value);
  const { subject } = state.source.shared;
  if (column > subject.limits.columns) {
    throw overLimit(subject, 'columns', `Row ${state.row} has a column ${column}`, {
      sheet: state.cells.sheetName,
    });
  }
  state.column = column;
  state.cell = {
    type: t?.value ?? 'n',
    style: s === undefined ? 0 : Number(s.value),
    value: undefined,
    formula: undefined,
    inline: undefined,
  };
}

function columnOf(state: State, address: string): number {
  const [, letters, row] = /^([A-Z]{1,3})([1-9][0-9]{0,9})$/.exec(address) ?? [];
  if (letters === undefined || Number(row) !== state.row) throw badAddress(state, 'cell', address);
  let column = 0;
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64;
  return column;
}

/** Adds the open cell to the sheet; one with neither value nor formula is absent. */
function addCell(state: State): void {
  const typed = typedValue(state);
  if (typed !== undefined) state.cells.add(state.row, state.column, typed[0], typed[1]);
}

function typedValue(state: State): readonly [CellKindCode, number] | undefined {
  const { type, style, value, inline, formula } = state.cell;
  const { shared, context } = state.source;
  const pooled = (text: string): number => poolIndex(shared, decodeEscapes(text));
  if (inline !== undefined) {
    if (type === 'inlineStr') return [CellKind.text, pooled(inline)];
    throw malformed(state, `has a text in a cell of type ${quoted(type)}`);
  }
  const isTextType = type === 'str' || type === 'inlineStr';
  if (value === undefined || (value === '' && !isTextType)) {
    return formula === undefined ? undefined : [CellKind.formula, pooled(formula)];
  }
  switch (type) {
    case 'n': {
      const number = numberOf(state, value);
      const isDate = context.dateStyles[style] === 1;
      return isDate ? [CellKind.date, number + context.dateShift] : [CellKind.number, number];
    }
    case 's':
      return [CellKind.text, stringIndexOf(state, value)];
    case 'str':
    case 'inlineStr':
      return [CellKind.text, pooled(value)];
    case 'b':
      return [CellKind.boolean, booleanOf(state, value)];
    case 'e':
      return [CellKind.error, pooled(value)];
    case 'd':
      return [CellKind.date, serialOfIsoDate(state, value)];
    default:
      throw malformed(state, `has a cell of the unknown type ${quoted(type)}`);
  }
}

function quoted(written: string): string {
  return JSON.stringify(written.slice(0, 30));
}

/** XML Schema's double without its INF and NaN; one digit string has one way to match, so the test is linear. */
const NUMBER = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

function numberOf(state: State, text: string): number {
  const trimmed = text.trim();
  const number = NUMBER.test(trimmed) ? Number(trimmed) : Number.NaN;
  if (!Number.isFinite(number)) throw malformed(state, 'has a number cell whose value is no number');
  return number;
}

function stringIndexOf(state: State, text: string): number {
  const { sharedStrings } = state.source.context;
  const index = /^[0-9]{1,10}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (Number.isNaN(index)) throw malformed(state, 'has a text cell whose string index is no number');
  if (index < sharedStrings) return index;
  throw refuse(
    state.source.shared.subject,
    'string_index_out_of_range',
    `The cell refers to shared string ${index}; the workbook has ${sharedStrings}`,
    placeOf(state),
  );
}

function booleanOf(state: State, text: string): number {
  const trimmed = text.trim();
  if (trimmed === '1' || trimmed === 'true') return 1;
  if (trimmed === '0' || trimmed === 'false') return 0;
  throw malformed(state, 'has a boolean cell that is neither true nor false');
}

const DAY_SECONDS = 86_400;

/** `2025-09-12` or `2025-09-12T16:30:00`, as strict workbooks may write dates, to a serial of the 1900 system. */
function serialOfIsoDate(state: State, text: string): number {
  const form = /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]{1,9})?))?Z?)?$/;
  const [, date, hours = '0', minutes = '0', seconds = '0'] = form.exec(text.trim()) ?? [];
  const serial = date === undefined ? Number.NaN : serialOfDate(date);
  const time_seconds = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (Number.isNaN(serial) || time_seconds > DAY_SECONDS)
    throw malformed(state, 'has a date cell that holds no date');
  return serial + time_seconds / DAY_SECONDS;
}

function placeOf(state: State): { sheet: string; cell?: string } {
  const sheet = state.cells.sheetName;
  return state.column === 0 ? { sheet } : { sheet, cell: cellName(state.row, state.column) };
}

function badAddress(state: State, what: string, address: string): AurumError {
  const message = `The sheet has a ${what} with the address ${quoted(address)} behind ${state.row}`;
  return refuse(state.source.shared.subject, 'cell_address_invalid', message, {
    sheet: state.cells.sheetName,
  });
}

function malformed(state: State, what: string): AurumError {
  const message = `Part ${state.source.listed.part} ${what}`;
  return refuse(state.source.shared.subject, 'workbook_malformed', message, placeOf(state));
}
