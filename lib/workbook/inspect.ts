/**
 * What a workbook holds, as plain data for a person or a program: sheets, ranges, kinds of cells, labels.
 * Knows no vendor's layout.
 */
import {
  CELL_KIND_NAMES,
  CellKind,
  cellName,
  displayAt,
  kindAt,
  type Sheet,
  type Workbook,
} from '#lib/domain/sheet.ts';

type CellKindName = (typeof CELL_KIND_NAMES)[number];

/** A text or date in the corner where vendors write their labels. */
export interface InspectedLabel {
  readonly cell: string;
  readonly text: string;
}

export interface InspectedSheet {
  readonly name: string;
  readonly visibility: Sheet['visibility'];
  /** Last row and column with a cell. */
  readonly rows: number;
  readonly columns: number;
  readonly cells: number;
  /** Only kinds that occur. */
  readonly cells_by_kind: Readonly<Partial<Record<CellKindName, number>>>;
  /** `B5:AX132`: the smallest range around all cells; null for an empty sheet. */
  readonly used_range: string | null;
  readonly labels: readonly InspectedLabel[];
}

export interface InspectedWorkbook {
  readonly date_system: 1900 | 1904;
  readonly sheets: readonly InspectedSheet[];
}

const LABEL_ROWS = 12;
const LABEL_COLUMNS = 2;

export function inspectWorkbook(workbook: Workbook): InspectedWorkbook {
  return { date_system: workbook.dateSystem, sheets: workbook.sheets.map(inspectSheet) };
}

function inspectSheet(sheet: Sheet): InspectedSheet {
  return {
    name: sheet.name,
    visibility: sheet.visibility,
    rows: sheet.rowCount,
    columns: sheet.columnCount,
    cells: sheet.cellCount,
    cells_by_kind: cellsByKind(sheet),
    used_range: usedRange(sheet),
    labels: labelsOf(sheet),
  };
}

function cellsByKind(sheet: Sheet): Partial<Record<CellKindName, number>> {
  const counts = new Array<number>(CELL_KIND_NAMES.length).fill(0);
  for (const kind of sheet.kinds) counts[kind]!++;
  const named = CELL_KIND_NAMES.map((name, kind) => [name, counts[kind]!] as const);
  return Object.fromEntries(named.filter(([, count]) => count > 0));
}

function usedRange(sheet: Sheet): string | null {
  if (sheet.cellCount === 0) return null;
  const firstRow = sheet.rowStart.lastIndexOf(0);
  const firstColumn = sheet.columns.reduce((least, column) => Math.min(least, column));
  return `${cellName(firstRow, firstColumn)}:${cellName(sheet.rowCount, sheet.columnCount)}`;
}

function labelsOf(sheet: Sheet): InspectedLabel[] {
  const labels: InspectedLabel[] = [];
  for (let row = 1; row <= Math.min(LABEL_ROWS, sheet.rowCount); row++) {
    for (let column = 1; column <= LABEL_COLUMNS; column++) {
      const kind = kindAt(sheet, row, column);
      const text =
        kind === CellKind.text || kind === CellKind.date ? displayAt(sheet, row, column).trim() : '';
      if (text !== '') labels.push({ cell: cellName(row, column), text });
    }
  }
  return labels;
}
