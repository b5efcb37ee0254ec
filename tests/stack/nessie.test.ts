/**
 * The tables of the lake in a real Nessie, objects in the bucket of its warehouse. Every state has branches, tags and a
 * folder of its own, so the suite disturbs nobody who uses the same server.
 */
import { randomUUID } from 'node:crypto';
import { describe } from 'vitest';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { nessieTables } from '#lib/adapters/tables/nessie.ts';
import { tablesCases } from '#tests/contract/tables/cases.ts';
import { lakeServices } from './lake-services.ts';

const services = lakeServices();

describe.skipIf(services === undefined)(
  'tables in Nessie (skipped without AURUM_NESSIE_URL and AURUM_S3_ENDPOINT)',
  () => {
    tablesCases(
      async () => {
        const name = `t${randomUUID().slice(0, 8)}`;
        const prefix = `curated/iceberg/${name}/`;
        const objects = s3ObjectStore({ ...services!.s3, prefix });
        return () =>
          nessieTables({
            ...services!.nessie,
            objects,
            bucket: services!.s3.bucket,
            location_root: `s3://${services!.s3.bucket}/${prefix.slice(0, -1)}`,
            warehouse_prefix: 'tables',
            ref_prefix: `${name}_`,
          });
      },
      { releases: 12, writers: 16 },
    );
  },
);
