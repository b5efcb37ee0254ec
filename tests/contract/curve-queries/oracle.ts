/** Slices the obvious way: all rows of all releases in view, filtered, sorted, cut. The second opinion of the suite. */
import { normalisedIdentityPart } from '#lib/domain/curve.ts';
import type { CurveFilter, CurveSlice, RowPosition } from '#lib/ports/curve-queries.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';

export function slicedNaively(
  { releases, latest, filter, after, limit }: CurveSlice,
  rowsOf: (data_file: string) => readonly CurveObservation[],
): CurveObservation[] {
  const rows = releases.flatMap(({ data_file }) => rowsOf(data_file)).filter((row) => matches(row, filter));
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
