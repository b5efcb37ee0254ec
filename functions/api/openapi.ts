/** The description of all routes. */
import { openapiDocument } from '#lib/runtime/desk/openapi.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';
import { openapiAnswer } from '#schemas/session.ts';

export const trigger = http('GET', '/openapi.json', {
  summary: 'The description of all routes',
  permission: 'public',
  query: emptyQuery,
  answer: openapiAnswer,
});

export const handler = onRequest(trigger, async () => openapiDocument());
