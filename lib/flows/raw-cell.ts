/** One row against the cells it names, read again from the raw workbook. Knows no vendor's layout and no store. */
import { priceOfText, splitBidAsk } from '#lib/domain/bid-ask.ts';
import { CELL_KIND_NAMES, CellKind, cellIndex, displayAt, type Workbook } from '#lib/domain/sheet.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { LineageCell } from '#schemas/lineage.ts';

/** What the cell holds, and whether the mid (or the only side) of the row is that. */
export function midCellOf(row: CurveObservation, workbook?: Workbook): LineageCell {
  return cellOf(row.source_cell, workbook, (held) => {
    // Without a mid of its own the row stands in the cell of its bid and ask.
    if (row.source_cell === row.source_cell_bid_ask) return sidesAgree(held, row) && middleAgrees(row);
    const price = held.number ?? priceOfText(held.text);
    return price === row.mid && price === row.value;
  });
}

export function bidAskCellOf(row: CurveObservation, workbook?: Workbook): LineageCell | null {
  if (row.source_cell_bid_ask === null) return null;
  return cellOf(row.source_cell_bid_ask, workbook, (held) => sidesAgree(held, row));
}

interface HeldCell {
  readonly text: string;
  readonly number: number | undefined;
}

function sidesAgree({ text }: HeldCell, { bid, ask }: CurveObservation): boolean {
  const split = splitBidAsk(text);
  return split.outcome !== 'failure' && split.bid === bid && split.ask === ask;
}

const middleAgrees = ({ bid, ask, mid, value }: CurveObservation): boolean =>
  bid === null || ask === null
    ? mid === null && value === (bid ?? ask)
    : mid === (bid + ask) / 2 && value === mid;

function cellOf(
  address: string,
  workbook: Workbook | undefined,
  agrees: (held: HeldCell) => boolean,
): LineageCell {
  // A sheet's name may hold an exclamation mark; a cell does not.
  const at = address.lastIndexOf('!');
  const place = { address, sheet: address.slice(0, at), cell: address.slice(at + 1) };
  if (workbook === undefined) return place;
  const sheet = workbook.sheets.find(({ name }) => name === place.sheet);
  const { row, column } = rowAndColumn(place.cell);
  const index = sheet === undefined ? -1 : cellIndex(sheet, row, column);
  if (sheet === undefined || index < 0) return { ...place, raw: { kind: 'absent', text: '', agrees: false } };
  const kind = sheet.kinds[index]!;
  const held = {
    text: displayAt(sheet, row, column),
    number: kind === CellKind.number ? sheet.numbers[index] : undefined,
  };
  return { ...place, raw: { kind: CELL_KIND_NAMES[kind]!, text: held.text, agrees: agrees(held) } };
}

/** `H42` to row 42, column 8. */
export function rowAndColumn(cell: string): { row: number; column: number } {
  const letters = /^[A-Z]+/.exec(cell)?.[0] ?? '';
  const column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
  return { row: Number(cell.slice(letters.length)), column };
}
