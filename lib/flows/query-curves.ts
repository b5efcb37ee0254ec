/**
 * A question about released curves -> one page of rows. Decides which releases are in view, keeps a cursor to its own
 * question and to the state it began with; finding rows is the port's.
 */
import { hash } from 'node:crypto';
import type { Caller } from '#lib/domain/access.ts';
import { IDENTITY_FIELDS } from '#lib/domain/curve.ts';
import { type AurumError, refusal } from '#lib/domain/errors.ts';
import type { CurveFilter, CurveQueries, CurveSlice, RowPosition } from '#lib/ports/curve-queries.ts';
import type { Tables } from '#lib/ports/tables.ts';
import { type CurveObservation, curveObservation } from '#schemas/curve-observation.ts';
import { type CurveQuery, DEFAULT_PAGE_SIZE } from '#schemas/curve-query.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { makeListCursor, readListCursor } from './list-cursor.ts';
import {
  currentReleases,
  isOfVendor,
  newestKnown,
  type ReleaseMeta,
  releaseMetaOf,
  releasesSeen,
} from './releases-in-view.ts';
import { shownReleases } from './visible-releases.ts';

export interface QueryPorts {
  readonly tables: Tables;
  readonly queries: CurveQueries;
}

/** Which releases a question sees, and where its page begins. */
export interface ViewRequest {
  readonly vendor?: string | undefined;
  readonly asof?: string | undefined;
  readonly as_known_at?: string | undefined;
  readonly version?: string | undefined;
  readonly cursor?: string | undefined;
}

export interface View {
  readonly releases: readonly CurveRelease[];
  readonly latest: boolean;
  /** The instant the view is fixed at, so that later pages see what the first one saw. */
  readonly as_known_at: string;
  readonly after?: RowPosition;
}

export interface Page<Row> {
  readonly meta: {
    readonly count: number;
    /** `latest`, the as-of day of the rows, or null where there are none. */
    readonly asof: string | null;
    readonly as_known_at: string;
    readonly next_cursor: string | null;
    readonly releases: readonly ReleaseMeta[];
  };
  readonly data: readonly Row[];
}

const PRICE_FIELDS = ['value', 'bid', 'ask', 'mid'] as const;

/** What a flow that shows curves asks of its caller. */
export type Reader = Pick<Caller, 'entitlements'>;

export async function queryCurves(
  query: CurveQuery,
  ports: QueryPorts,
  caller: Reader,
): Promise<Page<Partial<CurveObservation>>> {
  const { limit = DEFAULT_PAGE_SIZE } = query;
  const question = questionOf(query);
  const view = await viewOf(query, question, ports, caller);
  const slice: CurveSlice = {
    releases: view.releases,
    latest: view.latest,
    entitlements: caller.entitlements,
    filter: filterOf(query),
    ...(view.after === undefined ? {} : { after: view.after }),
    limit: limit + 1,
  };
  const rows = await ports.queries.slice(slice);
  const dropped = droppedFields(query);
  const shown = await shownView(view, rows, ports, caller);
  const page = pageOf(rows, limit, question, shown, (row) => row);
  return { meta: page.meta, data: page.data.map((row) => without(row, dropped)) };
}

/** Price fields that were not asked for. */
export function droppedFields({ prices }: Pick<CurveQuery, 'prices'>): readonly (keyof CurveObservation)[] {
  return prices === undefined ? [] : PRICE_FIELDS.filter((field) => !prices.includes(field));
}

function without(
  row: CurveObservation,
  fields: readonly (keyof CurveObservation)[],
): Partial<CurveObservation> {
  if (fields.length === 0) return row;
  return Object.fromEntries(
    Object.entries(row).filter(([name]) => !fields.includes(name as keyof CurveObservation)),
  );
}

const FILTER_FIELDS = [
  ...IDENTITY_FIELDS,
  'curve_key',
  'tenor_type',
  'price_type',
  'contract_from',
  'contract_to',
] as const satisfies readonly (keyof CurveFilter)[];

/** The conditions on a row among the fields of a question. */
export function filterOf(query: Readonly<Record<string, unknown>>): CurveFilter {
  return Object.fromEntries(
    FILTER_FIELDS.flatMap((field) => (query[field] === undefined ? [] : [[field, query[field]]])),
  );
}

