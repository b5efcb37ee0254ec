/** What the ingest and quarantine routes take. */
import { z } from 'zod';
import { isoDate } from './curve-observation.ts';
import { workbookVersionId } from './lake.ts';

export const ingestQuery = z.strictObject({
  key: z.string().min(1).max(1_024).optional().describe('Object key of the workbook'),
  asof: isoDate.optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
export type IngestQuery = z.infer<typeof ingestQuery>;

export const quarantineListQuery = z.strictObject({ asof: isoDate.optional() });
export type QuarantineListQuery = z.infer<typeof quarantineListQuery>;

export const quarantineShowQuery = z.strictObject({ version: workbookVersionId });

export const emptyQuery = z.strictObject({});
