/**
 * The newest days made ready before somebody asks: rows of the newest day decoded, then files indexed, newest first, one
 * at a time so that whoever asks meanwhile waits for one at most. Nothing depends on it; what it reads never changes.
 */

import { compareText } from '#lib/parquet/order.ts';
import type { CurveQueries } from '#lib/ports/curve-queries.ts';
import type { Tables } from '#lib/ports/tables.ts';
import { currentReleases } from './releases-in-view.ts';

export interface WarmPorts {
  readonly tables: Tables;
  readonly queries: CurveQueries;
}

/** A year and a half of one vendor's days: some four seconds of work. */
const MAX_FILES = 400;

/** @returns how many files are ready; 0 where queries are answered by a store that keeps nothing here. */
export async function warmCurves({ tables, queries }: WarmPorts): Promise<number> {
  if (queries.batches === undefined) return 0;
  const newest = currentReleases(await tables.releases('main'))
    .toSorted((a, b) => compareText(b.asof_date, a.asof_date))
    .slice(0, MAX_FILES);
  const all = { entitlements: 'all', filter: {} } as const;
  const releases = newest.filter(({ asof_date }) => asof_date === newest[0]!.asof_date);
  const rows = queries.batches({ ...all, releases, latest: false, limit: Number.MAX_SAFE_INTEGER });
  for await (const _ of rows);
  for (const release of newest) await queries.dimensions({ ...all, releases: [release] });
  return newest.length;
}
