/** Pages of contracts and valuations: newest first, their cursor bound to its question. */
import type { PpaPage } from '#lib/ports/ppa.ts';
import { makeListCursor, readListCursor } from './list-cursor.ts';
import { questionOf } from './query-curves.ts';

export interface AskedPage extends PpaPage {
  readonly question: string;
}

/** @throws AurumError `cursor_invalid`, `cursor_mismatch` */
export function listPage(
  query: Readonly<Record<string, unknown>> & { limit: number; cursor?: string | undefined },
): AskedPage {
  const question = questionOf(query);
  const place = readListCursor(query.cursor, question);
  const after = place && { created_at: place.as_known_at, id: place.after };
  // One more than is shown tells whether there is a next page.
  return { question, limit: query.limit + 1, after };
}

export function listedPage<Row extends { readonly created_at: string }>(
  rows: readonly Row[],
  { question, limit }: AskedPage,
  idOf: (row: Row) => string,
) {
  const data = rows.slice(0, limit - 1);
  const last = rows.length === limit ? data.at(-1) : undefined;
  const next_cursor =
    last === undefined ? null : makeListCursor({ question, as_known_at: last.created_at, after: idOf(last) });
  return { meta: { count: data.length, next_cursor }, data };
}
