/** Place of a record: its batch and its index in it. Fixed width, so that text order is log order. */
import { refusal } from '#lib/domain/errors.ts';

export interface Position {
  /** What identifies the batch, ascending: its first byte in a log. */
  readonly batch: number;
  readonly index: number;
}

export function formatPosition({ batch, index }: Position): string {
  return `${String(batch).padStart(15, '0')}-${String(index).padStart(9, '0')}`;
}

export function parsePosition(text: string): Position {
  const parts = /^(\d{15})-(\d{9})$/.exec(text);
  if (parts === null) {
    throw refusal('position_invalid', `${JSON.stringify(text.slice(0, 40))} is no position of an event.`, {
      remedy: 'Use the position of a record that was read.',
    });
  }
  return { batch: Number(parts[1]), index: Number(parts[2]) };
}
