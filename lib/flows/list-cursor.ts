/** Cursors of lists: opaque, and bound to the question they continue. */
import { z } from 'zod';
import { refusal } from '#lib/domain/errors.ts';
import { utcTimestamp } from '#schemas/curve-observation.ts';

/** Where a list goes on, and the state of the releases it began with. */
const listPlace = z.strictObject({
  question: z.string(),
  as_known_at: utcTimestamp,
  /** What the last entry of the page before is ordered by. */
  after: z.string(),
});
export type ListPlace = z.infer<typeof listPlace>;

export function makeListCursor(place: ListPlace): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @throws AurumError `cursor_invalid` for text this service did not make, `cursor_mismatch` for another question's. */
export function readListCursor(text: string | undefined, question: string): ListPlace | undefined {
  if (text === undefined) return undefined;
  const remedy = 'Leave the cursor out to begin again, or pass meta.next_cursor with the same filters.';
  let place: ListPlace;
  try {
    place = listPlace.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch (cause) {
    const message = 'the cursor is not one this service made';
    throw refusal('cursor_invalid', message, { field: 'cursor', remedy, cause });
  }
  if (place.question === question) return place;
  const message = 'the cursor belongs to a query with other filters';
  throw refusal('cursor_mismatch', message, { field: 'cursor', remedy });
}
