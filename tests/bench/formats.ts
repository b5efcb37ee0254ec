/**
 * A million rows out of released data files in every format: rows a second, bytes a row, and the memory the process grows
 * by, which is not to depend on the rows. `node tests/bench/formats.ts [rows] [format ...]`
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { columnarCurveQueries } from '#lib/adapters/curve-queries/columnar.ts';
import { curveFields } from '#lib/formats/curve-columns.ts';
import { encodeCurves } from '#lib/formats/encode.ts';
import { FORMATS, type Format } from '#lib/formats/negotiate.ts';
import { encodeCurveTable } from '#lib/parquet/encode.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { release } from '#tests/fixtures/release.ts';
import { curveTable } from '#tests/unit/parquet/curve-tables.ts';

const CURVES = 231;
const TENORS = 120;

const [rows_text = '1000000', ...named] = process.argv.slice(2);
const rows_wanted = Number(rows_text);
const formats = named.length === 0 ? FORMATS : (named as readonly Format[]);
const folder = mkdtempSync(join(tmpdir(), 'aurum-formats-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const print = (name: string, value: number, unit: string, note?: string) =>
  process.stdout.write(`${JSON.stringify({ name, value: Math.round(value * 100) / 100, unit, note })}\n`);

function writeDays(): CurveRelease[] {
  const days = Math.ceil(rows_wanted / (CURVES * TENORS));
  return Array.from({ length: days }, (_, day) => {
    const asof_date = new Date(Date.UTC(2024, 8, 2) + day * 86_400_000).toISOString().slice(0, 10);
    const table = curveTable({ asof_date, curves: CURVES, tenors: TENORS, seed: day + 1 });
    const { bytes } = encodeCurveTable(table, { ingest_ts: `${asof_date}T21:00:00.000Z` });
    const data_file = `${asof_date}.parquet`;
    writeFileSync(join(folder, data_file), bytes);
    const { source_file, length: row_count } = table;
    return release({ version: `xx-${asof_date}`, asof_date, source_file, row_count, data_file });
  });
}

const objects = {
  get: async (key: string) => ({
    key,
    body: readFileSync(join(folder, key)),
    etag: '',
    version_id: undefined,
    last_modified: '',
    metadata: {},
  }),
} as unknown as ObjectStore;

const releases = writeDays();
const queries = columnarCurveQueries({ objects, cache_dir: join(folder, 'cache') });
const all = { releases, latest: false, entitlements: 'all' as const, filter: {}, limit: rows_wanted };

async function measured(format: Format): Promise<void> {
  globalThis.gc?.();
  const before = process.memoryUsage();
  let highest = 0;
  let bytes = 0;
  const began_ms = performance.now();
  const cpu = process.cpuUsage();
  for await (const chunk of encodeCurves(format, curveFields(), queries.batches(all))) {
    bytes += chunk.length;
    const { heapUsed, external } = process.memoryUsage();
    highest = Math.max(highest, heapUsed + external - before.heapUsed - before.external);
  }
  const seconds = (performance.now() - began_ms) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const note = `${Math.round(rows_wanted / ((user + system) / 1e6))} rows a CPU second, ${(bytes / rows_wanted).toFixed(1)} bytes a row, memory +${(highest / 1e6).toFixed(0)} MB`;
  print(`${rows_wanted} curve rows as ${format}`, rows_wanted / seconds, 'rows/s', note);
}

let rows = 0;
const began_ms = performance.now();
for await (const batch of queries.batches(all)) rows += batch.rows.length;
print(`${rows} curve rows as batches, cold`, (rows / (performance.now() - began_ms)) * 1000, 'rows/s');
for (const format of formats) {
  await measured(format);
  await measured(format);
}
await queries.close();
