/** Cells of a raw workbook around one of them. */
import { showCells } from '#lib/flows/show-cells.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { cellsAnswer, cellsQuery } from '#schemas/workbook-routes.ts';

export const trigger = http('GET', '/v1/ingest/cells', {
  summary: 'Cells of a raw workbook around one of them, as they lie in the sheet',
  permission: 'ingest:read',
  query: cellsQuery,
  answer: cellsAnswer,
});

export const handler = onRequest(trigger, showCells);
