import { afterAll, beforeAll, describe } from 'vitest';
import { localLake } from '#lib/adapters/versioned-lake/local.ts';
import { gatewayStores } from '#tests/contract/tables/gateway.ts';
import { versionedLakeCases } from './cases.ts';

describe('versioned lake behind the S3 gateway', () => {
  let stores: Awaited<ReturnType<typeof gatewayStores>>;
  beforeAll(async () => {
    stores = await gatewayStores();
  });
  afterAll(() => stores.close());

  versionedLakeCases(
    async () => {
      const objects = stores.fresh();
      return () => localLake({ objects });
    },
    { deliveries: 30 },
  );
});
