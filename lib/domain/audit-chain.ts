/**
 * The audit trail as a hash chain: each event holds the hash of the one before, so that whoever changes, drops or inserts
 * one must change all that follow. Knows nothing of where events are kept.
 */
import type { AuditContent, AuditEvent } from '#schemas/audit.ts';
import { canonicalHash } from './canonical-json.ts';

/** What the first event has for the hash of one before it. */
const BEGINNING = '0'.repeat(64);

/** The last event of a chain; null of an empty one. */
export type ChainEnd = Pick<AuditEvent, 'seq' | 'hash'> | null;

/** The event that follows `end`. */
export function chained(content: Omit<AuditContent, 'seq'>, end: ChainEnd): AuditEvent {
  const event = { ...content, seq: (end?.seq ?? 0) + 1, prev_hash: end?.hash ?? BEGINNING };
  return { ...event, hash: canonicalHash(event) };
}

/** Why the event does not follow `end`; undefined when it does. */
export function brokenLink(event: AuditEvent, end: ChainEnd): string | undefined {
  const { hash, ...content } = event;
  const place = (end?.seq ?? 0) + 1;
  if (event.seq !== place) return `event ${place} is missing: event ${event.seq} is in its place`;
  if (event.prev_hash !== (end?.hash ?? BEGINNING)) return `event ${place} does not follow the one before it`;
  if (canonicalHash(content) !== hash) return `event ${place} is not what was recorded`;
  return undefined;
}
