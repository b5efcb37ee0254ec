/** Columnar rows of a slice from any adapter, each batch with the release it is of. */
import type { CurveBatch } from '#lib/domain/curve.ts';
import { batchesOfRows } from '#lib/domain/curve-batches.ts';
import { AurumError } from '#lib/domain/errors.ts';
import type { CurveQueries, CurveSlice } from '#lib/ports/curve-queries.ts';
import type { CurveRelease } from '#schemas/lake.ts';

const PAGE_ROWS = 20_000;

/** By the adapter's own batches, else page after page. */
export function curveBatches(queries: CurveQueries, slice: CurveSlice): AsyncIterable<CurveBatch> {
  return queries.batches?.(slice) ?? pages(queries, slice);
}

async function* pages(queries: CurveQueries, slice: CurveSlice): AsyncGenerator<CurveBatch> {
  let { after } = slice;
  for (let left = slice.limit; left > 0; ) {
    const limit = Math.min(left, PAGE_ROWS);
    const rows = await queries.slice({ ...slice, limit, ...(after === undefined ? {} : { after }) });
    yield* batchesOfRows(rows);
    after = rows.at(-1);
    left = rows.length < limit ? 0 : left - rows.length;
  }
}

export interface ReleasedBatch extends CurveBatch {
  readonly release: CurveRelease;
}

export async function* releasedBatches(
  queries: CurveQueries,
  slice: CurveSlice,
): AsyncGenerator<ReleasedBatch> {
  const named = (asof_date: string, source_file: string) => `${asof_date}/${source_file}`;
  const byWorkbook = new Map(slice.releases.map((one) => [named(one.asof_date, one.source_file), one]));
  for await (const batch of curveBatches(queries, slice)) {
    const { asof_date, source_file } = batch.table;
    const release = byWorkbook.get(named(asof_date, source_file));
    if (release === undefined) {
      throw new AurumError('fault', 'release_unknown', `rows of ${source_file} belong to no release in view`);
    }
    yield { ...batch, release };
  }
}
