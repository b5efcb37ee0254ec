/** What each cell of a delivered workbook was taken for, drawn. */
import { coverageMap } from '#lib/runtime/desk/coverage.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { coverageQuery } from '#schemas/workbook-routes.ts';

export const trigger = http('GET', '/v1/ingest/coverage', {
  summary: 'Coverage map of a workbook: what each cell was taken for, drawn',
  permission: 'ingest:read',
  query: coverageQuery,
  raw: 'text/html',
});

export const handler = onRequest(trigger, coverageMap);
