/** All rows of a selection as bytes of a format, from the data files to the last byte without an object for a row. */
import { curveFields } from '#lib/formats/curve-columns.ts';
import { encodeCurves } from '#lib/formats/encode.ts';
import type { Format } from '#lib/formats/negotiate.ts';
import type { CurveQuery } from '#schemas/curve-query.ts';
import { releasedBatches } from './curve-batches.ts';
import { droppedFields, filterOf, type QueryPorts, questionOf, type Reader, viewOf } from './query-curves.ts';
import { type ReleaseMeta, releaseMetaOf } from './releases-in-view.ts';

export interface StreamedCurves {
  readonly meta: {
    readonly asof: string;
    readonly as_known_at: string;
    /** In view, whether or not a row of theirs is in the answer: that is known at its end. */
    readonly releases: readonly ReleaseMeta[];
  };
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** @param request filters of `GET /v1/curves`; without `limit` all rows */
export async function encodedCurves(
  format: Format,
  request: CurveQuery,
  ports: QueryPorts,
  caller: Reader,
): Promise<StreamedCurves> {
  const view = await viewOf(request, questionOf(request), ports.tables, caller);
  const { releases } = view;
  const slice = {
    releases,
    latest: view.latest,
    entitlements: caller.entitlements,
    filter: filterOf(request),
    ...(view.after === undefined ? {} : { after: view.after }),
    limit: request.limit ?? Number.MAX_SAFE_INTEGER,
  };
  const meta = {
    asof: request.asof ?? 'latest',
    as_known_at: view.as_known_at,
    releases: releases.map(releaseMetaOf),
  };
  const dropped: readonly string[] = droppedFields(request);
  const fields = curveFields().filter(({ name }) => !dropped.includes(name));
  const batches = releasedBatches(ports.queries, slice);
  return { meta, bytes: encodeCurves(format, fields, batches, meta) };
}
