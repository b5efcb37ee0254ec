/** A release as the vendor's own workbook, which ingests to the same keys and values. */
import { atMost } from '#lib/domain/turns.ts';
import { exportWorkbook } from '#lib/flows/export-workbook.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http, type RawAnswer } from '#lib/runtime/triggers.ts';
import { workbookQuery } from '#schemas/export.ts';

export const trigger = http('GET', '/v1/curves.xlsx', {
  summary: 'A release as the workbook of its vendor',
  permission: 'curves:read',
  query: workbookQuery,
  raw: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  of: 'curves',
});

/** Writing one takes a second of this process, so that the second waits for the first, and few wait. */
const inTurn = atMost(1, 4);

export const handler = onRequest(trigger, (query, ports, caller) =>
  inTurn(async (): Promise<RawAnswer> => {
    const { file_name, bytes } = await exportWorkbook(query, ports, caller);
    const name = file_name.replaceAll(/[^\w.-]/g, '_');
    return { headers: { 'content-disposition': `attachment; filename="${name}"` }, body: bytes };
  }),
);
