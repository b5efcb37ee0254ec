/**
 * All strips of a selection as bytes of a format, one curve after the other: rows come in the order of curves, and the
 * strips of one curve and day follow from its own rows alone.
 */
import { rowAt } from '#lib/domain/curve.ts';
import type { StripRow } from '#lib/domain/strips.ts';
import { encodeRows } from '#lib/formats/encode.ts';
import type { Format } from '#lib/formats/negotiate.ts';
import { rowFields } from '#lib/parquet/fields.ts';
import type { CurveSlice } from '#lib/ports/curve-queries.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { StripQuery } from '#schemas/curve-query.ts';
import { stripRow } from '#schemas/strip.ts';
import { curveBatches } from './curve-batches.ts';
import { questionOf, type Reader, viewOf } from './query-curves.ts';
import { queryStrips, type StripPorts, sourceOf, stripsOf } from './query-strips.ts';
import { releaseMetaOf } from './releases-in-view.ts';
import type { StreamedRows } from './stream-curves.ts';
import { shownReleases } from './visible-releases.ts';

/** Rows given on together, at least. */
const BATCH_ROWS = 1_000;

/** @param request filters of `GET /v1/curves/strips`; without `limit` all strips, with it a page that names the next */
export async function encodedStrips(
  format: Format,
  request: StripQuery,
  ports: StripPorts,
  caller: Reader,
): Promise<StreamedRows> {
  const fields = rowFields(stripRow);
  if (request.limit !== undefined) {
    const { meta, data } = await queryStrips(request, ports, caller);
    return { meta, bytes: encodeRows(format, fields, [data], meta) };
  }
  const view = await viewOf(request, questionOf(request), ports, caller);
  const { after } = view;
  const source = { ...sourceOf(request, view, caller), limit: Number.MAX_SAFE_INTEGER };
  const isPassed = ({ asof_date, curve_key }: CurveObservation) =>
    after !== undefined && `${asof_date}|${curve_key}` < `${after.asof_date}|${after.curve_key}`;
  async function* strips(): AsyncGenerator<readonly StripRow[]> {
    let batch: StripRow[] = [];
    for await (const rows of curvesOf(ports, source)) {
      if (isPassed(rows[0]!)) continue;
      batch.push(...stripsOf(rows, request, view, ports.vendors));
      if (batch.length < BATCH_ROWS) continue;
      yield batch;
      batch = [];
    }
    yield batch;
  }
  const releases = await shownReleases(view.releases, ports.queries, caller);
  const { as_known_at } = view;
  const meta = { asof: request.asof ?? 'latest', as_known_at, releases: releases.map(releaseMetaOf) };
  return { meta, bytes: encodeRows(format, fields, strips(), meta) };
}

/** Rows of one curve and day at a time, of however many vendors. */
async function* curvesOf(
  { queries }: StripPorts,
  source: CurveSlice,
): AsyncGenerator<readonly CurveObservation[]> {
  let rows: CurveObservation[] = [];
  for await (const { table, ingest_ts, rows: places } of curveBatches(queries, source)) {
    for (const place of places) {
      const row = rowAt(table, place, ingest_ts);
      const held = rows[0];
      if (held !== undefined && (held.curve_key !== row.curve_key || held.asof_date !== row.asof_date)) {
        yield rows;
        rows = [];
      }
      rows.push(row);
    }
  }
  if (rows.length > 0) yield rows;
}
