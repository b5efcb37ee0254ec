/** The stores answer: the catalog's main branch can be read. */
import { busy } from '#lib/domain/errors.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { readyAnswer } from '#schemas/ingest-answer.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';

export const trigger = http('GET', '/ready', {
  summary: 'The stores answer',
  permission: 'public',
  query: emptyQuery,
  answer: readyAnswer,
});

export const handler = onRequest(trigger, async (_, { tables }) => {
  const main = await tables.head('main');
  if (main === undefined) throw busy('catalog_missing', 'the catalog has no main branch yet');
  return { status: 'ready' as const, main: main.commit };
});
