/**
 * One curve of one day (120 rows) out of 1 M and 10 M released rows, in process, beside DuckDB over the same files; then
 * the wide questions: the newest row of every tenor of a curve, one contract through all days.
 * `node tests/bench/slices.ts [rows ...]`
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { columnarCurveQueries } from '#lib/adapters/curve-queries/columnar.ts';
import { encodeCurveTable } from '#lib/parquet/encode.ts';
import type { CurveFilter, CurveQueries } from '#lib/ports/curve-queries.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { release } from '#tests/fixtures/release.ts';
import { curveTable, randomNumbers, seriesOf } from '#tests/unit/parquet/curve-tables.ts';

const print = (name: string, value: number, unit: string, rest: { ratio_to?: string; note?: string } = {}) =>
  process.stdout.write(
    `${JSON.stringify({ name, value: Math.round(value * 1000) / 1000, unit, ...rest })}\n`,
  );

const CURVES = 231;
const TENORS = 120;

/** Objects as files in a folder: the least a store can cost. */
function folderStore(folder: string): ObjectStore {
  const absent = () => Promise.reject(new Error('the bench only reads'));
  return {
    get: async (key) => ({
      key,
      body: readFileSync(join(folder, key)),
      etag: '',
      version_id: undefined,
      last_modified: '',
      metadata: {},
    }),
    put: absent,
    head: absent,
    delete: absent,
    list: () => {
      throw new Error('the bench only reads');
    },
  };
}

function writeDays(folder: string, rows: number): CurveRelease[] {
  const days = Math.max(1, Math.round(rows / (CURVES * TENORS)));
  return Array.from({ length: days }, (_, day) => {
    const asof_date = new Date(Date.UTC(2024, 8, 2) + day * 86_400_000).toISOString().slice(0, 10);
    const table = curveTable({ asof_date, curves: CURVES, tenors: TENORS, seed: day + 1 });
    const { bytes } = encodeCurveTable(table, { ingest_ts: `${asof_date}T21:00:00.000Z` });
    writeFileSync(join(folder, `${asof_date}.parquet`), bytes);
    const { source_file, length } = table;
    return release({
      version: `xx-${asof_date}`,
      asof_date,
      source_file,
      row_count: length,
      data_file: `${asof_date}.parquet`,
    });
  });
}

/** One curve by its identity, as a person asks for it. */
function curveFilter(curve: number): CurveFilter {
  const { iso, location, market } = seriesOf(curve);
  return { location: location!, market: market!, ...(iso === null ? {} : { iso: iso.toLowerCase() }) };
}

async function repeated(name: string, runs: number, work: (run: number) => Promise<number>): Promise<void> {
  const times: number[] = [];
  let rows = 0;
  const cpu = process.cpuUsage();
  for (let run = 0; run < runs; run++) {
    const began_ms = performance.now();
    rows += await work(run);
    times.push(performance.now() - began_ms);
  }
  const { user, system } = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const note = `${Math.round(rows / runs)} rows, ${runs} slices`;
  print(`${name} p50`, times[runs >> 1]!, 'ms', { note });
  print(`${name} p99`, times[Math.floor(runs * 0.99)]!, 'ms');
  print(`${name} CPU`, (user + system) / 1000 / runs, 'ms');
}

async function measure(
  label: string,
  queries: CurveQueries,
  releases: readonly CurveRelease[],
): Promise<void> {
  const random = randomNumbers(7);
  const pick = (count: number) => Math.floor(random() * count);
  const slice = async (
    releases: readonly CurveRelease[],
    latest: boolean,
    filter: CurveFilter,
    limit = 1_000,
  ) => (await queries.slice({ releases, latest, entitlements: 'all', filter, limit })).length;
  const newest = releases.slice(-1);
  const contract = { tenor_type: 'MONTHLY', contract_from: '2026-06-01', contract_to: '2026-06-01' } as const;
  await repeated(`${label} any day, first touch`, 300, () =>
    slice([releases[pick(releases.length)]!], false, curveFilter(pick(CURVES))),
  );
  let began_ms = performance.now();
  await slice(releases, true, curveFilter(5), 100_000);
  print(`${label} latest of a curve, first time`, performance.now() - began_ms, 'ms', {
    note: 'indexes every file in view',
  });
  await repeated(`${label} any day`, 1_000, () =>
    slice([releases[pick(releases.length)]!], false, curveFilter(pick(CURVES))),
  );
  await repeated(`${label} newest day`, 1_000, () => slice(newest, false, curveFilter(pick(CURVES))));
  await repeated(`${label} latest of a curve`, 20, () =>
    slice(releases, true, curveFilter(pick(CURVES)), 100_000),
  );
  began_ms = performance.now();
  const found = await slice(releases, false, { ...curveFilter(pick(CURVES)), ...contract }, 100_000);
  print(`${label} one contract, all days`, performance.now() - began_ms, 'ms', { note: `${found} rows` });
  began_ms = performance.now();
  await Promise.all(
    Array.from({ length: 200 }, () =>
      slice([releases[pick(releases.length)]!], false, curveFilter(pick(CURVES))),
    ),
  );
  print(`${label} 200 slices at once`, performance.now() - began_ms, 'ms');
}

async function measureDuckdb(
  label: string,
  folder: string,
  releases: readonly CurveRelease[],
): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const began_ms = performance.now();
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  print(`${label} DuckDB: load and connect`, performance.now() - began_ms, 'ms');
  const random = randomNumbers(7);
  const pick = (count: number) => Math.floor(random() * count);
  const slice = async (source: string, asof_date: string) => {
    const { curve_key } = seriesOf(pick(CURVES));
    const sql = `select * from read_parquet(${source}) where asof_date = $asof::date and curve_key = $key order by tenor_type, contract_month`;
    const reader = await connection.runAndReadAll(sql, { asof: asof_date, key: curve_key });
    return reader.getRowObjectsJS().length;
  };
  await repeated(`${label} DuckDB over the day's file`, 100, () => {
    const { data_file, asof_date } = releases[pick(releases.length)]!;
    return slice(`'${join(folder, data_file)}'`, asof_date);
  });
  await repeated(`${label} DuckDB over all files`, 10, () =>
    slice(`'${folder}/*.parquet'`, releases[pick(releases.length)]!.asof_date),
  );
  connection.closeSync();
}

const sizes = process.argv.slice(2).map(Number);
for (const rows of sizes.length === 0 ? [1_000_000, 10_000_000] : sizes) {
  const home = mkdtempSync(join(tmpdir(), 'aurum-slices-'));
  const folder = join(home, 'objects');
  mkdirSync(folder);
  const label = `${rows / 1e6} M rows:`;
  const releases = writeDays(folder, rows);
  globalThis.gc?.();
  const before_mb = process.memoryUsage.rss() / 1e6;
  const queries = columnarCurveQueries({ objects: folderStore(folder), cache_dir: join(home, 'cache') });
  await measure(label, queries, releases);
  print(`${label} memory grown`, process.memoryUsage.rss() / 1e6 - before_mb, 'MB', {
    note: `${releases.length} files`,
  });
  const again = columnarCurveQueries({ objects: folderStore(folder), cache_dir: join(home, 'cache') });
  const began_ms = performance.now();
  await again.slice({ releases, latest: true, entitlements: 'all', filter: curveFilter(3), limit: 1_000 });
  print(`${label} after a restart, latest of a curve`, performance.now() - began_ms, 'ms');
  await measureDuckdb(label, folder, releases);
  rmSync(home, { recursive: true });
}
