/**
 * Place in a topic of several partitions: where each of them is to be read next. One record further is one number higher,
 * so text order is reading order, and reading after a position misses nothing whichever partition grew.
 */
import { refusal } from '#lib/domain/errors.ts';

const DIGITS = 15;

export function formatOffsets(offsets: readonly number[]): string {
  return offsets.map((offset) => String(offset).padStart(DIGITS, '0')).join('-');
}

/** Offset by partition. */
export function parseOffsets(text: string): readonly number[] {
  if (/^\d{15}(-\d{15})*$/.test(text)) return text.split('-').map(Number);
  throw refusal('position_invalid', `${JSON.stringify(text.slice(0, 40))} is no position of an event.`, {
    remedy: 'Use the position of a record that was read.',
  });
}
