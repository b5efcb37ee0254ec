/** What the gate checked. */
import { queryQa } from '#lib/flows/query-qa.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { qaAnswer, qaQuery } from '#schemas/releases.ts';

export const trigger = http('GET', '/v1/qa', {
  summary: 'Results of the gate, one per expectation and workbook version',
  permission: 'ingest:read',
  query: qaQuery,
  answer: qaAnswer,
});

export const handler = onRequest(trigger, queryQa);
