/**
 * Slices from data files in process: an index of each file says which rows answer, and only the row groups of rows that
 * are returned are decoded. Memory is bounded; a file comes from the object store once, then from disk. Knows no SQL.
 */
import { setImmediate } from 'node:timers/promises';
import { type CurveBatch, rowAt } from '#lib/domain/curve.ts';
import { compareTenors, compareText } from '#lib/parquet/order.ts';
import type { CurveQueries, CurveSlice, RowPosition } from '#lib/ports/curve-queries.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import {
  type CurveIndex,
  type CurveInFile,
  curvesOf,
  entitledMatchers,
  type IndexedCurve,
  type Ladder,
  type Matcher,
  matcher,
} from './curve-index.ts';
import { curveInventory } from './curve-inventory.ts';
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

export function columnarCurveQueries(
  options: ColumnarOptions,
): Required<CurveQueries> & { close(): Promise<void> } {
  const files = loadedFiles({ memory_limit_mb: 192, disk_limit_mb: 4_096, ...options });

  async function slice(query: CurveSlice): Promise<readonly CurveObservation[]> {
    const rows: CurveObservation[] = [];
    for await (const points of pointsByDay(query)) {
      await collect(points, query.limit, rows);
      if (rows.length >= query.limit) break;
    }
    return rows;
  }

  /** Matching points after the position, one day's after the other. */
  async function* pointsByDay(query: CurveSlice) {
    const { latest, filter, after } = query;
    const keys = files.keys();
    const matches = matcher(filter, keys.shared);
    const days = daysOf(query, matches);
    const found = latest ? newestPoints(days, keys, matches) : allPoints(days, keys);
    for await (const { asof_date, points } of found) {
      yield after?.asof_date === asof_date ? pointsAfter(points, after, keys) : points;
    }
  }

  async function* batches(query: CurveSlice): AsyncGenerator<CurveBatch> {
    let left = query.limit;
    for await (const points of pointsByDay(query)) {
      if (left <= 0) return;
      for await (const batch of blockBatches(points, left)) {
        left -= batch.rows.length;
        yield batch;
      }
    }
  }

  /**
   * A batch for each change of block: of one curve, since two vendors' curves take turns, up to a whole block. The last
   * block of each file is held, so that taking turns decodes nothing twice however little the cache holds.
   */
  async function* blockBatches(points: Iterable<Point>, limit: number): AsyncGenerator<CurveBatch> {
    const rows = new Uint32Array(ROWS_IN_ONE_TURN);
    const held = new Map<CurveIndex, Block>();
    let block: Block | undefined;
    let count = 0;
    let left = limit;
    const taken = (of: Block): CurveBatch => {
      const batch = { table: of.table, ingest_ts: of.ingest_ts, rows: rows.slice(0, count) };
      count = 0;
      return batch;
    };
    for (const { file, row } of points) {
      if (left-- <= 0) break;
      if (block === undefined || block.key !== file.key || row < block.start || row >= block.end) {
        if (block !== undefined && count > 0) yield taken(block);
        block = held.get(file);
        if (block === undefined || row < block.start || row >= block.end)
          block = await files.block(file, row);
        held.set(file, block);
      }
      rows[count++] = row - block.start;
      if (count < ROWS_IN_ONE_TURN) continue;
      yield taken(block);
      await setImmediate();
    }
    if (block !== undefined && count > 0) yield taken(block);
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

  return {
    slice,
    batches,
    dimensions: (query) => curveInventory(query, files.keys()),
    close: async () => files.clear(),
  };
}

/** A data file with what of it matches the question. */
interface FileInView {
  readonly data_file: string;
  readonly matches: Matcher;
}

interface LoadedFile {
  readonly file: CurveIndex;
  readonly matches: Matcher;
}

interface Day {
  readonly asof_date: string;
  readonly files: readonly FileInView[];
}

/** Data files by day, ascending; a day before the position that asks has nothing after it. */
function daysOf({ releases, entitlements, after }: CurveSlice, matches: Matcher): readonly Day[] {
  const matcherOf = entitledMatchers(matches, entitlements);
  const days = new Map<string, FileInView[]>();
  for (const { vendor, asof_date, data_file, row_count } of releases) {
    const ofVendor = matcherOf(vendor);
    if (asof_date < (after?.asof_date ?? '') || row_count === 0 || ofVendor === undefined) continue;
    const file = { data_file, matches: ofVendor };
    const files = days.get(asof_date);
    if (files === undefined) days.set(asof_date, [file]);
    else files.push(file);
  }
  return [...days]
    .map(([asof_date, files]) => ({ asof_date, files }))
    .sort((a, b) => compareText(a.asof_date, b.asof_date));
}

async function loaded(files: readonly FileInView[], keys: Keys): Promise<readonly LoadedFile[]> {
  const indexes = await keys.indexes(files.map(({ data_file }) => data_file));
  return files.map(({ matches }, at) => ({ file: indexes[at]!, matches }));
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

async function* allPoints(days: readonly Day[], keys: Keys): AsyncGenerator<DayPoints> {
  for (const { asof_date, files } of days) {
    yield { asof_date, points: pointsOf(await loaded(files, keys), keys) };
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
async function* newestPoints(
  days: readonly Day[],
  keys: Keys,
  { priceType }: Matcher,
): AsyncGenerator<DayPoints> {
  const seen = new Map<IndexedCurve, Seen>();
  const kept: DayPoints[] = [];
  for (const { asof_date, files } of days.toReversed()) {
    const indexes = await loaded(files, keys);
    const points = [...pointsOf(indexes, keys, seen)];
    for (const { curve, tenor } of points) seenOf(seen, curve).tenors.add(tenor);
    // With a price type asked for, a ladder does not say which of its rows match.
    if (priceType === undefined) {
      for (const { file, at } of indexes.flatMap((index) => curvesOf(index.file, index.matches))) {
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
  files: readonly LoadedFile[],
  keys: Keys,
  seen?: ReadonlyMap<IndexedCurve, Seen>,
): Generator<Point> {
  const curves = new Map<string, MatchingCurve[]>();
  for (const { file, matches } of files) {
    for (const { at } of curvesOf(file, matches)) {
      const { curve_key } = file.curves[at]!;
      const others = curves.get(curve_key);
      if (others === undefined) curves.set(curve_key, [{ file, at, matches }]);
      else others.push({ file, at, matches });
    }
  }
  for (const [, found] of [...curves].sort(([a], [b]) => compareText(a, b))) {
    const [first, ...others] = found.map((one) => pointsOfCurve(one, seen));
    if (others.length === 0) yield* first!;
    // Two workbooks quote the curve: their points are shuffled into one order.
    else
      yield* [first!, ...others].flatMap((points) => [...points]).sort((a, b) => comparePoints(a, b, keys));
  }
}

interface MatchingCurve extends CurveInFile {
  readonly matches: Matcher;
}

function* pointsOfCurve(
  { file, at, matches }: MatchingCurve,
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
