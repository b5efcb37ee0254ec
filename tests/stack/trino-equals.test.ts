/**
 * Workbooks through the real flows into Nessie: the answers from the data files in process and from Trino are the same,
 * and pyiceberg (AURUM_PYTHON, over the Iceberg REST protocol) and DuckDB (out of the bucket) count the same rows.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trinoCurveQueries } from '#lib/adapters/curve-queries/trino.ts';
import { raw, trinoSql } from '#lib/adapters/curve-queries/trino-sql.ts';
import { queryCurves } from '#lib/flows/query-curves.ts';
import { CURVE_FIELDS } from '#lib/parquet/fields.ts';
import type { CurveQueries } from '#lib/ports/curve-queries.ts';
import { curveQuery } from '#schemas/curve-query.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { chainPorts, runChain, upload } from '#tests/fixtures/chain.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import {
  bucketThere,
  clearCorners,
  corner,
  TRINO_THERE,
  type TrinoCorner,
  trinoOn,
} from './lake-services.ts';

const run = promisify(execFile);
const python = process.env.AURUM_PYTHON;
const READ_CATALOG = new URL('python/read_catalog.py', import.meta.url).pathname;

/** Two vendors, two days, and a correction of one workbook. */
const DROPS = [
  ['pw', '2025-09-11', 1],
  ['eugp', '2025-09-11', 1],
  ['pw', '2025-09-12', 1],
  ['eugp', '2025-09-12', 1],
  ['pw', '2025-09-12', 2],
] as const;

describe.skipIf(!TRINO_THERE)(
  'the chain on Nessie and Trino (skipped without AURUM_TRINO_URL, AURUM_NESSIE_URL)',
  () => {
    const lake = corner();
    const ports = {
      ...chainPorts({ objects: lake.objects, expected_vendors: ['pw', 'eugp'] }),
      tables: lake.open(),
    };
    let corners: TrinoCorner | undefined;
    let trino: CurveQueries;
    let releases: readonly CurveRelease[];

    beforeAll(async () => {
      await bucketThere();
      corners = await trinoOn(lake);
      trino = trinoCurveQueries({ ...corners!.options, location_root: lake.location_root });
      for (const [at, [vendor, day, seed]] of DROPS.entries()) {
        const { file, bytes } = await sampleFile(vendor, day, { seed });
        await runChain(ports, await upload(ports, file, day, bytes, `0${at}`));
      }
      releases = await ports.tables.releases('main');
    });
    afterAll(async () => {
      await corners?.close();
      await clearCorners();
    });

    const slots = () => releases.map(({ vendor, asof_date }) => `${vendor} ${asof_date}`);
    const answered = (queries: CurveQueries, question: Record<string, string>) =>
      queryCurves(curveQuery.parse(question), { tables: ports.tables, queries }, { entitlements: 'all' });

    test('every workbook is released once, the correction as a version of its own', async () => {
      expect(slots()).toEqual(DROPS.map(([vendor, day]) => `${vendor} ${day}`));
      expect((await ports.tables.tags('release-')).map(({ ref }) => ref)).toEqual([
        'release-2025-09-11',
        'release-2025-09-12',
        'release-2025-09-12.2',
      ]);
    });

    test('any question has one answer', async () => {
      const [before, corrected] = [releases[2]!, releases[4]!];
      const questions: Record<string, string>[] = [
        { limit: '10000' },
        { limit: '10000', asof: '2025-09-12' },
        { limit: '10000', asof: '2025-09-12', as_known_at: before.known_at },
        { limit: '10000', version: before.version },
        { limit: '10000', version: corrected.version },
        { iso: 'pjm', market: ' WEST', block: 'on_peak' },
        { asset_class: 'Gas', contract_from: '2026-01', contract_to: '2026-12' },
        { tenor_type: 'CALENDAR', price_type: 'Mid', limit: '200' },
        { location: 'nowhere' },
      ];
      const counts: number[] = [];
      for (const question of questions) {
        const local = await answered(ports.queries, question);
        expect(await answered(trino, question)).toStrictEqual(local);
        counts.push(local.data.length);
      }
      expect(counts.filter((count) => count === 0)).toHaveLength(1);
      const prices = async (release: CurveRelease) =>
        (await answered(trino, { version: release.version, limit: '10000' })).data.map(({ value }) => value);
      expect(await prices(before)).not.toEqual(await prices(corrected));
    });

    test('pages follow each other across both', async () => {
      const question = { asof: '2025-09-12', limit: '4000' };
      const whole = await answered(ports.queries, { ...question, limit: '10000' });
      const paged = [];
      for (let cursor: string | null | undefined, at = 0; cursor !== null; at++) {
        const queries = at % 2 === 0 ? trino : ports.queries;
        const page = await answered(queries, { ...question, ...(cursor === undefined ? {} : { cursor }) });
        paged.push(...page.data);
        cursor = page.meta.next_cursor;
      }
      expect(paged.slice(0, whole.data.length)).toStrictEqual(whole.data);
    });

    test('Trino counts what was released', async () => {
      const sql = trinoSql(corners!.options);
      const count = async (table: string) => (await sql.query(raw(`SELECT count(*) FROM ${table}`)))[0]?.[0];
      expect(await count('curve_observation')).toBe(
        releases.reduce((sum, { row_count }) => sum + row_count, 0),
      );
      expect(await count('curve_release')).toBe(DROPS.length);
    });

    test.skipIf(python === undefined)(
      'pyiceberg and DuckDB count the same (skipped without AURUM_PYTHON)',
      async () => {
        const { stdout } = await run(python!, [
          READ_CATALOG,
          lake.nessie_url,
          `${lake.name}_main`,
          lake.warehouse,
        ]);
        const seen = JSON.parse(stdout);
        const rows = releases.reduce((sum, { row_count }) => sum + row_count, 0);
        expect(seen['market.curve_observation']).toMatchObject({ rows, duckdb_rows: rows });
        expect(seen['market.curve_observation'].field_ids).toEqual(
          Object.fromEntries(CURVE_FIELDS.map(({ name, id }) => [name, id])),
        );
        expect(seen['market.curve_release'].versions).toEqual(releases.map(({ version }) => version).sort());
        expect(new Set(seen['market.qa_checks'].versions)).toEqual(
          new Set(releases.map(({ version }) => version)),
        );
      },
    );
  },
);
