import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { columnarCurveQueries } from '#lib/adapters/curve-queries/columnar.ts';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { rowsOf } from '#lib/domain/curve.ts';
import { encodeCurveTable } from '#lib/parquet/encode.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { release } from '#tests/fixtures/release.ts';
import { curveTable, seriesOf } from '#tests/unit/parquet/curve-tables.ts';
import { curveQueriesCases } from './cases.ts';
import { slicedNaively } from './oracle.ts';

const folder = await mkdtemp(join(tmpdir(), 'aurum-curve-queries-'));
afterAll(() => rmSync(folder, { recursive: true }));

const opened = (objects: ObjectStore, cache: string, limits = {}) => {
  const queries = columnarCurveQueries({ objects, cache_dir: join(folder, cache), ...limits });
  return { queries, close: queries.close };
};
curveQueriesCases('columnar', (objects) => opened(objects, 'ample'));
curveQueriesCases('columnar, memory for next to nothing', (objects) =>
  opened(objects, 'scarce', { memory_limit_mb: 0.02 }),
);

describe('copies of data files on disk', () => {
  const INGEST_TS = '2025-09-12T20:15:01.123Z';

  async function stored(days: number) {
    const objects = memoryObjectStore();
    const releases: CurveRelease[] = [];
    const rows = new Map();
    for (let day = 1; day <= days; day++) {
      const table = curveTable({ asof_date: `2025-09-0${day}`, curves: 300, tenors: 40, seed: day });
      const data_file = `data/day-${day}.parquet`;
      await objects.put(data_file, encodeCurveTable(table, { ingest_ts: INGEST_TS }).bytes);
      rows.set(data_file, [...rowsOf(table, INGEST_TS)]);
      releases.push(
        release({ version: `v${day}`, asof_date: table.asof_date, row_count: table.length, data_file }),
      );
    }
    let gets = 0;
    const counting: ObjectStore = {
      ...objects,
      get: (...asked) => {
        gets++;
        return objects.get(...asked);
      },
    };
    const query = {
      releases,
      latest: false,
      entitlements: 'all' as const,
      filter: { curve_key: seriesOf(7).curve_key },
      limit: 1_000,
    };
    const expected = slicedNaively(query, (key) => rows.get(key));
    const all = slicedNaively({ ...query, filter: {}, limit: 20_000 }, (key) => rows.get(key));
    return { objects: counting, query, expected, all, gets: () => gets };
  }

  it('are fetched once for many slices at a time, and not again after a restart', async () => {
    const { objects, query, expected, gets } = await stored(3);
    const first = opened(objects, 'restart').queries;
    const answers = await Promise.all(Array.from({ length: 20 }, () => first.slice(query)));
    for (const answer of answers) expect(answer).toEqual(expected);
    expect(gets()).toBe(3);
    expect(await opened(objects, 'restart').queries.slice(query)).toEqual(expected);
    expect(gets()).toBe(3);
  });

  it('are fetched again when one is damaged, or the folder is emptied meanwhile', async () => {
    const { objects, query, expected, all, gets } = await stored(1);
    await opened(objects, 'damage').queries.slice(query);
    const [copy] = readdirSync(join(folder, 'damage'));
    truncateSync(join(folder, 'damage', copy!), 1_000);
    const queries = opened(objects, 'damage').queries;
    expect(await queries.slice({ ...query, limit: 1 })).toEqual(expected.slice(0, 1));
    expect(gets()).toBe(2);
    const path = join(folder, 'damage', copy!);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(7, 100_000, 140_000));
    expect(
      await opened(objects, 'damage', { memory_limit_mb: 0.02 }).queries.slice({
        ...query,
        filter: {},
        limit: 20_000,
      }),
    ).toEqual(all);
    expect(gets()).toBe(3);
    rmSync(join(folder, 'damage'), { recursive: true });
    const other = { ...query, filter: { curve_key: seriesOf(250).curve_key } };
    const [far] = await Promise.all([
      queries.slice(other),
      queries.slice({ ...query, filter: {}, limit: 20_000 }),
    ]);
    expect(far).toHaveLength(40);
  });

  it('stay below the limit of the folder: the oldest go', async () => {
    const { objects, query, expected } = await stored(4);
    const { queries } = opened(objects, 'limit', { disk_limit_mb: 0.4 });
    expect(await queries.slice(query)).toEqual(expected);
    expect(readdirSync(join(folder, 'limit')).length).toBeLessThan(4);
    expect(await queries.slice(query)).toEqual(expected);
  });
});
