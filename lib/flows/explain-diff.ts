/**
 * The change of curves between two as-of days, or two versions, with what explains it. A curve is compared with itself by
 * the same vendor in the same unit; the parts are the domain's, the rows the port's.
 */
import type { Caller } from '#lib/domain/access.ts';
import type { Units } from '#lib/domain/curve.ts';
import { explainChange, type Quotation } from '#lib/domain/curve-diff.ts';
import { refusal } from '#lib/domain/errors.ts';
import type { CurveObservation, PriceType } from '#schemas/curve-observation.ts';
import type { CurveDiff, CurveDiffAnswer, CurveDiffQuery } from '#schemas/diff.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { makeListCursor, readListCursor } from './list-cursor.ts';
import { filterOf, type QueryPorts, questionOf, versionNotFound } from './query-curves.ts';
import { currentReleases, newestKnown, releaseMetaOf, releasesSeen } from './releases-in-view.ts';
import { releaseFinder } from './verify-log.ts';
import { shownReleases } from './visible-releases.ts';

/** Rows a side may have; curves are compared before they are paged. */
const MAX_SIDE_ROWS = 200_000;

export async function explainDiff(
  query: CurveDiffQuery,
  ports: QueryPorts,
  caller: Caller,
): Promise<CurveDiffAnswer> {
  const question = questionOf(query);
  const place = readListCursor(query.cursor, question);
  const all = await releasesSeen(ports.tables, caller);
  const as_known_at = place?.as_known_at ?? query.as_known_at ?? newestKnown(all);
  const asked = all.filter(({ version }) => version === query.from_version || version === query.to_version);
  const seen = await shownReleases(asked, ports.queries, caller);
  const hidden = new Set(asked.filter((release) => !seen.includes(release)));
  const [from, to] = sidesOf(
    query,
    hidden.size === 0 ? all : all.filter((one) => !hidden.has(one)),
    as_known_at,
  );
  const [before, after] = [
    await curvesOf(from, query, ports, caller),
    await curvesOf(to, query, ports, caller),
  ];
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const rest = place === undefined ? names : names.filter((name) => name > place.after);
  const page = rest.slice(0, query.limit);
  const last = rest.length > page.length ? page.at(-1) : undefined;
  const data = page.flatMap((name) =>
    diffsOf(name, [from, to], [before.get(name) ?? [], after.get(name) ?? []], query.price),
  );
  return {
    meta: {
      count: data.length,
      as_known_at,
      price: query.price,
      from: await sideMeta(from, ports, caller),
      to: await sideMeta(to, ports, caller),
      next_cursor: last === undefined ? null : makeListCursor({ question, as_known_at, after: last }),
    },
    data,
  };
}

async function sideMeta({ asof_date, releases }: Side, { queries }: QueryPorts, caller: Caller) {
  const shown = (await shownReleases(releases, queries, caller)).map(releaseMetaOf);
  return { asof_date: shown.length === 0 ? null : asof_date, releases: shown };
}

interface Side {
  readonly asof_date: string;
  readonly releases: readonly CurveRelease[];
}

function sidesOf(
  { from, to, from_version, to_version }: CurveDiffQuery,
  all: readonly CurveRelease[],
  as_known_at: string,
): readonly [Side, Side] {
  const remedy = 'Give two days (from, to) or two versions (from_version, to_version).';
  if (from !== undefined && to !== undefined && from_version === undefined && to_version === undefined) {
    const current = currentReleases(all, as_known_at);
    const day = (asof_date: string): Side => ({
      asof_date,
      releases: current.filter((release) => release.asof_date === asof_date),
    });
    return [day(from), day(to)];
  }
  if (from === undefined && to === undefined && from_version !== undefined && to_version !== undefined) {
    const version = (id: string, field: string): Side => {
      const release = all.find(({ version, known_at }) => version === id && known_at <= as_known_at);
      if (release === undefined) throw versionNotFound(id, field);
      return { asof_date: release.asof_date, releases: [release] };
    };
    const sides = [version(from_version, 'from_version'), version(to_version, 'to_version')] as const;
    requireOneVendor(sides);
    return sides;
  }
  const missing = from === undefined && to !== undefined ? 'from' : 'to';
  const given = from_version !== undefined || to_version !== undefined;
  const field = given ? (from_version === undefined ? 'from_version' : 'to_version') : missing;
  throw refusal('diff_sides_invalid', 'a difference needs two days or two versions', { field, remedy });
}

