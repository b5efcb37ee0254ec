/** Some cells of a raw workbook around one of them, as a person would see them in the sheet. */
import { refusal } from '#lib/domain/errors.ts';
import {
  CELL_KIND_NAMES,
  CellKind,
  columnLetters,
  displayAt,
  kindAt,
  MAX_COLUMNS,
  MAX_ROWS,
  type Sheet,
} from '#lib/domain/sheet.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import { readWorkbook } from '#lib/workbook/read.ts';
import type { CellsAnswer, CellsQuery } from '#schemas/workbook-routes.ts';
import { rowAndColumn } from './raw-cell.ts';
import { parseRawKey } from './stage-keys.ts';

/** How far is shown to each side. */
const ROWS_AROUND = 2;
const COLUMNS_AROUND = 2;
const MAX_HEADERS = 5;

export async function showCells(
  { key, version_id, cell: address }: CellsQuery,
  { objects }: { readonly objects: ObjectStore },
): Promise<CellsAnswer> {
  const stored = await objects.get(key, version_id === undefined ? {} : { version_id });
  if (stored === undefined) {
    throw refusal('workbook_not_found', `there is no ${key}`, {
      field: 'key',
      remedy: 'GET /v1/ingest lists what arrived.',
    });
  }
  const at = address.lastIndexOf('!');
  const name = address.slice(0, at);
  const cell = address.slice(at + 1);
  const { source_file } = parseRawKey(key);
  const { sheets } = readWorkbook(stored.body, { source_file });
  const sheet = sheets.find((candidate) => candidate.name === name);
  if (sheet === undefined) {
    throw refusal('sheet_not_found', `${source_file} has no sheet "${name}"`, {
      field: 'cell',
      remedy: `Its sheets: ${sheets.map((candidate) => candidate.name).join(', ')}.`,
    });
  }
  return { meta: { file: source_file, sheet: name, cell }, data: windowOf(sheet, rowAndColumn(cell)) };
}

/** The cells around the middle, behind the name of their row and below the headers of the middle's column. */
function windowOf(sheet: Sheet, middle: { row: number; column: number }): CellsAnswer['data'] {
  const near = around(middle.column, COLUMNS_AROUND, MAX_COLUMNS);
  const name = sheet.columns[sheet.rowStart[middle.row] ?? sheet.cellCount] ?? near[0]!;
  const columns = name < near[0]! ? [name, ...near] : near;
  const rows = around(middle.row, ROWS_AROUND, MAX_ROWS);
  return {
    columns: columns.map(columnLetters),
    rows: [...headersOf(sheet, middle.column, rows[0]!), ...rows].map((row) => ({
      row,
      cells: columns.map((column) => ({
        kind: CELL_KIND_NAMES[kindAt(sheet, row, column)]!,
        text: displayAt(sheet, row, column),
      })),
    })),
  };
}

/** Rows above `before` in which the column holds a text, the last few. */
function headersOf(sheet: Sheet, column: number, before: number): number[] {
  const rows: number[] = [];
  for (let row = Math.min(before - 1, sheet.rowCount); row > 0 && rows.length < MAX_HEADERS; row--) {
    if (kindAt(sheet, row, column) === CellKind.text) rows.unshift(row);
  }
  return rows;
}

/** `2 * reach + 1` numbers with the middle among them, from 1 on. */
function around(middle: number, reach: number, last: number): number[] {
  const first = Math.max(1, middle - reach);
  const length = Math.min(2 * reach + 1, last - first + 1);
  return Array.from({ length }, (_, index) => first + index);
}
