/** Adds up what exists: spans of tenors, sides and days of each curve of a vendor. Knows neither files nor SQL. */
import type { Series } from '#lib/domain/curve.ts';
import { compareText } from '#lib/parquet/order.ts';
import type { CurveInventory } from '#lib/ports/curve-queries.ts';
import { PRICE_TYPES, TENOR_TYPES } from '#schemas/curve-observation.ts';
import type { DayDimension, TenorSpan } from '#schemas/dimensions.ts';

/** One curve of one vendor so far. */
export interface CurveTally {
  readonly series: Series;
  readonly vendor: string;
  readonly spans: Map<string, TenorSpan>;
  /** By index into PRICE_TYPES. */
  readonly sides: [number, number, number];
  first_asof: string;
  last_asof: string;
  days: number;
  rows: number;
}

export interface InventoryTally {
  /** The curve's tally, begun when it is new. */
  curve(series: Series, vendor: string): CurveTally;
  known(curve_key: string, vendor: string): CurveTally | undefined;
  addDay(curve: CurveTally, asof_date: string, rows: number): void;
  result(): CurveInventory;
}

export function inventoryTally(): InventoryTally {
  const vendors = new Map<string, Map<string, CurveTally>>();
  const days = new Map<string, Map<string, { curves: number; rows: number }>>();
  const known = (curve_key: string, vendor: string) => vendors.get(vendor)?.get(curve_key);
  return {
    known,
    curve(series, vendor) {
      const found = known(series.curve_key, vendor);
      if (found !== undefined) return found;
      const begun = emptyTally(series, vendor);
      if (!vendors.has(vendor)) vendors.set(vendor, new Map());
      vendors.get(vendor)!.set(series.curve_key, begun);
      return begun;
    },
    addDay(curve, asof_date, rows) {
      if (curve.days === 0 || asof_date < curve.first_asof) curve.first_asof = asof_date;
      if (asof_date > curve.last_asof) curve.last_asof = asof_date;
      curve.days += 1;
      curve.rows += rows;
      if (!days.has(curve.vendor)) days.set(curve.vendor, new Map());
      const ofVendor = days.get(curve.vendor)!;
      const day = ofVendor.get(asof_date);
      if (day === undefined) ofVendor.set(asof_date, { curves: 1, rows });
      else {
        day.curves += 1;
        day.rows += rows;
      }
    },
    result: () => ({
      curves: [...vendors.values()].flatMap((curves) => [...curves.values()].map(dimensionOf)).sort(byCurve),
      days: [...days]
        .flatMap(([vendor, found]) =>
          [...found].map(
            ([asof_date, { curves, rows }]): DayDimension => ({ vendor, asof_date, curves, rows }),
          ),
        )
        .sort((a, b) => compareText(a.asof_date, b.asof_date) || compareText(a.vendor, b.vendor)),
    }),
  };
}

const emptyTally = (series: Series, vendor: string): CurveTally => ({
  series,
  vendor,
  spans: new Map(),
  sides: [0, 0, 0],
  first_asof: '',
  last_asof: '',
  days: 0,
  rows: 0,
});

export function addSpan(spans: Map<string, TenorSpan>, span: TenorSpan): void {
  const held = spans.get(span.tenor_type);
  if (held === undefined) {
    spans.set(span.tenor_type, { ...span });
    return;
  }
  held.rows += span.rows;
  if (span.first_month < held.first_month) held.first_month = span.first_month;
  if (span.last_month > held.last_month) held.last_month = span.last_month;
}

function dimensionOf({ series, vendor, spans, sides, first_asof, last_asof, days, rows }: CurveTally) {
  const { curve_key, asset_class, iso, region, location, market, product, block, spark_location } = series;
  const { units_raw, currency, per_unit } = series;
  return {
    ...{ curve_key, vendor, asset_class, iso, region, location, market, product, block, spark_location },
    ...{ units_raw, currency, per_unit },
    price_types: PRICE_TYPES.flatMap((price_type, at) =>
      sides[at] === 0 ? [] : [{ price_type, rows: sides[at]! }],
    ),
    tenors: TENOR_TYPES.flatMap((type) => spans.get(type) ?? []),
    first_asof,
    last_asof,
    days,
    rows,
  };
}

const byCurve = (a: { curve_key: string; vendor: string }, b: { curve_key: string; vendor: string }) =>
  compareText(a.curve_key, b.curve_key) || compareText(a.vendor, b.vendor);
