/** All rows of a selection as bytes of a format, from the data files to the last byte without an object for a row. */
import { curveFields } from '#lib/formats/curve-columns.ts';
import { encodeCurves, encodeRows } from '#lib/formats/encode.ts';
import type { Format } from '#lib/formats/negotiate.ts';
import type { CurveQuery } from '#schemas/curve-query.ts';
import { releasedBatches } from './curve-batches.ts';
import {
  droppedFields,
  filterOf,
  type QueryPorts,
  queryCurves,
  questionOf,
  type Reader,
  viewOf,
} from './query-curves.ts';
import { type ReleaseMeta, releaseMetaOf } from './releases-in-view.ts';
import { shownReleases } from './visible-releases.ts';

export interface StreamedRows {
  readonly meta: {
    readonly asof: string | null;
    readonly as_known_at: string;
    /** In view, whether or not a row of theirs is in the answer: that is known at its end. */
    readonly releases: readonly ReleaseMeta[];
    /** Of a page, which is made before it is sent. */
    readonly count?: number;
    readonly next_cursor?: string | null;
  };
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** @param request filters of `GET /v1/curves`; without `limit` all rows, with it a page that names the next */
export async function encodedCurves(
  format: Format,
  request: CurveQuery,
  ports: QueryPorts,
  caller: Reader,
): Promise<StreamedRows> {
  const dropped: readonly string[] = droppedFields(request);
  const fields = curveFields().filter(({ name }) => !dropped.includes(name));
  if (request.limit !== undefined) {
    const { meta, data } = await queryCurves(request, ports, caller);
    return { meta, bytes: encodeRows(format, fields, [data], meta) };
  }
  const view = await viewOf(request, questionOf(request), ports, caller);
  const { releases } = view;
  const slice = {
    releases,
    latest: view.latest,
    entitlements: caller.entitlements,
    filter: filterOf(request),
    ...(view.after === undefined ? {} : { after: view.after }),
    limit: Number.MAX_SAFE_INTEGER,
  };
  const meta = {
    asof: request.asof ?? 'latest',
    as_known_at: view.as_known_at,
    releases: (await shownReleases(releases, ports.queries, caller)).map(releaseMetaOf),
  };
  const batches = releasedBatches(ports.queries, slice);
  return { meta, bytes: encodeCurves(format, fields, batches, meta) };
}
