/**
 * What exists under the filters given: values of each identity field, tenors, days and curves, with counts, as a picker
 * narrows down. Searches words; counting is the port's.
 */
import type { Caller } from '#lib/domain/access.ts';
import { IDENTITY_FIELDS, normalisedIdentityPart, type Series } from '#lib/domain/curve.ts';
import type { CurveFilter } from '#lib/ports/curve-queries.ts';
import { PRICE_TYPES, TENOR_TYPES } from '#schemas/curve-observation.ts';
import type {
  CurveDimension,
  DayDimension,
  DimensionsAnswer,
  DimensionsQuery,
  DimensionValue,
  TenorSpan,
} from '#schemas/dimensions.ts';
import { filterOf, type QueryPorts } from './query-curves.ts';
import { currentReleases, isOfVendor, newestKnown, releasesSeen } from './releases-in-view.ts';

export async function queryDimensions(
  query: DimensionsQuery,
  ports: QueryPorts,
  caller: Caller,
): Promise<DimensionsAnswer> {
  const all = await releasesSeen(ports.tables, caller);
  const as_known_at = query.as_known_at ?? newestKnown(all);
  const ofVendor = isOfVendor(query.vendor);
  const releases = currentReleases(all, as_known_at).filter(
    (release) => ofVendor(release) && (query.asof === undefined || release.asof_date === query.asof),
  );
  const filter: CurveFilter = filterOf(query);
  const { entitlements } = caller;
  const accept = search(query.q);
  const { curves, days } = await ports.queries.dimensions({ releases, entitlements, filter, accept });
  return answerOf(curves, days, as_known_at, query.limit);
}

/** All words, anywhere in what tells a curve apart, blanks and case aside. */
function search(q = ''): (curve: Series, vendor: string) => boolean {
  const words = normalisedIdentityPart(q).split(' ');
  return (curve, vendor) => {
    const parts = [...IDENTITY_FIELDS.map((field) => curve[field]), curve.units_raw, vendor, curve.curve_key];
    const text = parts.map(normalisedIdentityPart).join(' ');
    return words.every((word) => text.includes(word));
  };
}

function answerOf(
  curves: readonly CurveDimension[],
  days: readonly DayDimension[],
  as_known_at: string,
  limit: number,
): DimensionsAnswer {
  const lists = {
    ...valueLists(curves),
    tenors: spansOf(curves),
    asof: days.toReversed(),
    curves: curves.toSorted(byIdentity),
  };
  const entries = Object.entries(lists) as [string, readonly unknown[]][];
  const data = Object.fromEntries(entries.map(([name, list]) => [name, list.slice(0, limit)]));
  return {
    meta: {
      as_known_at,
      curves: curves.length,
      rows: curves.reduce((sum, { rows }) => sum + rows, 0),
      days: new Set(days.map(({ asof_date }) => asof_date)).size,
      cut: entries.filter(([, list]) => list.length > limit).map(([name]) => name),
    },
    data: data as typeof lists,
  };
}

function valueLists(curves: readonly CurveDimension[]) {
  return {
    vendor: valuesOf(curves, ({ vendor }) => vendor),
    asset_class: valuesOf(curves, ({ asset_class }) => asset_class),
    iso: valuesOf(curves, ({ iso }) => iso),
    region: valuesOf(curves, ({ region }) => region),
    location: valuesOf(curves, ({ location }) => location),
    market: valuesOf(curves, ({ market }) => market),
    product: valuesOf(curves, ({ product }) => product),
    block: valuesOf(curves, ({ block }) => block),
    spark_location: valuesOf(curves, ({ spark_location }) => spark_location),
    // Case counts: GBp and GBP differ by 100.
    units: valuesOf(
      curves,
      ({ units_raw }) => units_raw,
      (unit) => unit ?? '',
    ),
    price_type: PRICE_TYPES.flatMap((price_type): DimensionValue[] => {
      const sides = curves.flatMap(({ price_types }) =>
        price_types.filter((side) => side.price_type === price_type),
      );
      const rows = sides.reduce((sum, side) => sum + side.rows, 0);
      return sides.length === 0 ? [] : [{ value: price_type, curves: sides.length, rows }];
    }),
  };
}

/** Ascending; writings that a filter takes for the same are one entry, null comes last. */
function valuesOf(
  curves: readonly CurveDimension[],
  part: (curve: CurveDimension) => string | null,
  folded: (part: string | null) => string = normalisedIdentityPart,
): DimensionValue[] {
  const found = new Map<string, DimensionValue>();
  for (const curve of curves) {
    const name = folded(part(curve));
    const entry = found.get(name) ?? { value: part(curve), curves: 0, rows: 0 };
    found.set(name, { ...entry, curves: entry.curves + 1, rows: entry.rows + curve.rows });
  }
  return [...found.values()].sort((a, b) => compare(a.value, b.value));
}

function spansOf(curves: readonly CurveDimension[]): TenorSpan[] {
  return TENOR_TYPES.flatMap((tenor_type) => {
    const spans = curves.flatMap(({ tenors }) => tenors.filter((span) => span.tenor_type === tenor_type));
    if (spans.length === 0) return [];
    return [
      {
        tenor_type,
        first_month: spans.map(({ first_month }) => first_month).sort()[0]!,
        last_month: spans
          .map(({ last_month }) => last_month)
          .sort()
          .at(-1)!,
        rows: spans.reduce((sum, { rows }) => sum + rows, 0),
      },
    ];
  });
}

function compare(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -1 : 1;
}

function byIdentity(a: CurveDimension, b: CurveDimension): number {
  for (const field of [...IDENTITY_FIELDS, 'vendor'] as const) {
    const order = compare(a[field], b[field]);
    if (order !== 0) return order;
  }
  return compare(a.curve_key, b.curve_key);
}
