/**
 * Slices of released curves. The flow decides which releases are in view (as-of, as known at); the adapter finds rows in
 * their data files and nothing else.
 */
import type { CurveObservation, PriceType, TenorType } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';

/** Conditions on a row; all given ones must hold. Text compares as the curve key does: trimmed, blanks folded, any case. */
export interface CurveFilter {
  readonly asset_class?: string;
  readonly iso?: string;
  readonly region?: string;
  readonly location?: string;
  readonly market?: string;
  readonly product?: string;
  readonly block?: string;
  readonly spark_location?: string;
  readonly curve_key?: string;
  readonly tenor_type?: TenorType;
  readonly price_type?: PriceType;
  /** First delivery month, inclusive, `YYYY-MM-01`. */
  readonly contract_from?: string;
  readonly contract_to?: string;
}

/** Place of a row in the one order every slice has: as-of, curve, tenor type, contract month, label, workbook. */
export interface RowPosition {
  readonly asof_date: string;
  readonly curve_key: string;
  readonly tenor_type: TenorType;
  readonly contract_month: string;
  readonly tenor_label: string;
  /** Tells apart what two workbooks say of one place. */
  readonly source_file: string;
}

export interface CurveSlice {
  /** Releases in view; at most one per (vendor, asof). */
  readonly releases: readonly CurveRelease[];
  /**
   * With `latest`, of all rows of one curve and tenor only the one of the newest as-of day; else every row in view.
   */
  readonly latest: boolean;
  readonly filter: CurveFilter;
  readonly after?: RowPosition;
  readonly limit: number;
}

export interface CurveQueries {
  /** Up to `limit` rows after `after`, ordered by RowPosition. Rows are equal, bit for bit, to what was released. */
  slice(query: CurveSlice): Promise<readonly CurveObservation[]>;
}
