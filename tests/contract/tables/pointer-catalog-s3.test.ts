import { afterAll, beforeAll, describe } from 'vitest';
import { localTables } from '#lib/adapters/tables/pointer-catalog.ts';
import { tablesCases } from './cases.ts';
import { gatewayStores } from './gateway.ts';

describe('tables with the pointer catalog, objects behind the S3 gateway', () => {
  let stores: Awaited<ReturnType<typeof gatewayStores>>;
  beforeAll(async () => {
    stores = await gatewayStores();
  });
  afterAll(() => stores.close());

  tablesCases(
    async () => {
      const objects = stores.fresh();
      return () => localTables({ objects, bucket: 'aurum' });
    },
    { releases: 12, writers: 8 },
  );
});
