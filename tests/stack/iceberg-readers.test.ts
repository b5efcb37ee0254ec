/**
 * What others read of the tables we write: pyiceberg, and DuckDB with its iceberg extension, each on a folder that holds
 * the bucket. AURUM_PYTHON is a Python with pyiceberg[pyarrow], duckdb, duckdb-extension-avro and -iceberg.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import type { TableName } from '#lib/adapters/tables/iceberg/schema.ts';
import { localTables } from '#lib/adapters/tables/pointer-catalog.ts';
import { rowsOf } from '#lib/domain/curve.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import { marketDay, releaseDay } from '#tests/contract/tables/market-days.ts';

const python = process.env.AURUM_PYTHON;
const SCRIPT = new URL('python/read_iceberg.py', import.meta.url).pathname;
const run = promisify(execFile);

/** 105 releases, so that the table has gone through a merge of its manifests; the last four are of full size. */
const SMALL = Array.from({ length: 101 }, (_, index) => marketDay('2025-07-01', index, 3, 5));
const LARGE = ['2025-08-29', '2025-09-11', '2025-09-12', '2025-10-01'].map((day) =>
  marketDay(day, 0, 40, 70),
);

interface Seen {
  readonly rows: readonly Record<string, unknown>[];
  readonly files: number;
  readonly all_files: number;
}

const inOrder = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort();

describe.skipIf(python === undefined)('tables read by others (skipped without AURUM_PYTHON)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aurum-iceberg-'));
  const root = `file://${folder}`;
  const objects = memoryObjectStore();
  const tables = localTables({ objects, bucket: 'aurum', location_root: root });

  beforeAll(async () => {
    for (const day of [...SMALL, ...LARGE]) {
      await releaseDay(tables, day);
      if (day.release.asof_date === '2025-09-11') {
        await tables.tag('release-2025-09-11', (await tables.head('main'))!.commit);
      }
    }
    await copyToFolder(objects, folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function read(engine: string, ref: string, table: TableName, where = '='): Promise<Seen> {
    const { commit } = (await tables.head(ref))!;
    const stored = await objects.get(`catalog/commits/${commit}.json`);
    const location = JSON.parse(Buffer.from(stored!.body).toString()).tables[table];
    const { stdout } = await run(python!, [SCRIPT, engine, location, '--where', where], {
      maxBuffer: 2 ** 28,
      env: { ...process.env, TMPDIR: folder },
    });
    return JSON.parse(stdout);
  }

  describe.each(['pyiceberg', 'duckdb'])('%s', (engine) => {
    test('sees every row of every release, every price to the last bit', async () => {
      const seen = await read(engine, 'main', 'market.curve_observation');
      const written = [...SMALL, ...LARGE].flatMap((day) => [...rowsOf(day.table, day.at)]);
      expect(seen.rows).toHaveLength(101 * 15 + 4 * 2800);
      expect(inOrder(seen.rows)).toEqual(inOrder(written));
      expect(seen.all_files).toBe(105);
    });

    test('opens only the files that a market day or a curve can be in', async () => {
      const day = await read(engine, 'main', 'market.curve_observation', 'asof_date=2025-09-12');
      expect(inOrder(day.rows)).toEqual(inOrder([...rowsOf(LARGE[2]!.table, LARGE[2]!.at)]));
      expect(day.files).toBe(1);
      const { series } = LARGE[0]!.table;
      const keys = [...series].map(({ curve_key }) => curve_key).sort();
      const small = new Set(SMALL[0]!.table.series.map(({ curve_key }) => curve_key));
      const outside = keys.filter(
        (key) => [...small].every((each) => key > each) || [...small].every((each) => key < each),
      );
      const curve = await read(engine, 'main', 'market.curve_observation', `curve_key=${outside[0]}`);
      expect(curve.rows).toHaveLength(4 * 70);
      expect(curve.files).toBe(4);
    });

    test('sees the small tables', async () => {
      const releases = await read(engine, 'main', 'market.curve_release');
      expect(inOrder(releases.rows)).toEqual(inOrder([...SMALL, ...LARGE].map(({ release }) => release)));
      const checks = await read(engine, 'main', 'market.qa_checks', 'asof_date=2025-09-12');
      expect(checks.rows).toMatchObject([
        { version: LARGE[2]!.version, success: true, checked_at: LARGE[2]!.at },
      ]);
      expect(checks.files).toBe(1);
    });

    test('sees a tag as the tables were then', async () => {
      const seen = await read(engine, 'release-2025-09-11', 'market.curve_observation');
      expect(seen.rows).toHaveLength(101 * 15 + 2 * 2800);
      expect(seen.rows.some((row) => row.asof_date === '2025-09-12')).toBe(false);
    });
  });
});

async function copyToFolder(objects: ObjectStore, folder: string): Promise<void> {
  for await (const { key } of objects.list('')) {
    const path = join(folder, key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, (await objects.get(key))!.body);
  }
}
