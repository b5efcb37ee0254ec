/**
 * A worksheet to be written: values with the kind of style they carry, and where the panes freeze.
 * Knows nothing of xlsx; how a kind looks is the writer's. For reading, `Sheet` is the type.
 */

/** `date`: a day, as a 1900-system serial. `month`: likewise, shown as month and year. `price`: three decimals shown. */
export type CellStyle = 'date' | 'month' | 'price' | 'text' | 'header';

export interface CellModel {
  /** 1-based. */
  readonly column: number;
  /** The empty string is a cell with an empty text, not an absent cell. */
  readonly value: number | string;
  readonly style: CellStyle;
}

export interface RowModel {
  /** 1-based. */
  readonly row: number;
  /** Ascending by column. */
  readonly cells: readonly CellModel[];
}

export interface SheetModel {
  readonly name: string;
  /** Rows and columns that stay in view when scrolling. */
  readonly frozen: { readonly rows: number; readonly columns: number };
  /** Ascending by row; a row without cells may be left out. */
  readonly rows: readonly RowModel[];
}