/**
 * Releases the question sees now, or saw when its cursor was made; those of vendors that are not the caller's are not there,
 * nor is a version asked for that has no row for the caller.
 */
export async function viewOf(
  request: ViewRequest,
  question: string,
  { tables, queries }: QueryPorts,
  caller: Reader,
): Promise<View> {
  const cursor = readListCursor(request.cursor, question, rowPosition);
  const all = await releasesSeen(tables, caller);
  const as_known_at = cursor?.as_known_at ?? request.as_known_at ?? newestKnown(all);
  const after = cursor === undefined ? {} : { after: cursor.after };
  const ofVendor = isOfVendor(request.vendor);
  if (request.version !== undefined) {
    if (request.asof !== undefined) {
      const remedy = 'Leave one of them out: a version belongs to one as-of day.';
      throw refusal('parameters_exclude', '"version" and "asof" cannot both be given', {
        field: 'version',
        remedy,
      });
    }
    const named = all.filter(
      ({ version, known_at }) => version === request.version && known_at <= as_known_at,
    );
    const releases = await shownReleases(named, queries, caller);
    if (releases.length === 0) throw versionNotFound(request.version);
    return { releases: releases.filter(ofVendor), latest: false, as_known_at, ...after };
  }
  const current = currentReleases(all, as_known_at);
  const latest = request.asof === undefined || request.asof === 'latest';
  const releases = current.filter(
    (release) => ofVendor(release) && (latest || release.asof_date === request.asof),
  );
  return { releases, latest, as_known_at, ...after };
}

/** The view as the answer names it: releases of its days, but for those without a row for the caller. */
export async function shownView(
  view: View,
  rows: readonly Pick<RowPosition, 'asof_date'>[],
  { queries }: QueryPorts,
  caller: Reader,
): Promise<View> {
  const days = new Set(rows.map(({ asof_date }) => asof_date));
  const named = view.releases.filter(({ asof_date }) => !view.latest || days.has(asof_date));
  return { ...view, releases: await shownReleases(named, queries, caller) };
}

export function versionNotFound(version: string, field = 'version'): AurumError {
  return refusal('version_not_found', `there is no released version ${version}, or it was not known yet`, {
    field,
    remedy: 'GET /v1/releases lists the versions there are.',
  });
}

/** One page out of `limit + 1` rows, with the cursor of the next one. */
export function pageOf<Row extends RowPosition>(
  rows: readonly Row[],
  limit: number,
  question: string,
  view: View,
  position: (row: Row) => RowPosition,
): Page<Row> {
  const data = rows.slice(0, limit);
  const last = rows.length > limit ? data.at(-1) : undefined;
  const asofs = [...new Set(data.map(({ asof_date }) => asof_date))];
  const cursor =
    last && makeListCursor({ question, as_known_at: view.as_known_at, after: positionOf(position(last)) });
  return {
    meta: {
      count: data.length,
      asof: view.latest ? 'latest' : (asofs[0] ?? null),
      as_known_at: view.as_known_at,
      next_cursor: cursor ?? null,
      releases: view.releases
        .filter(({ asof_date }) => !view.latest || asofs.includes(asof_date))
        .map(releaseMetaOf),
    },
    data,
  };
}

/** What rows are ordered by. */
const rowPosition = curveObservation.pick({
  asof_date: true,
  curve_key: true,
  tenor_type: true,
  contract_month: true,
  tenor_label: true,
  source_file: true,
});

function positionOf(row: RowPosition): RowPosition {
  const { asof_date, curve_key, tenor_type, contract_month, tenor_label, source_file } = row;
  return { asof_date, curve_key, tenor_type, contract_month, tenor_label, source_file };
}

/** Digest of everything asked but the page: a cursor belongs to one question. */
export function questionOf(query: Readonly<Record<string, unknown>>): string {
  const { cursor: _cursor, limit: _limit, ...asked } = query;
  const parts = Object.entries(asked).filter(([, value]) => value !== undefined);
  return hash('sha256', JSON.stringify(parts.sort(([a], [b]) => (a < b ? -1 : 1))), 'hex');
}
