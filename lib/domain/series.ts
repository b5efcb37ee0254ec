/**
 * The dictionary of a workbook's curves: one entry and one hash per identity, however many columns and sheets quote it.
 */
import { curveKey, type Identity, normalisedIdentityPart, type Series, type Units } from './curve.ts';

export type ColumnSeries = Identity & Units;

export interface SeriesBook {
  readonly entries: Series[];
  readonly codeByWriting: Map<string, number>;
  readonly codeByKey: Map<string, number>;
}

export function openSeriesBook(): SeriesBook {
  return { entries: [], codeByWriting: new Map(), codeByKey: new Map() };
}

/**
 * Code of the curve, or the text of what contradicts: one curve cannot be quoted in two units. A unit found later fills
 * one not written before.
 */
export function seriesCode(book: SeriesBook, column: ColumnSeries): number | string {
  const writing = [
    column.asset_class,
    column.iso,
    column.region,
    column.location,
    column.market,
    column.product,
    column.block,
    column.spark_location,
    column.units_raw,
  ].join('\u001f');
  const known = book.codeByWriting.get(writing);
  if (known !== undefined) return known;
  const curve_key = curveKey(column);
  let code = book.codeByKey.get(curve_key);
  if (code === undefined) {
    code = book.entries.push({ ...column, curve_key }) - 1;
    book.codeByKey.set(curve_key, code);
  } else {
    const before = book.entries[code]!;
    const clash = before.units_raw !== null && column.units_raw !== null && !sameUnit(before, column);
    if (clash) return `the curve is quoted in ${before.units_raw} and in ${column.units_raw}`;
    if (before.units_raw === null && column.units_raw !== null) book.entries[code] = { ...column, curve_key };
  }
  book.codeByWriting.set(writing, code);
  return code;
}

const sameUnit = (one: Units, other: Units): boolean =>
  one.currency === other.currency &&
  one.per_unit === other.per_unit &&
  (one.currency !== null || one.units_raw === other.units_raw);

/** Location and product as the curve key compares them. */
export function placeAndProduct(location: string | null, product: string | null): string {
  return `${normalisedIdentityPart(location)}|${normalisedIdentityPart(product)}`;
}
