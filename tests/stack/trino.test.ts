/** Slices by a real Trino over tables that our writer committed to Nessie. */
import { afterAll, beforeAll, describe } from 'vitest';
import { trinoCurveQueries } from '#lib/adapters/curve-queries/trino.ts';
import { curveQueriesCases } from '#tests/contract/curve-queries/cases.ts';
import { corner, TRINO_THERE, type TrinoCorner, trinoOn } from './lake-services.ts';
import { commitTable } from './released-tables.ts';

describe.skipIf(!TRINO_THERE)(
  'slices by Trino (skipped without AURUM_TRINO_URL, AURUM_NESSIE_URL, AURUM_S3_ENDPOINT)',
  () => {
    const lake = corner();
    const tables = lake.open();
    let trino: TrinoCorner;
    beforeAll(async () => {
      trino = await trinoOn(lake);
    });
    afterAll(() => trino.close());

    curveQueriesCases(
      'trino',
      () => {
        const queries = trinoCurveQueries({ ...trino.options, location_root: lake.location_root });
        return { queries, close: queries.close };
      },
      { questions: 40, stage: async (table, at) => (await commitTable(tables, table, at)).data_file },
    );
  },
);
