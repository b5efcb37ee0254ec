/**
 * Slices by Trino over the Iceberg table: for SQL's reach, and where the data do not fit one machine. Only the data files
 * of the releases in view are read; a release whose file Trino does not see yet is said to be missing, never left out.
 * Text compares by simple case folding. Knows nothing of versions and known times.
 */

import { LRUCache } from 'lru-cache';
import { type CurveRight, rightsTo } from '#lib/domain/access.ts';
import { busy } from '#lib/domain/errors.ts';
import type { CurveFilter, CurveQueries, CurveSlice, RowPosition } from '#lib/ports/curve-queries.ts';
import { CURVE_COLUMNS, type CurveObservation } from '#schemas/curve-observation.ts';
import { covered, folded, foldedColumn } from './trino-identity.ts';
import { trinoInventory } from './trino-inventory.ts';
import {
  joined,
  raw,
  type Sql,
  type SqlValue,
  sql,
  type TrinoOptions,
  type TrinoRow,
  type TrinoSql,
  trinoSql,
} from './trino-sql.ts';

export interface TrinoCurveQueriesOptions extends TrinoOptions {
  /** Location of the object with key "" in the tables' metadata, e.g. `s3://aurum`. */
  readonly location_root: string;
}

const PLACE = ['curve_key', 'tenor_type', 'contract_month', 'tenor_label'] as const;
const POSITION = ['asof_date', ...PLACE, 'source_file'] as const;
const COLUMNS = raw(CURVE_COLUMNS.join(', '));
const EXACT = ['curve_key', 'tenor_type', 'price_type'] as const;
/** Files remembered as seen in the table: files are only ever added. */
const SEEN_FILES = 100_000;

export function trinoCurveQueries(
  options: TrinoCurveQueriesOptions,
): CurveQueries & { close(): Promise<void> } {
  const trino = trinoSql(options);
  const seen = new LRUCache<string, true>({ max: SEEN_FILES });
  return {
    async slice(query) {
      const files = filesInView(query, options.location_root);
      if (files.length === 0 || query.limit === 0) return [];
      await requireFiles(trino, files, seen, options.location_root);
      return (await trino.query(statement(query, files))).map(observation);
    },
    async dimensions(query) {
      const files = filesInView(query, options.location_root);
      if (files.length === 0) return { curves: [], days: [] };
      await requireFiles(trino, files, seen, options.location_root);
      const paths = files.map(({ path }) => path);
      const vendors = files.map(({ vendor }) => vendor);
      const rows = sql`(SELECT *, element_at(map(ARRAY[${joined(paths, ', ')}], ARRAY[${joined(vendors, ', ')}]), "$path")
        AS vendor FROM curve_observation WHERE ${inView(query.filter, files)})`;
      return trinoInventory(trino, rows, query.accept);
    },
    close: async () => seen.clear(),
  };
}

interface FileInView {
  readonly path: string;
  readonly vendor: string;
  readonly asof_date: string;
  /** To the curves of its vendor; never none of them. */
  readonly rights: 'all' | readonly CurveRight[];
}

/** Files with rows the caller may see. A day before the position has nothing after it, nor a newer row that could hide one. */
function filesInView(
  { releases, entitlements, after }: Pick<CurveSlice, 'releases' | 'entitlements' | 'after'>,
  root: string,
): readonly FileInView[] {
  return releases
    .filter(({ asof_date, row_count }) => row_count > 0 && asof_date >= (after?.asof_date ?? ''))
    .map(({ data_file, vendor, asof_date }) => {
      return { path: `${root}/${data_file}`, vendor, asof_date, rights: rightsTo({ entitlements }, vendor) };
    })
    .filter(({ rights }) => rights === 'all' || rights.length > 0);
}

