/**
 * Slices from data files in process: an index of each file says which rows answer, and only the row groups of rows that
 * are returned are decoded. Memory is bounded; a file comes from the object store once, then from disk. Knows no SQL.
 */
import { setImmediate } from 'node:timers/promises';
import { rowAt } from '#lib/domain/curve.ts';
import { compareTenors, compareText } from '#lib/parquet/order.ts';
import type { CurveQueries, CurveSlice, RowPosition } from '#lib/ports/curve-queries.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import {
  type CurveIndex,
  type CurveInFile,
  curvesOf,
  type IndexedCurve,
  type Ladder,
  type Matcher,
  matcher,
} from './curve-index.ts';
import { type Block, type Keys, loadedFiles } from './loaded-files.ts';

export interface ColumnarOptions {
  readonly objects: ObjectStore;
  /** Folder of the copies of data files; it may be emptied at any time. */
  readonly cache_dir: string;
  readonly memory_limit_mb?: number;
  readonly disk_limit_mb?: number;
}

/** Rows after which other work gets its turn. */
const ROWS_IN_ONE_TURN = 5_000;

export function columnarCurveQueries(options: ColumnarOptions): CurveQueries & { close(): Promise<void> } {
  const files = loadedFiles({ memory_limit_mb: 192, disk_limit_mb: 4_096, ...options });

  async function slice({
    releases,
    latest,
    filter,
    after,
    limit,
  }: CurveSlice): Promise<readonly CurveObservation[]> {
    const keys = files.keys();
    const matches = matcher(filter, keys.shared);
    const days = daysFrom(releases, after?.asof_date);
    const rows: CurveObservation[] = [];
    for await (const { asof_date, points } of latest
      ? newestPoints(days, keys, matches)
      : allPoints(days, keys, matches)) {
      const rest = after?.asof_date === asof_date ? pointsAfter(points, after, keys) : points;
      await collect(rest, limit, rows);
      if (rows.length >= limit) break;
    }
    return rows;
  }

  async function collect(points: Iterable<Point>, limit: number, rows: CurveObservation[]): Promise<void> {
    let block: Block | undefined;
    for (const { file, row } of points) {
      if (rows.length >= limit) return;
      const held = block !== undefined && block.key === file.key && row >= block.start && row < block.end;
      if (!held) block = await files.block(file, row);
      rows.push(rowAt(block!.table, row - block!.start, block!.ingest_ts));
      if (rows.length % ROWS_IN_ONE_TURN === 0) await setImmediate();
    }
  }

  return { slice, close: async () => files.clear() };
}

interface Day {
  readonly asof_date: string;
  readonly files: readonly string[];
}

/** Data files by day, ascending; a day before `first` has nothing after the position that asks. */
function daysFrom(releases: readonly CurveRelease[], first = ''): readonly Day[] {
  const days = new Map<string, string[]>();
  for (const { asof_date, data_file, row_count } of releases) {
    if (asof_date < first || row_count === 0) continue;
    const files = days.get(asof_date);
    if (files === undefined) days.set(asof_date, [data_file]);
    else files.push(data_file);
  }
  return [...days]
    .map(([asof_date, files]) => ({ asof_date, files }))
    .sort((a, b) => compareText(a.asof_date, b.asof_date));
}

/** A row by its place. `tenor` is an index into the shared tenors. */
interface Point {
  readonly file: CurveIndex;
  readonly curve: IndexedCurve;
  readonly tenor: number;
  readonly row: number;
}

interface DayPoints {
  readonly asof_date: string;
  readonly points: Iterable<Point>;
}

async function* allPoints(days: readonly Day[], keys: Keys, matches: Matcher): AsyncGenerator<DayPoints> {
  for (const { asof_date, files } of days) {
    yield { asof_date, points: pointsOf(await keys.indexes(files), matches, keys) };
  }
}

/** Tenors of a curve that a newer day has, and ladders all of whose matching tenors it has. */
interface Seen {
  readonly ladders: Set<Ladder>;
  readonly tenors: Set<number>;
}

