/**
 * What a vendor adapter is: cells of a workbook in; rows, failures and an account of every cell out.
 * One file in `lib/vendors/` is one adapter; the registry is generated from the folder.
 */
import type { CurveTable } from './curve.ts';
import type { Workbook } from './sheet.ts';
import type { SeasonRule } from './tenor.ts';

/** Why a cell yielded no row. One failure per bad cell; a failure is a value, never thrown. */
export interface CellFailure {
  readonly sheet: string;
  /** `H42` */
  readonly cell: string;
  /** Stable, lower snake case: `unreadable_price`, `unknown_tenor`, `duplicate_key` ... */
  readonly code: string;
  readonly message: string;
  /** What the cell shows. */
  readonly raw: string;
}

/** What each cell of a sheet was taken for. */
export const CellRole = { header: 1, label: 2, tenor: 3, price: 4, failed: 5, ignored: 6 } as const;
export type CellRoleCode = (typeof CellRole)[keyof typeof CellRole];
export const CELL_ROLE_NAMES = [
  'unaccounted',
  'header',
  'label',
  'tenor',
  'price',
  'failed',
  'ignored',
] as const;

/**
 * The account of one sheet: `roles[i]` belongs to cell i of the sheet's arrays (`Sheet.kinds[i]`). An ignored cell has
 * its reason in `ignored`, e.g. `regional copy, equal to Fixed Prices - Mid`, with the number of cells it covers.
 */
export interface SheetCoverage {
  readonly sheet: string;
  readonly roles: Uint8Array;
  /** Reason -> number of cells ignored for it. */
  readonly ignored: Readonly<Record<string, number>>;
  /** Cells with a price that are neither a row nor a failure nor ignored for a stated reason: must be 0. */
  readonly unaccounted_prices: number;
}

export interface ParsedWorkbook {
  readonly table: CurveTable;
  readonly failures: readonly CellFailure[];
  readonly coverage: readonly SheetCoverage[];
  /** Facts a person should know that are no failure: `units unknown for 203 curves`, `11 columns more than ...`. */
  readonly notes: readonly string[];
}

export interface LayoutFit {
  readonly vendor: string;
  readonly fits: boolean;
  /** What was found and what is missing, one sentence each. */
  readonly reasons: readonly string[];
}

export interface ParseContext {
  readonly source_file: string;
  readonly asof_date: string;
  readonly workbook_sha256: string;
}

export interface VendorAdapter {
  /** Lower case, as in the release slot: `pw`, `eugp`, `rp`. */
  readonly vendor: string;
  readonly title: string;
  /** Which months the vendor's seasons cover. */
  readonly seasons: SeasonRule;
  /** Whether this layout fits, from sheets and labels alone, never from the file's name. */
  fit(workbook: Workbook): LayoutFit;
  /**
   * @throws AurumError (refused) when the workbook as a whole cannot be read: a required sheet or header row missing.
   *   A bad cell is a failure in the result.
   */
  parse(workbook: Workbook, context: ParseContext): ParsedWorkbook;
  /**
   * Gas used per unit of power in the vendor's spark spreads, `spark = power - heat_rate x gas`, by region.
   * Undefined when the vendor quotes no sparks.
   */
  readonly heatRates?: Readonly<Record<string, number>>;
}
