/** Workbooks the gate refused. */
import { listQuarantine } from '#lib/flows/query-ingest.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { quarantineListAnswer } from '#schemas/ingest-answer.ts';
import { quarantineListQuery } from '#schemas/ingest-query.ts';

export const trigger = http('GET', '/v1/quarantine', {
  summary: 'Workbooks the gate refused',
  permission: 'ingest:read',
  query: quarantineListQuery,
  answer: quarantineListAnswer,
});

export const handler = onRequest(trigger, listQuarantine);
