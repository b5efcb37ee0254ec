/** The stores answer: the catalog's main branch can be read. */
import { busy } from '#lib/domain/errors.ts';
import { onGet } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';

export const trigger = http('GET', '/ready');

export const handler = onGet(emptyQuery, async (_, { tables }) => {
  const main = await tables.head('main');
  if (main === undefined) throw busy('catalog_missing', 'the catalog has no main branch yet');
  return { status: 'ready', main: main.commit };
});
