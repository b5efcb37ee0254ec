/**
 * The tables of the lake in a real Nessie, objects in the bucket of its warehouse. Every state has branches, tags and a
 * folder of its own, so the suite disturbs nobody who uses the same server.
 */
import { describe } from 'vitest';
import { tablesCases } from '#tests/contract/tables/cases.ts';
import { corner, NESSIE_THERE } from './lake-services.ts';

describe.skipIf(!NESSIE_THERE)(
  'tables in Nessie (skipped without AURUM_NESSIE_URL and AURUM_S3_ENDPOINT)',
  () => {
    tablesCases(
      async () => {
        const { open } = corner();
        return () => open();
      },
      { releases: 12, writers: 16 },
    );
  },
);
