/** Slices the obvious way: all rows of all releases in view, filtered, sorted, cut. The second opinion of the suite. */
import { IDENTITY_FIELDS, normalisedIdentityPart } from '#lib/domain/curve.ts';
import type { CurveFilter, CurveSlice, InventoryQuery, RowPosition } from '#lib/ports/curve-queries.ts';
import { type CurveObservation, PRICE_TYPES, TENOR_TYPES } from '#schemas/curve-observation.ts';

export function slicedNaively(
  { releases, latest, entitlements, filter, after, limit }: CurveSlice,
  rowsOf: (data_file: string) => readonly CurveObservation[],
): CurveObservation[] {
  const rows = releases
    .flatMap(({ data_file, vendor }) => rowsOf(data_file).filter((row) => isSold(row, vendor, entitlements)))
    .filter((row) => matches(row, filter));
  const newest = new Map<string, string>();
  for (const row of rows) {
    const asof = newest.get(curveAndTenor(row));
    if (asof === undefined || row.asof_date > asof) newest.set(curveAndTenor(row), row.asof_date);
  }
  return rows
    .filter((row) => !latest || newest.get(curveAndTenor(row)) === row.asof_date)
    .sort(comparePositions)
    .filter((row) => after === undefined || comparePositions(row, after) > 0)
    .slice(0, limit);
}

/** Word for word what an entitlement says: each part given must be the row's own. */
function isSold(
  { asset_class, region }: CurveObservation,
  vendor: string,
  entitlements: CurveSlice['entitlements'],
): boolean {
  if (entitlements === 'all') return true;
  const own = [vendor, asset_class, region].map(normalisedIdentityPart);
  return entitlements.some((sold) =>
    [sold.vendor, sold.asset_class, sold.region].every(
      (part, at) => part === null || normalisedIdentityPart(part) === own[at],
    ),
  );
}

function matches(row: CurveObservation, filter: CurveFilter): boolean {
  const { contract_from = '0000', contract_to = '9999', ...equal } = filter;
  return (
    row.contract_month >= contract_from &&
    row.contract_month <= contract_to &&
    Object.entries(equal).every(
      ([name, wanted]) =>
        normalisedIdentityPart(row[name as keyof typeof equal]) === normalisedIdentityPart(wanted ?? null),
    )
  );
}

function curveAndTenor(row: CurveObservation): string {
  return [row.curve_key, row.tenor_type, row.contract_month, row.tenor_label].join('|');
}

const FIELDS = [
  'asof_date',
  'curve_key',
  'tenor_type',
  'contract_month',
  'tenor_label',
  'source_file',
] as const;

/** Where one side has no source file, the two are not told apart by it. */
export function comparePositions(a: RowPosition, b: RowPosition): number {
  for (const field of FIELDS) {
    const [left, right] = [a[field], b[field]];
    if (left !== undefined && right !== undefined && left !== right) {
      return Buffer.compare(Buffer.from(left), Buffer.from(right));
    }
  }
  return 0;
}

/** Counts the obvious way: all matching rows of all releases, one after another. */
export function inventoriedNaively(
  { releases, entitlements, filter, accept = () => true }: InventoryQuery,
  rowsOf: (data_file: string) => readonly CurveObservation[],
): { readonly curves: unknown[]; readonly days: unknown[] } {
  const rows = releases.flatMap(({ data_file, vendor }) =>
    rowsOf(data_file)
      .filter((row) => isSold(row, vendor, entitlements) && matches(row, filter) && accept(row, vendor))
      .map((row) => ({ ...row, vendor })),
  );
  const by = (name: (row: (typeof rows)[number]) => string) => {
    const groups = [...Map.groupBy(rows, name)].sort(([a], [b]) => (a < b ? -1 : 1));
    return groups.map(([, group]) => group);
  };
  const sorted = (texts: readonly string[]) => [...new Set(texts)].sort();
  const curves = by(({ curve_key, vendor }) => `${curve_key} ${vendor}`).map((group) => {
    const days = sorted(group.map(({ asof_date }) => asof_date));
    const tenors = TENOR_TYPES.flatMap((tenor_type) => {
      const found = group.filter((row) => row.tenor_type === tenor_type);
      const months = sorted(found.map(({ contract_month }) => contract_month));
      const [first_month, last_month] = [months[0], months.at(-1)];
      return found.length === 0 ? [] : [{ tenor_type, first_month, last_month, rows: found.length }];
    });
    const price_types = PRICE_TYPES.flatMap((price_type) => {
      const { length } = group.filter((row) => row.price_type === price_type);
      return length === 0 ? [] : [{ price_type, rows: length }];
    });
    const [first_asof, last_asof] = [days[0], days.at(-1)];
    return {
      ...Object.fromEntries(SERIES_FIELDS.map((field) => [field, group[0]![field]])),
      ...{ price_types, tenors, first_asof, last_asof, days: days.length, rows: group.length },
    };
  });
  const days = by(({ asof_date, vendor }) => `${asof_date} ${vendor}`).map((group) => ({
    vendor: group[0]!.vendor,
    asof_date: group[0]!.asof_date,
    curves: new Set(group.map(({ curve_key }) => curve_key)).size,
    rows: group.length,
  }));
  return { curves, days };
}

const SERIES_FIELDS = [
  'curve_key',
  'vendor',
  ...IDENTITY_FIELDS,
  'units_raw',
  'currency',
  'per_unit',
] as const;
