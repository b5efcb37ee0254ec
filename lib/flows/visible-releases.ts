/**
 * Which releases a caller is told of: those with a row that it may see, and how many such rows they have. Whoever has all
 * rights to a vendor is told of all its releases, and nothing is counted. Counting is the port's, and done once a release.
 */
import { type Caller, rightsTo } from '#lib/domain/access.ts';
import type { CurveQueries } from '#lib/ports/curve-queries.ts';
import type { CurveRelease } from '#schemas/lake.ts';

type Entitled = Pick<Caller, 'entitlements'>;
type Counted = Pick<CurveRelease, 'vendor' | 'version' | 'row_count'>;

/** By rights and version: a release never changes. Begun anew when there are many. */
const COUNTS = new WeakMap<CurveQueries, Map<string, number>>();
const MAX_COUNTS = 100_000;

/** @returns rows of each of the releases that the caller may see */
export async function visibleRows(
  releases: readonly CurveRelease[],
  queries: CurveQueries,
  { entitlements }: Entitled,
): Promise<(release: Counted) => number> {
  const known = COUNTS.get(queries) ?? new Map<string, number>();
  COUNTS.set(queries, known);
  if (known.size > MAX_COUNTS) known.clear();
  const rights = new Map<string, string>();
  const nameOf = ({ vendor, version }: Counted) => {
    const held = rights.get(vendor) ?? JSON.stringify(rightsTo({ entitlements }, vendor));
    rights.set(vendor, held);
    return `${held}|${version}`;
  };
  const open = releases.filter(
    (release) => !hasAll(release, { entitlements }) && !known.has(nameOf(release)),
  );
  for (const round of oneOfEachSlot(open)) {
    const { days } = await queries.dimensions({ releases: round, entitlements, filter: {} });
    for (const release of round) {
      const { vendor, asof_date } = release;
      const day = days.find((one) => one.vendor === vendor && one.asof_date === asof_date);
      known.set(nameOf(release), day?.rows ?? 0);
    }
  }
  return (release) =>
    hasAll(release, { entitlements }) ? release.row_count : (known.get(nameOf(release)) ?? 0);
}

/** Whether what is said of the whole workbook is for the caller. */
export const hasAll = ({ vendor }: Pick<CurveRelease, 'vendor'>, caller: Entitled): boolean =>
  rightsTo(caller, vendor) === 'all';

/** An inventory is of one release a vendor and day: versions of one day go one after the other. */
function oneOfEachSlot(releases: readonly CurveRelease[]): CurveRelease[][] {
  const rounds: CurveRelease[][] = [];
  const versions = new Map<string, number>();
  for (const release of releases) {
    const slot = `${release.vendor}|${release.asof_date}`;
    const round = versions.get(slot) ?? 0;
    versions.set(slot, round + 1);
    rounds[round] ??= [];
    rounds[round].push(release);
  }
  return rounds;
}

/** The same list for whoever sees all of it. */
export async function shownReleases(
  releases: readonly CurveRelease[],
  queries: CurveQueries,
  caller: Entitled,
): Promise<readonly CurveRelease[]> {
  if (releases.every((release) => hasAll(release, caller))) return releases;
  const rowsOf = await visibleRows(releases, queries, caller);
  return releases.filter((release) => hasAll(release, caller) || rowsOf(release) > 0);
}