function requireOneVendor([from, to]: readonly [Side, Side]): void {
  if (from.releases[0]!.vendor === to.releases[0]!.vendor) return;
  throw refusal('diff_sides_invalid', 'the versions are of two vendors, whose curves are not compared', {
    field: 'to_version',
    remedy: 'Give two versions of one vendor.',
  });
}

/** Rows of each curve of each vendor, by `{curve_key}|{vendor}`. */
async function curvesOf(
  { releases }: Side,
  query: CurveDiffQuery,
  ports: QueryPorts,
  caller: Caller,
): Promise<ReadonlyMap<string, readonly CurveObservation[]>> {
  const filter = filterOf(query);
  const { entitlements } = caller;
  const limit = MAX_SIDE_ROWS + 1;
  const rows = await ports.queries.slice({ releases, latest: false, entitlements, filter, limit });
  if (rows.length > MAX_SIDE_ROWS) {
    throw refusal('query_too_broad', `the filters match more than ${MAX_SIDE_ROWS} rows of one day`, {
      remedy: 'Add an identity filter or a curve_key.',
    });
  }
  const releaseOf = releaseFinder(releases);
  const curves = new Map<string, CurveObservation[]>();
  for (const row of rows) {
    const { vendor } = releaseOf(row)!;
    const name = `${row.curve_key}|${vendor}`;
    const curve = curves.get(name);
    if (curve === undefined) curves.set(name, [row]);
    else curve.push(row);
  }
  return curves;
}

type Rows = readonly CurveObservation[];

const SIDES: Readonly<Record<string, PriceType>> = { mid: 'Mid', bid: 'Bid', ask: 'Ask' };

function quotationOf(
  asof_date: string,
  rows: readonly CurveObservation[],
  price: CurveDiffQuery['price'],
): Quotation {
  const points = rows.flatMap((row) => {
    const value = row[price];
    const { tenor_type, contract_month, tenor_label } = row;
    const price_type = SIDES[price] ?? row.price_type;
    return value === null ? [] : [{ tenor_type, contract_month, tenor_label, price_type, value }];
  });
  return { asof_date, points };
}

/** One comparison; two where the unit changed, since 4,700 pence are not 46 pounds more than 47. */
function diffsOf(
  name: string,
  [from, to]: readonly [Side, Side],
  [before, after]: readonly [Rows, Rows],
  price: CurveDiffQuery['price'],
): CurveDiff[] {
  const vendor = name.slice(name.indexOf('|') + 1);
  const diff = (a: readonly CurveObservation[], b: readonly CurveObservation[]): CurveDiff => {
    const described = (b[0] ?? a[0])!;
    const change = explainChange(quotationOf(from.asof_date, a, price), quotationOf(to.asof_date, b, price));
    return { ...describe(described, vendor), ...change };
  };
  const [a, b] = [before[0], after[0]];
  if (a === undefined || b === undefined || sameUnit(a, b)) return [diff(before, after)];
  return [diff(before, []), diff([], after)];
}

function sameUnit(a: Units, b: Units): boolean {
  const agree = (one: string | null, other: string | null) => one === null || other === null || one === other;
  return agree(a.currency, b.currency) && agree(a.per_unit, b.per_unit);
}

function describe(row: CurveObservation, vendor: string) {
  const { curve_key, asset_class, iso, region, location, market, product, block, spark_location } = row;
  const { units_raw, currency, per_unit } = row;
  const identity = { asset_class, iso, region, location, market, product, block, spark_location };
  return { curve_key, vendor, ...identity, units_raw, currency, per_unit };
}
