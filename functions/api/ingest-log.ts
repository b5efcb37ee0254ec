/** What arrived, at which stage, and why something is red. */
import { queryIngest } from '#lib/flows/query-ingest.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { ingestAnswer } from '#schemas/ingest-answer.ts';
import { ingestQuery } from '#schemas/ingest-query.ts';

export const trigger = http('GET', '/v1/ingest', {
  summary: 'What arrived, at which stage, and why something is red',
  permission: 'ingest:read',
  query: ingestQuery,
  answer: ingestAnswer,
});

export const handler = onRequest(trigger, queryIngest);
