/** Released curves over memory, two vendors and two days, and a folder that is an export's prefix. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { columnarCurveQueries } from '#lib/adapters/curve-queries/columnar.ts';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { rowsOf } from '#lib/domain/curve.ts';
import type { ExportPorts } from '#lib/flows/export-curves.ts';
import type { ExportFolder } from '#lib/flows/verify-export.ts';
import { encodeCurveTable } from '#lib/parquet/encode.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { exportRequest } from '#schemas/export.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { release } from '#tests/fixtures/release.ts';
import { curveTable } from '#tests/unit/parquet/curve-tables.ts';

export const KEYS = generateKeyPairSync('ed25519');
export const STAFF = { tenant: 'house', entitlements: 'all' } as const;
const DAYS = ['2025-09-11', '2025-09-12'];
const INGEST_TS = '2025-09-12T21:30:00.000Z';

export const asked = (request: Record<string, string> = {}) => exportRequest.parse(request);

export async function site() {
  const objects = memoryObjectStore();
  const rows: CurveObservation[] = [];
  const releases: CurveRelease[] = [];
  for (const [index, asof_date] of DAYS.entries()) {
    for (const vendor of ['aa', 'bb']) {
      const seed = index * 2 + (vendor === 'aa' ? 0 : 1);
      const source_file = `EOD_${vendor.toUpperCase()}_${asof_date.replaceAll('-', '')}_1430.xlsx`;
      const table = curveTable({ asof_date, curves: 60, tenors: 30, seed, source_file });
      const version = `${asof_date.replaceAll('-', '')}-${String(seed).padStart(16, '0')}`;
      const made = release({ version, vendor, asof_date, source_file, row_count: table.length });
      await objects.put(made.data_file, encodeCurveTable(table, { ingest_ts: INGEST_TS }).bytes);
      releases.push(made);
      rows.push(...rowsOf(table, INGEST_TS));
    }
  }
  const cache_dir = mkdtempSync(join(tmpdir(), 'aurum-exports-'));
  const ports: ExportPorts = {
    objects,
    queries: columnarCurveQueries({ objects, cache_dir }),
    tables: { releases: async () => releases } as unknown as Tables,
    clock: { now: () => '2025-09-12T22:00:00.000Z' },
    signing_key: KEYS.privateKey,
  };
  return { ports, objects, rows, releases };
}

/** The objects below a prefix as a folder that can be spoilt. */
export async function folderOf(objects: ReturnType<typeof memoryObjectStore>, prefix: string) {
  const files = new Map<string, Uint8Array>();
  for await (const { key } of objects.list(prefix)) {
    files.set(key.slice(prefix.length), (await objects.get(key))!.body);
  }
  const folder: ExportFolder = {
    entries: async () => [...files.keys()].map((name) => ({ name, is_file: true })),
    async *read(name) {
      const bytes = files.get(name)!;
      for (let at = 0; at < bytes.length; at += 100_003) yield bytes.subarray(at, at + 100_003);
    },
  };
  return { files, folder };
}
