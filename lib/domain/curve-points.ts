/**
 * Collects the points of a workbook, one row per curve and tenor whatever sheets its sides come from, and turns them into
 * the columnar table. Knows codes and cells, nothing of layouts. A point quoted twice with another price is struck out.
 */
import type { CurveTable, Series, SheetVersion, Tenor } from './curve.ts';

/** Where a price stands; `sheet` is the code of the sheet in the table. */
export interface CellPlace {
  readonly sheet: number;
  readonly row: number;
  readonly column: number;
}

export type Addition = 'added' | 'equal' | 'conflict';

export const MID = 0;
const BID = 1;
const ASK = 2;
/** Up to here the index of (curve, tenor) is one dense array, 16 MB; beyond, cells are few for their codes. */
const DENSE_PAIRS = 4_000_000;

interface PairIndex {
  readonly get: (series: number, tenor: number) => number;
  readonly set: (series: number, tenor: number, row: number) => void;
}

function pairIndex(seriesCount: number, tenorCount: number): PairIndex {
  if (seriesCount * tenorCount <= DENSE_PAIRS) {
    const rows = new Int32Array(seriesCount * tenorCount);
    return {
      get: (series, tenor) => rows[series * tenorCount + tenor]! - 1,
      set: (series, tenor, row) => {
        rows[series * tenorCount + tenor] = row + 1;
      },
    };
  }
  const rows = new Map<number, number>();
  return {
    get: (series, tenor) => rows.get(series * tenorCount + tenor) ?? -1,
    set: (series, tenor, row) => {
      rows.set(series * tenorCount + tenor, row);
    },
  };
}

export class CurvePoints {
  length = 0;
  readonly #rowOf: PairIndex;
  readonly #struck: Uint8Array;
  readonly #columns;