/** Without this, a catalog that points elsewhere, or lags behind, would answer with fewer rows instead of an error. */
async function requireFiles(
  trino: TrinoSql,
  files: readonly FileInView[],
  seen: LRUCache<string, true>,
  root: string,
): Promise<void> {
  const asked = files.map(({ path }) => path).filter((path) => !seen.has(path));
  if (asked.length === 0) return;
  const there = await trino.query(
    sql`SELECT file_path FROM "curve_observation$files" WHERE file_path IN (${joined(asked, ', ')})`,
  );
  for (const [path] of there) seen.set(path as string, true);
  const missing = asked.find((path) => !seen.has(path));
  if (missing === undefined) return;
  throw busy(
    'data_file_missing',
    `the data file ${missing.slice(root.length + 1)} is not in Trino's curve_observation`,
    {
      remedy:
        'Ask again; if it stays, check that AURUM_TRINO_URL reads the catalog that releases are committed to.',
    },
  );
}

function inView(filter: CurveFilter, files: readonly FileInView[]): Sql {
  const days = files.map(({ asof_date }) => asof_date).sort();
  return joined(
    [
      seenRows(files),
      // Says less than the paths, but Trino reads fewer manifests for it.
      sql`asof_date BETWEEN ${date(days[0]!)} AND ${date(days.at(-1)!)}`,
      ...conditions(filter),
    ],
    ' AND ',
  );
}

/** Rows of the files, of each only those its vendor's rights cover; files with the same rights are named together. */
function seenRows(files: readonly FileInView[]): Sql {
  const alike = Map.groupBy(files, ({ rights }) => JSON.stringify(rights));
  const groups = [...alike.values()].map((group) => {
    const ofFiles = sql`"$path" IN (${joined(
      group.map(({ path }) => path),
      ', ',
    )})`;
    const { rights } = group[0]!;
    return rights === 'all' ? ofFiles : sql`${ofFiles} AND ${covered(rights)}`;
  });
  return sql`(${joined(groups, ' OR ')})`;
}

function statement({ latest, filter, after, limit }: CurveSlice, files: readonly FileInView[]): Sql {
  const chosen = inView(filter, files);
  const newest = sql`SELECT ${COLUMNS}, max(asof_date) OVER (PARTITION BY ${raw(PLACE.join(', '))}) AS newest`;
  const rows = latest
    ? sql`(${newest} FROM curve_observation WHERE ${chosen}) WHERE asof_date = newest`
    : sql`curve_observation WHERE ${chosen}`;
  const rest = after === undefined ? raw('') : sql` AND ${beyond(after)}`;
  return sql`SELECT ${COLUMNS} FROM ${rows}${rest} ORDER BY ${raw(POSITION.join(', '))} LIMIT ${limit}`;
}

function conditions({ contract_from, contract_to, ...equal }: CurveFilter): readonly Sql[] {
  const identity = Object.entries(equal).map(([name, wanted]) => {
    const column = raw(name);
    // These are written in one way only, and compared as they are they say which row groups to read.
    if (EXACT.some((exact) => exact === name))
      return sql`${column} = ${name === 'curve_key' ? folded(wanted) : wanted}`;
    return sql`${foldedColumn(name)} = ${folded(wanted)}`;
  });
  return [
    ...identity,
    ...(contract_from === undefined ? [] : [sql`contract_month >= ${date(contract_from)}`]),
    ...(contract_to === undefined ? [] : [sql`contract_month <= ${date(contract_to)}`]),
  ];
}

function beyond(after: RowPosition): Sql {
  const values = POSITION.map((field) =>
    field === 'asof_date' || field === 'contract_month' ? date(after[field]) : after[field],
  );
  return sql`ROW(${raw(POSITION.join(', '))}) > ROW(${joined(values, ', ')})`;
}

function date(text: string): SqlValue {
  return { date: text };
}

/** Columns come as the canonical row has them but for the time, `2025-09-12 21:30:00.123000 UTC`. */
function observation(row: TrinoRow): CurveObservation {
  const entries = CURVE_COLUMNS.map((name, at) => [name, row[at]]);
  const observed = Object.fromEntries(entries) as CurveObservation;
  const [day, time] = observed._ingest_ts.split(' ');
  return { ...observed, _ingest_ts: `${day}T${time!.slice(0, 12)}Z` };
}