/**
 * For each curve and tenor the points of its newest day. All indexes in view are looked at, from the newest day on; a
 * curve whose ladder is as it was the day after, which is nearly every one, costs one lookup.
 */
async function* newestPoints(days: readonly Day[], keys: Keys, matches: Matcher): AsyncGenerator<DayPoints> {
  const seen = new Map<IndexedCurve, Seen>();
  const kept: DayPoints[] = [];
  for (const { asof_date, files } of days.toReversed()) {
    const indexes = await keys.indexes(files);
    const points = [...pointsOf(indexes, matches, keys, seen)];
    for (const { curve, tenor } of points) seenOf(seen, curve).tenors.add(tenor);
    // With a price type asked for, a ladder does not say which of its rows match.
    if (matches.priceType === undefined) {
      for (const { file, at } of indexes.flatMap((index) => curvesOf(index, matches))) {
        seenOf(seen, file.curves[at]!).ladders.add(file.ladders[at]!);
      }
    }
    if (points.length > 0) kept.push({ asof_date, points });
  }
  yield* kept.toReversed();
}

function seenOf(seen: Map<IndexedCurve, Seen>, curve: IndexedCurve): Seen {
  const known = seen.get(curve);
  if (known !== undefined) return known;
  const empty = { ladders: new Set<Ladder>(), tenors: new Set<number>() };
  seen.set(curve, empty);
  return empty;
}

/** Matching points of one day's files, in the order of RowPosition. */
function* pointsOf(
  files: readonly CurveIndex[],
  matches: Matcher,
  keys: Keys,
  seen?: ReadonlyMap<IndexedCurve, Seen>,
): Generator<Point> {
  const curves = new Map<string, CurveInFile[]>();
  for (const found of files.flatMap((file) => curvesOf(file, matches))) {
    const { curve_key } = found.file.curves[found.at]!;
    const others = curves.get(curve_key);
    if (others === undefined) curves.set(curve_key, [found]);
    else others.push(found);
  }
  for (const [, found] of [...curves].sort(([a], [b]) => compareText(a, b))) {
    const [first, ...others] = found.map((one) => pointsOfCurve(one, matches, seen));
    if (others.length === 0) yield* first!;
    // Two workbooks quote the curve: their points are shuffled into one order.
    else
      yield* [first!, ...others].flatMap((points) => [...points]).sort((a, b) => comparePoints(a, b, keys));
  }
}

function* pointsOfCurve(
  { file, at }: CurveInFile,
  matches: Matcher,
  seen?: ReadonlyMap<IndexedCurve, Seen>,
): Generator<Point> {
  const curve = file.curves[at]!;
  const ladder = file.ladders[at]!;
  const newer = seen?.get(curve);
  if (newer?.ladders.has(ladder) === true) return;
  const start = file.starts[at]!;
  for (let step = 0, row = start; step < ladder.length; step++, row++) {
    const tenor = ladder[step]!;
    if (!matches.tenor(tenor) || newer?.tenors.has(tenor) === true) continue;
    if (matches.priceType !== undefined && (file.priceType?.[row] ?? 0) !== matches.priceType) continue;
    yield { file, curve, tenor, row };
  }
}

function comparePoints(a: Point, b: Point, { shared }: Keys): number {
  const tenors = compareTenors(shared.tenors[a.tenor]!, shared.tenors[b.tenor]!);
  return tenors || compareText(a.file.source_file, b.file.source_file);
}

function* pointsAfter(points: Iterable<Point>, after: RowPosition, { shared }: Keys): Generator<Point> {
  for (const point of points) {
    const order =
      compareText(point.curve.curve_key, after.curve_key) ||
      compareTenors(shared.tenors[point.tenor]!, after) ||
      (after.source_file === undefined ? 0 : compareText(point.file.source_file, after.source_file));
    if (order > 0) yield point;
  }
}
