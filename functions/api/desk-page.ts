/** The desk. */
import { deskPage } from '#lib/runtime/desk/files.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';

export const trigger = http('GET', '/', {
  summary: 'The desk, a page for people',
  permission: 'public',
  query: emptyQuery,
  raw: 'text/html',
});

export const handler = onRequest(trigger, async () => deskPage());
