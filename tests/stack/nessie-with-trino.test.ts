/** Tables that Trino made and changes: our writer goes on with them, and Trino reads what it wrote. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { raw, statementsOf, type TrinoSql, trinoSql } from '#lib/adapters/curve-queries/trino-sql.ts';
import { rowsOf } from '#lib/domain/curve.ts';
import { commitDay, marketDay, releaseDay, stageDay } from '#tests/contract/tables/market-days.ts';
import {
  bucketThere,
  clearCorners,
  corner,
  TRINO_THERE,
  type TrinoCorner,
  trinoOn,
} from './lake-services.ts';

const DDL = readFileSync(new URL('../../ddl/iceberg/market.sql', import.meta.url), 'utf8');
const DAYS = ['2025-09-10', '2025-09-11', '2025-09-12'].map((day) => marketDay(day));

describe.skipIf(!TRINO_THERE)(
  'tables made by Trino (skipped without AURUM_TRINO_URL, AURUM_NESSIE_URL)',
  () => {
    const lake = corner({ whole_bucket: true });
    const tables = lake.open();
    let corners: TrinoCorner | undefined;
    let trino: TrinoSql;

    beforeAll(async () => {
      await bucketThere();
      corners = await trinoOn(lake);
      trino = trinoSql(corners!.options);
      const ddl = DDL.replaceAll('iceberg.market', `${lake.name}.market`).replaceAll(
        's3://aurum/curated/iceberg/',
        `s3://${lake.bucket}/curated/iceberg/${lake.name}/`,
      );
      for (const statement of statementsOf(ddl)) await trino.query(raw(statement));
    });
    afterAll(async () => {
      await corners?.close();
      await clearCorners();
    });

    const rows = async (sql: string) => (await trino.query(raw(sql))).map((row) => row[0]);

    test('take our releases: field ids, partitions and order are the same on both sides', async () => {
      expect(await tables.releases('main')).toEqual([]);
      for (const day of DAYS) await releaseDay(tables, day);
      expect(await tables.releases('main')).toEqual(DAYS.map(({ release }) => release));
      const expected = DAYS.flatMap((day) => [...rowsOf(day.table, day.at)]);
      expect(await rows('SELECT count(*) FROM curve_observation')).toEqual([expected.length]);
      const cells = await rows('SELECT source_cell FROM curve_observation');
      expect([...cells].sort()).toEqual(expected.map(({ source_cell }) => source_cell).sort());
      const sum = await rows("SELECT sum(value) FROM curve_observation WHERE asof_date = DATE '2025-09-12'");
      const last = [...rowsOf(DAYS[2]!.table, DAYS[2]!.at)];
      expect(sum[0]).toBeCloseTo(
        last.reduce((total, { value }) => total + value, 0),
        9,
      );
      expect(await rows('SELECT version FROM curve_release ORDER BY asof_date')).toEqual(
        DAYS.map(({ version }) => version),
      );
    });

    test('go on after Trino wrote to them', async () => {
      await trino.query(
        raw(
          'INSERT INTO qa_checks SELECT version, asof_date, \'by hand\', expectation, "column", severity, success, element_count, unexpected_count, unexpected_cells, checked_at FROM qa_checks',
        ),
      );
      const day = marketDay('2025-10-01');
      await releaseDay(tables, day);
      expect(await rows('SELECT count(*) FROM qa_checks')).toEqual([DAYS.length * 2 + 1]);
      expect(await rows("SELECT count(*) FROM qa_checks WHERE suite = 'by hand'")).toEqual([DAYS.length]);
      expect(await tables.releases('main')).toHaveLength(DAYS.length + 1);
    });

    test('are not written to when their layout is another', async () => {
      for (const change of [
        "ALTER TABLE qa_checks SET PROPERTIES partitioning = ARRAY['day(asof_date)']",
        'ALTER TABLE qa_checks ADD COLUMN note VARCHAR',
      ]) {
        await trino.query(raw(change));
        const day = marketDay('2025-10-02');
        const base = (await tables.head('main'))!;
        const committed = commitDay(tables, day, base, await stageDay(tables, day));
        await expect(committed).rejects.toMatchObject({ code: 'table_layout_differs' });
        expect(await tables.head(day.branch)).toBeUndefined();
      }
    });
  },
);
