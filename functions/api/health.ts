/** The process is up. */
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { healthAnswer } from '#schemas/ingest-answer.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';

export const trigger = http('GET', '/health', {
  summary: 'The process is up',
  permission: 'public',
  query: emptyQuery,
  answer: healthAnswer,
});

export const handler = onRequest(trigger, async () => ({ status: 'up' as const }));
