/** The description of all routes, to read. */
import { openapiDocument } from '#lib/runtime/desk/openapi.ts';
import { referencePage } from '#lib/runtime/desk/reference.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';

export const trigger = http('GET', '/docs', {
  summary: 'The description of all routes, a page to read',
  permission: 'public',
  query: emptyQuery,
  raw: 'text/html',
});

export const handler = onRequest(trigger, async () => referencePage(openapiDocument()));
