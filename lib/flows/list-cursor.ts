/** Cursors: opaque, bound to the question they continue and to the state of the releases it began with. */
import { z } from 'zod';
import { refusal } from '#lib/domain/errors.ts';
import { sha256Hex, utcTimestamp } from '#schemas/curve-observation.ts';

/** Where a list goes on. */
export interface ListPlace<After = string> {
  /** Digest of everything asked but the page. */
  readonly question: string;
  readonly as_known_at: string;
  /** What the last entry of the page before is ordered by. */
  readonly after: After;
}

export function makeListCursor(place: ListPlace<unknown>): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/**
 * @param after what entries are ordered by; text, unless said otherwise
 * @throws AurumError `cursor_invalid` for text this service did not make, `cursor_mismatch` for another question's
 */
export function readListCursor(text: string | undefined, question: string): ListPlace | undefined;
export function readListCursor<After>(
  text: string | undefined,
  question: string,
  after: z.ZodType<After>,
): ListPlace<After> | undefined;
export function readListCursor(
  text: string | undefined,
  question: string,
  after: z.ZodType = z.string(),
): ListPlace<unknown> | undefined {
  if (text === undefined) return undefined;
  const remedy = 'Leave the cursor out to begin again, or pass meta.next_cursor with the same filters.';
  const listPlace = z.strictObject({ question: sha256Hex, as_known_at: utcTimestamp, after });
  let place: ListPlace<unknown>;
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
