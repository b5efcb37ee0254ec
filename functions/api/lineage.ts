/** Where a value comes from, down to the workbook cell. */
import { traceLineage } from '#lib/flows/trace-lineage.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { lineageAnswer, lineageQuery } from '#schemas/lineage.ts';

export const trigger = http('GET', '/v1/lineage', {
  summary: 'Where a value comes from, down to the workbook cell, and what follows from it',
  permission: 'curves:read',
  query: lineageQuery,
  answer: lineageAnswer,
});

export const handler = onRequest(trigger, traceLineage);
