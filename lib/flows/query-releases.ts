/** What was released when, and what stands behind one release: its counts, its gate's checks and warnings. */
import type { Caller } from '#lib/domain/access.ts';
import { atMost } from '#lib/domain/turns.ts';
import type { CurveQueries } from '#lib/ports/curve-queries.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import type {
  ReleaseListAnswer,
  ReleaseListQuery,
  ReleaseShowAnswer,
  ReleaseSummary,
} from '#schemas/releases.ts';
import type { GateResult } from '#schemas/stages.ts';
import { checksOf, gateResultOf, gateSummaryOf, warningsOf } from './gate-warnings.ts';
import { makeListCursor, readListCursor } from './list-cursor.ts';
import { questionOf, versionNotFound } from './query-curves.ts';
import { releasedRecord } from './release-curves.ts';
import {
  currentReleases,
  isOfVendor,
  newestKnown,
  releaseMetaOf,
  releasesSeen,
  supersededBy,
} from './releases-in-view.ts';
import { hasAll, shownReleases, visibleRows } from './visible-releases.ts';

export interface ReleasesPorts {
  readonly tables: Tables;
  readonly objects: ObjectStore;
}

export interface ReleaseListPorts extends ReleasesPorts {
  readonly queries: CurveQueries;
}

/** Gate results read at the same time. */
const READS_AT_ONCE = 8;

/**
 * Newest first. A tenant is told of those with rows that it may see, and of these rows alone: what the gate says of the
 * whole workbook is for who may see the whole of it.
 */
export async function listReleases(
  query: ReleaseListQuery,
  ports: ReleaseListPorts,
  caller: Caller,
): Promise<ReleaseListAnswer> {
  const question = questionOf(query);
  const place = readListCursor(query.cursor, question);
  const all = await releasesSeen(ports.tables, caller);
  const shown = await shownReleases(all, ports.queries, caller);
  const as_known_at = place?.as_known_at ?? query.as_known_at ?? newestKnown(shown);
  const known = all.filter((release) => release.known_at <= as_known_at);
  const current = new Set(currentReleases(known).map(({ version }) => version));
  const rowsOf = await visibleRows(shown, ports.queries, caller);
  const ofVendor = isOfVendor(query.vendor);
  const found = shown
    .filter(
      (release) =>
        release.known_at <= as_known_at &&
        ofVendor(release) &&
        (query.asof === undefined || release.asof_date === query.asof) &&
        (query.current === undefined || current.has(release.version) === query.current),
    )
    .sort((a, b) => (orderOf(a) < orderOf(b) ? 1 : -1));
  const rest = place === undefined ? found : found.filter((release) => orderOf(release) < place.after);
  const page = rest.slice(0, query.limit);
  const last = rest.length > page.length ? page.at(-1) : undefined;
  const inTurn = atMost(READS_AT_ONCE);
  const data = await Promise.all(
    page.map(async (release) => {
      const gate = hasAll(release, caller)
        ? await inTurn(() => gateResultOf(ports.objects, release.version))
        : undefined;
      return { ...summaryOf(release, known, gate), row_count: rowsOf(release) };
    }),
  );
  const next_cursor =
    last === undefined ? null : makeListCursor({ question, as_known_at, after: orderOf(last) });
  return { meta: { count: data.length, as_known_at, next_cursor }, data };
}

const orderOf = ({ known_at, version }: CurveRelease): string => `${known_at}|${version}`;

function summaryOf(
  release: CurveRelease,
  known: readonly CurveRelease[],
  gate: GateResult | undefined,
): ReleaseSummary {
  const { source_file, source_key, source_version_id, source_sha256, row_count } = release;
  const superseded_by = supersededBy(release, known);
  return {
    ...releaseMetaOf(release),
    current: superseded_by === null,
    superseded_by,
    source_file,
    source_key,
    source_version_id,
    source_sha256,
    row_count,
    warnings: gate?.warnings ?? null,
    gate_summary: gate?.summary ?? null,
  };
}

/** @throws AurumError `version_not_found` when it was never released, or the caller may not see the whole of it. */
export async function showRelease(
  { version }: { version: string },
  ports: ReleasesPorts,
  caller: Caller,
): Promise<ReleaseShowAnswer> {
  const all = await releasesSeen(ports.tables, caller);
  const release = all.find((one) => one.version === version);
  if (release === undefined || !hasAll(release, caller)) throw versionNotFound(version);
  const gate = await gateResultOf(ports.objects, version);
  const record = await releasedRecord(ports.objects, version);
  return {
    meta: { version },
    data: {
      release: summaryOf(release, all, gate),
      tables_commit: record?.tables_commit ?? null,
      tag: record?.tag ?? null,
      counts: gate === undefined ? null : countsOf(gate),
      notes: gate?.report.notes ?? [],
      gate: gate === undefined ? null : gateSummaryOf(gate),
      warnings: gate === undefined ? [] : warningsOf(gate),
      checks: gate === undefined ? [] : checksOf(gate),
    },
  };
}

function countsOf({ report }: GateResult): ReleaseShowAnswer['data']['counts'] {
  return {
    rows: report.row_count,
    curves: report.curve_count,
    failures: report.failure_count,
    sheets: report.sheets.map(({ name, cells, roles }) => ({ sheet: name, cells, roles })),
  };
}