  /** @param capacity upper bound of the rows: no array grows while cells are read. */
  constructor(seriesCount: number, tenorCount: number, capacity: number) {
    this.#rowOf = pairIndex(seriesCount, tenorCount);
    this.#struck = new Uint8Array(capacity);
    this.#columns = {
      seriesCode: new Uint32Array(capacity),
      tenorCode: new Uint32Array(capacity),
      sheetCode: new Uint16Array(capacity),
      priceType: new Uint8Array(capacity),
      value: new Float64Array(capacity),
      bid: new Float64Array(capacity),
      ask: new Float64Array(capacity),
      mid: new Float64Array(capacity),
      cellRow: new Uint32Array(capacity),
      cellColumn: new Uint16Array(capacity),
      bidAskSheetCode: new Uint16Array(capacity),
      bidAskRow: new Uint32Array(capacity),
      bidAskColumn: new Uint16Array(capacity),
    };
  }

  /** Mids come before any bid/ask, so a point that is there has a mid. */
  addMid(series: number, tenor: number, sheet: number, row: number, column: number, price: number): Addition {
    const at = this.#rowOf.get(series, tenor);
    if (at < 0) {
      this.#append(series, tenor, sheet, row, column, MID, price, price);
      return 'added';
    }
    return this.#struck[at] === 0 && this.#columns.mid[at] === price ? 'equal' : this.#strike(at);
  }

  /** `bid` or `ask` is NaN for a side that is not quoted; not both. */
  addBidAsk(
    series: number,
    tenor: number,
    sheet: number,
    row: number,
    column: number,
    bid: number,
    ask: number,
  ): Addition {
    const columns = this.#columns;
    let at = this.#rowOf.get(series, tenor);
    if (at >= 0 && columns.bidAskRow[at] !== 0) {
      const equal = Object.is(columns.bid[at], bid) && Object.is(columns.ask[at], ask);
      return this.#struck[at] === 0 && equal ? 'equal' : this.#strike(at);
    }
    if (at >= 0 && this.#struck[at] !== 0) return 'conflict';
    if (at < 0) {
      const type = Number.isNaN(bid) ? ASK : Number.isNaN(ask) ? BID : MID;
      const mid = (bid + ask) / 2;
      const value = type === MID ? mid : type === BID ? bid : ask;
      at = this.#append(series, tenor, sheet, row, column, type, value, mid);
    }
    columns.bid[at] = bid;
    columns.ask[at] = ask;
    columns.bidAskSheetCode[at] = sheet;
    columns.bidAskRow[at] = row;
    columns.bidAskColumn[at] = column;
    return 'added';
  }

  /** The mid of a point, NaN when there is none. */
  midAt(series: number, tenor: number): number {
    const at = this.#rowOf.get(series, tenor);
    return at < 0 || this.#struck[at] !== 0 ? Number.NaN : this.#columns.mid[at]!;
  }

  /** The cells a point was read from: of its mid (or only side), and of its bid/ask where that is another one. */
  cellsOf(series: number, tenor: number): CellPlace[] {
    const at = this.#rowOf.get(series, tenor);
    if (at < 0) return [];
    const c = this.#columns;
    const first = { sheet: c.sheetCode[at]!, row: c.cellRow[at]!, column: c.cellColumn[at]! };
    const second = { sheet: c.bidAskSheetCode[at]!, row: c.bidAskRow[at]!, column: c.bidAskColumn[at]! };
    const same = second.sheet === first.sheet && second.row === first.row && second.column === first.column;
    return second.row === 0 || same ? [first] : [first, second];
  }

  #strike(at: number): Addition {
    this.#struck[at] = 1;
    return 'conflict';
  }

  #append(
    series: number,
    tenor: number,
    sheet: number,
    row: number,
    column: number,
    type: number,
    value: number,
    mid: number,
  ): number {
    const columns = this.#columns;
    const at = this.length++;
    columns.seriesCode[at] = series;
    columns.tenorCode[at] = tenor;
    columns.sheetCode[at] = sheet;
    columns.priceType[at] = type;
    columns.value[at] = value;
    columns.mid[at] = mid;
    columns.bid[at] = Number.NaN;
    columns.ask[at] = Number.NaN;
    columns.cellRow[at] = row;
    columns.cellColumn[at] = column;
    this.#rowOf.set(series, tenor, at);
    return at;
  }

  /** The table of all points not struck out, its dictionaries reduced to what they use. */
  table(
    head: Pick<CurveTable, 'asof_date' | 'source_file'>,
    dictionaries: { series: readonly Series[]; tenors: readonly Tenor[]; sheets: readonly SheetVersion[] },
  ): CurveTable {
    let kept = 0;
    const order = new Uint32Array(this.length);
    for (let at = 0; at < this.length; at++) if (this.#struck[at] === 0) order[kept++] = at;
    const pick = <A extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(column: A): A => {
      if (kept === this.length) return column.slice(0, kept) as A;
      const picked = column.slice(0, kept) as A;
      for (let at = 0; at < kept; at++) picked[at] = column[order[at]!]!;
      return picked;
    };
    const c = this.#columns;
    const seriesCode = pick(c.seriesCode);
    const tenorCode = pick(c.tenorCode);
    return {
      ...head,
      length: kept,
      series: usedEntries(dictionaries.series, seriesCode),
      tenors: usedEntries(dictionaries.tenors, tenorCode),
      sheets: dictionaries.sheets,
      seriesCode,
      tenorCode,
      sheetCode: pick(c.sheetCode),
      priceType: pick(c.priceType),
      value: pick(c.value),
      bid: pick(c.bid),
      ask: pick(c.ask),
      mid: pick(c.mid),
      cellRow: pick(c.cellRow),
      cellColumn: pick(c.cellColumn),
      bidAskSheetCode: pick(c.bidAskSheetCode),
      bidAskRow: pick(c.bidAskRow),
      bidAskColumn: pick(c.bidAskColumn),
    };
  }
}

/** Entries that codes point to, in their order; the codes are rewritten in place. */
function usedEntries<T>(entries: readonly T[], codes: Uint32Array): T[] {
  const renumbered = new Int32Array(entries.length).fill(-1);
  for (const code of codes) renumbered[code] = 0;
  const used = entries.filter((_, code) => renumbered[code] === 0);
  if (used.length === entries.length) return used;
  let next = 0;
  for (let code = 0; code < renumbered.length; code++) if (renumbered[code] === 0) renumbered[code] = next++;
  for (let at = 0; at < codes.length; at++) codes[at] = renumbered[codes[at]!]!;
  return used;
}
