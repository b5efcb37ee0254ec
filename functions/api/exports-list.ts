/** Exports of the caller's tenant. */
import { listExports } from '#lib/flows/query-exports.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { exportListAnswer, exportListQuery } from '#schemas/export.ts';

export const trigger = http('GET', '/v1/exports', {
  summary: 'Exports of your tenant, newest as-of day first',
  permission: 'exports:read',
  query: exportListQuery,
  answer: exportListAnswer,
});

export const handler = onRequest(trigger, listExports);
