/** What the ingest, quarantine and probe routes answer. */
import { z } from 'zod';
import { isoDate, utcTimestamp } from './curve-observation.ts';
import { workbookVersionId } from './lake.ts';
import { listMeta } from './page.ts';
import { quarantineShown, quarantineState } from './quarantine.ts';

const listOf = <Row extends z.ZodType>(row: Row) => z.strictObject({ meta: listMeta, data: z.array(row) });

export const ingestAnswer = listOf(
  z.strictObject({
    source_key: z.string().describe('Object key of the workbook'),
    file: z.string().describe('Its last part'),
    etag: z.string(),
    version: workbookVersionId.nullable(),
    vendor: z.string().nullable(),
    asof_date: isoDate.nullable(),
    stage: z.enum(['raw', 'staged', 'gated', 'released', 'published', 'quarantined', 'refused']),
    status: z.enum(['running', 'done', 'red']),
    detail: z.string().describe('Rows, or the reason with the cell'),
    at: utcTimestamp,
  }),
);

export const quarantineListAnswer = listOf(
  z.strictObject({
    version: workbookVersionId,
    vendor: z.string(),
    asof_date: isoDate,
    source_file: z.string(),
    summary: z.string().describe('Why it is red'),
    failure_count: z.int(),
    checked_at: utcTimestamp,
    state: quarantineState,
  }),
);

export const quarantineShowAnswer = z.strictObject({
  meta: z.strictObject({ version: workbookVersionId }),
  data: quarantineShown,
});

export const healthAnswer = z.strictObject({ status: z.literal('up') });
export const readyAnswer = z.strictObject({ status: z.literal('ready'), main: z.string() });
