/**
 * Slices of released curves. The flow decides which releases are in view (as-of, as known at); the adapter finds rows in
 * their data files that the caller is entitled to, and nothing else.
 */
import type { Caller } from '#lib/domain/access.ts';
import type { CurveBatch, Series } from '#lib/domain/curve.ts';
import type { CurveObservation, PriceType, TenorType } from '#schemas/curve-observation.ts';
import type { CurveDimension, DayDimension } from '#schemas/dimensions.ts';
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
  /** Rows of other curves are as if they had never been released: they neither show nor hide an older day. */
  readonly entitlements: Caller['entitlements'];
  readonly filter: CurveFilter;
  readonly after?: RowPosition;
  readonly limit: number;
}

/** What exists in the releases, asked for as a whole. */
export interface InventoryQuery {
  /** At most one per (vendor, asof). */
  readonly releases: readonly CurveRelease[];
  readonly entitlements: Caller['entitlements'];
  /** A curve with no matching row does not exist; counts are of matching rows. */
  readonly filter: CurveFilter;
  /** A choice among curves that no filter can say: words to search for. */
  readonly accept?: (curve: Series, vendor: string) => boolean;
}

export interface CurveInventory {
  /** Ascending by key, then vendor: one entry a curve and vendor. Identity and unit as one of the releases writes them. */
  readonly curves: readonly CurveDimension[];
  /** Ascending by day, then vendor; days with no accepted row are left out. */
  readonly days: readonly DayDimension[];
}

export interface CurveQueries {
  /** Up to `limit` rows after `after`, ordered by RowPosition. Rows are equal, bit for bit, to what was released. */
  slice(query: CurveSlice): Promise<readonly CurveObservation[]>;
  /**
   * The same rows in the same order, columnar and a few thousand at a time, for answers that memory must not hold. An
   * adapter that reads row by row leaves it out; `curveBatches` then pages through slices.
   */
  batches?(query: CurveSlice): AsyncIterable<CurveBatch>;
  /** Counts and spans, from dictionaries where the adapter has them: no price is read. */
  dimensions(query: InventoryQuery): Promise<CurveInventory>;
}
