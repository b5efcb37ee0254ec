/** The audit trail: events are added to the end of one chain, by however many processes, and never changed. */
import type { AuditContent, AuditEvent } from '#schemas/audit.ts';
import type { SqlTransaction } from './sql.ts';

export interface AuditFilter {
  readonly subject?: string | undefined;
  readonly action?: string | undefined;
  readonly object?: string | undefined;
  /** Only events before this one. */
  readonly before_seq?: number | undefined;
  readonly limit: number;
}

export interface AuditTrail {
  /**
   * Adds the event to the end. One with the same `event_id` is kept as it is, and returned.
   * @param tx of the change the event tells of: both are there when it commits, or neither. Left out: its own.
   */
  append(event: Omit<AuditContent, 'seq'>, tx?: SqlTransaction): Promise<AuditEvent>;
  /** Newest first. */
  list(filter: AuditFilter): Promise<readonly AuditEvent[]>;
  /** The whole chain as it is kept, from the first event on. */
  all(): AsyncIterable<AuditEvent>;
}
