/**
 * Spoils one cell of a generated workbook on purpose, to show what the gate stops and how it names the cell.
 */
import type { CellModel, SheetModel } from '#lib/domain/sheet-model.ts';

export const CORRUPTIONS = ['crossed-bid-ask', 'bad-price', 'wrong-strip'] as const;
export type Corruption = (typeof CORRUPTIONS)[number];

interface Spoil {
  /** Whether the sheet of that name is the one. */
  readonly sheet: RegExp;
  /** 0-based, from the first tenor. */
  readonly tenor: number;
  readonly value: (value: number | string) => number | string;
}

const SPOILS: Readonly<Record<Corruption, Spoil>> = {
  'crossed-bid-ask': {
    sheet: /^Fixed Prices - BidAsk$/,
    tenor: 2,
    value: (text) => String(text).split('   /   ').reverse().join('   /   '),
  },
  'bad-price': { sheet: /^Fixed Prices - Mid$/, tenor: 3, value: () => 'see note' },
  'wrong-strip': {
    sheet: /^(Strips|Seasonal Blocks) - Mid$/,
    tenor: 0,
    value: (mid) => Math.round((Number(mid) + 5) * 1000) / 1000,
  },
};

const SPOILT_COLUMN = 4;
const FIRST_TENOR_ROW = 12;

/** A copy with column D of one tenor spoilt. */
export function corrupted(sheets: readonly SheetModel[], kind: Corruption): readonly SheetModel[] {
  const spoil = SPOILS[kind];
  const spoilCell = (cell: CellModel): CellModel =>
    cell.column === SPOILT_COLUMN ? { ...cell, value: spoil.value(cell.value) } : cell;
  return sheets.map((sheet) => {
    if (!spoil.sheet.test(sheet.name)) return sheet;
    const rows = sheet.rows.map((row) =>
      row.row === FIRST_TENOR_ROW + spoil.tenor ? { ...row, cells: row.cells.map(spoilCell) } : row,
    );
    return { ...sheet, rows };
  });
}
