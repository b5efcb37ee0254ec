/** What the ingest and quarantine routes take. */
import { z } from 'zod';
import { isoDate } from './curve-observation.ts';
import { workbookVersionId } from './lake.ts';
import { quarantineState } from './quarantine.ts';

export const ingestQuery = z.strictObject({
  key: z.string().min(1).max(1_024).optional().describe('Object key of the workbook'),
  asof: isoDate.optional().describe('As-of day, YYYY-MM-DD'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(100)
    .describe('Deliveries, 1 to 1000. Default 100'),
});
export type IngestQuery = z.infer<typeof ingestQuery>;

export const quarantineListQuery = z.strictObject({
  state: quarantineState.optional().describe('Only workbooks in this state'),
  asof: isoDate.optional().describe('As-of day, YYYY-MM-DD'),
});
export type QuarantineListQuery = z.infer<typeof quarantineListQuery>;

export const quarantineShowQuery = z.strictObject({
  version: workbookVersionId.describe(
    'Workbook version, YYYYMMDD-<16 hex digits>, as GET /v1/quarantine lists it',
  ),
});

export const emptyQuery = z.strictObject({});
