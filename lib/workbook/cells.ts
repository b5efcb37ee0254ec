/**
 * Collects the cells of one sheet as they are read and lays them out by row and column.
 * Knows positions and limits, not XML.
 */
import { type CellKindCode, cellName, type Sheet } from '#lib/domain/sheet.ts';
import { overLimit, refuse, type Subject } from './limits.ts';

/** What the sheets of one workbook share: the pool of strings and what is used of the limits. */
export interface SharedState {
  readonly subject: Subject;
  readonly texts: string[];
  /** Strings that are not in the shared string part, by text. */
  readonly ownTexts: Map<string, number>;
  readonly used: { cells: number; rows: number };
}

export function sharedState(subject: Subject, texts: string[]): SharedState {
  return { subject, texts, ownTexts: new Map(), used: { cells: 0, rows: 0 } };
}

/** Index of the text in the pool, added when new. */
export function poolIndex(shared: SharedState, text: string): number {
  const known = shared.ownTexts.get(text);
  if (known !== undefined) return known;
  const { subject, texts } = shared;
  if (texts.length >= subject.limits.strings)
    throw overLimit(subject, 'strings', 'The workbook has more strings');
  const index = texts.push(text) - 1;
  shared.ownTexts.set(text, index);
  return index;
}

/** A growing sheet. Cells may come in any order; two in one position are refused when it is laid out. */
export class Cells {
  readonly sheetName: string;
  readonly shared: SharedState;
  length = 0;
  #capacity: number;
  #rows: Uint32Array;
  #columns: Uint16Array;
  #kinds: Uint8Array;
  #numbers: Float64Array;
  #inOrder = true;
  #lastRow = 0;
  #lastColumn = 0;
  #rowCount = 0;
  #columnCount = 0;

  constructor(sheetName: string, shared: SharedState, expectedCells: number) {
    this.sheetName = sheetName;
    this.shared = shared;
    this.#capacity = Math.max(16, Math.min(expectedCells, shared.subject.limits.cells));
    this.#rows = new Uint32Array(this.#capacity);
    this.#columns = new Uint16Array(this.#capacity);
    this.#kinds = new Uint8Array(this.#capacity);
    this.#numbers = new Float64Array(this.#capacity);
  }

  /** Row and column are valid 1-based positions. */
  add(row: number, column: number, kind: CellKindCode, number: number): void {
    const index = this.length;
    if (index === this.#capacity) this.#grow();
    if (row !== this.#lastRow) {
      if (row < this.#lastRow) this.#inOrder = false;
      if (row > this.#rowCount) this.#rowCount = row;
      this.#lastRow = row;
    } else if (column <= this.#lastColumn) {
      this.#inOrder = false;
    }
    if (column > this.#columnCount) this.#columnCount = column;
    this.#lastColumn = column;
    this.#rows[index] = row;
    this.#columns[index] = column;
    this.#kinds[index] = kind;
    this.#numbers[index] = number;
    this.length = index + 1;
  }

  sheet(visibility: Sheet['visibility']): Sheet {
    const { subject, used } = this.shared;
    used.cells += this.length;
    used.rows += this.#rowCount;
    if (used.cells > subject.limits.cells) throw this.#overLimit('cells', used.cells);
    if (used.rows > subject.limits.rows_in_all) throw this.#overLimit('rows_in_all', used.rows);
    if (!this.#inOrder) this.#sort();
    return {
      name: this.sheetName,
      visibility,
      rowCount: this.#rowCount,
      columnCount: this.#columnCount,
      cellCount: this.length,
      rowStart: this.#rowStart(),
      columns: this.#columns.slice(0, this.length),
      kinds: this.#kinds.slice(0, this.length),
      numbers: this.#numbers.slice(0, this.length),
      texts: this.shared.texts,
    };
  }

  #rowStart(): Uint32Array {
    const rowStart = new Uint32Array(this.#rowCount + 2);
    for (let index = 0; index < this.length; index++) rowStart[this.#rows[index]! + 1]!++;
    for (let row = 1; row < rowStart.length; row++) rowStart[row]! += rowStart[row - 1]!;
    return rowStart;
  }

  /** Rows and cells may stand in any order in the file; in a sheet they ascend. */
  #sort(): void {
    const [rows, columns, kinds, numbers] = [this.#rows, this.#columns, this.#kinds, this.#numbers];
    const order = Uint32Array.from({ length: this.length }, (_, index) => index);
    order.sort((a, b) => rows[a]! - rows[b]! || columns[a]! - columns[b]!);
    for (let index = 1; index < order.length; index++) {
      const [before, here] = [order[index - 1]!, order[index]!];
      if (rows[before] !== rows[here] || columns[before] !== columns[here]) continue;
      throw refuse(this.shared.subject, 'duplicate_cell', 'The sheet has two cells in one position', {
        sheet: this.sheetName,
        cell: cellName(rows[here]!, columns[here]!),
      });
    }
    this.#rows = Uint32Array.from(order, (index) => rows[index]!);
    this.#columns = Uint16Array.from(order, (index) => columns[index]!);
    this.#kinds = Uint8Array.from(order, (index) => kinds[index]!);
    this.#numbers = Float64Array.from(order, (index) => numbers[index]!);
  }

  #grow(): void {
    const { limits } = this.shared.subject;
    if (this.#capacity >= limits.cells) throw this.#overLimit('cells', this.length + 1);
    this.#capacity = Math.min(this.#capacity * 2, limits.cells);
    this.#rows = grown(this.#rows, new Uint32Array(this.#capacity));
    this.#columns = grown(this.#columns, new Uint16Array(this.#capacity));
    this.#kinds = grown(this.#kinds, new Uint8Array(this.#capacity));
    this.#numbers = grown(this.#numbers, new Float64Array(this.#capacity));
  }

  #overLimit(limit: 'cells' | 'rows_in_all', count: number) {
    const what = limit === 'cells' ? 'cells' : 'rows in all its sheets';
    return overLimit(this.shared.subject, limit, `The workbook has ${count} ${what} or more`, {
      sheet: this.sheetName,
    });
  }
}

function grown<T extends Uint32Array | Uint16Array | Uint8Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
