/** Slices by a real Trino over tables that our writer committed to Nessie, and what Trino makes of hostile values. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trinoCurveQueries } from '#lib/adapters/curve-queries/trino.ts';
import { joined, raw, sql, trinoSql } from '#lib/adapters/curve-queries/trino-sql.ts';
import { curveQueriesCases } from '#tests/contract/curve-queries/cases.ts';
import { randomNumbers } from '#tests/unit/parquet/curve-tables.ts';
import { HOSTILE } from '#tests/unit/trino/hostile-text.ts';
import {
  bucketThere,
  clearCorners,
  corner,
  TRINO_THERE,
  type TrinoCorner,
  trinoOn,
} from './lake-services.ts';
import { commitTable } from './released-tables.ts';

describe.skipIf(!TRINO_THERE)(
  'Trino (skipped without AURUM_TRINO_URL, AURUM_NESSIE_URL, AURUM_S3_ENDPOINT)',
  () => {
    const lake = corner();
    const tables = lake.open();
    let corners: TrinoCorner | undefined;
    beforeAll(async () => {
      await bucketThere();
      corners = await trinoOn(lake);
    });
    afterAll(async () => {
      await corners?.close();
      await clearCorners();
    });

    curveQueriesCases(
      'trino',
      () => {
        const queries = trinoCurveQueries({ ...corners!.options, location_root: lake.location_root });
        return { queries, close: queries.close };
      },
      { questions: 40, stage: async (table, at) => (await commitTable(tables, table, at)).data_file },
    );

    test('text comes back as it was given, whatever it says', async () => {
      const texts = HOSTILE.map((text) => sql`${text}`);
      const [row] = await trinoSql(corners!.options).query(sql`SELECT ${joined(texts, ', ')}`);
      expect(row).toEqual(HOSTILE);
    });

    test('doubles come back to the bit', async () => {
      const random = randomNumbers(7);
      const doubles = [1e-7, 0.1, 5e-324, Number.MAX_VALUE, 1 / 3, 123_456_789.12345679];
      for (let at = 0; at < 300; at++) doubles.push((random() - 0.5) * 10 ** Math.floor(random() * 40 - 20));
      const written = doubles.map((double) => sql`CAST(${String(double)} AS DOUBLE)`);
      const [row] = await trinoSql(corners!.options).query(sql`SELECT ${joined(written, ', ')}`);
      expect(row).toEqual(doubles);
    });

    test('what is wrong with a statement is said by its error', async () => {
      const asked = trinoSql(corners!.options).query(raw('SELECT nothing FROM nowhere'));
      const expected = { code: 'trino_query_failed', message: expect.stringContaining('nowhere') };
      await expect(asked).rejects.toMatchObject(expected);
    });

    test('a statement that takes too long is ended', async () => {
      const impatient = trinoSql({ ...corners!.options, timeout_ms: 200 });
      const many = 'UNNEST(sequence(1, 10000))';
      const long = raw(`SELECT count(*) FROM ${many} CROSS JOIN ${many} CROSS JOIN ${many}`);
      await expect(impatient.query(long)).rejects.toMatchObject({ code: 'trino_timeout', kind: 'busy' });
    });
  },
);
