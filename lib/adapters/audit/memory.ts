/** The audit trail in memory, for a process that keeps nothing. */
import { chained } from '#lib/domain/audit-chain.ts';
import type { AuditTrail } from '#lib/ports/audit.ts';
import type { AuditEvent } from '#schemas/audit.ts';

export function memoryAudit(): AuditTrail {
  const events: AuditEvent[] = [];
  return {
    async append(content) {
      const known = events.find(({ event_id }) => event_id === content.event_id);
      if (known !== undefined) return known;
      const event = chained(structuredClone(content), events.at(-1) ?? null);
      events.push(event);
      return event;
    },
    async list({ before_seq = Number.POSITIVE_INFINITY, limit, ...wanted }) {
      const found = events.filter(
        (event) =>
          event.seq < before_seq &&
          (['subject', 'action', 'object'] as const).every(
            (field) => wanted[field] === undefined || wanted[field] === event[field],
          ),
      );
      return found.reverse().slice(0, limit);
    },
    async *all() {
      yield* events;
    },
  };
}
