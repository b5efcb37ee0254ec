/** Recording decisions in the audit trail, and reading it. */
import { randomUUID } from 'node:crypto';
import type { Caller } from '#lib/domain/access.ts';
import type { AuditTrail } from '#lib/ports/audit.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { AuditAnswer, AuditContent, AuditEvent, AuditQuery } from '#schemas/audit.ts';
import { makeListCursor, readListCursor } from './list-cursor.ts';
import { questionOf } from './query-curves.ts';
import { storableJson } from './storable-json.ts';

export interface AuditPorts {
  readonly audit: AuditTrail;
  readonly clock: Clock;
}

export interface AuditedDecision {
  /** `export.create`, `quarantine.approve` ... */
  readonly action: string;
  /** What it is about. */
  readonly object: string;
  readonly details?: AuditContent['details'];
  /** Of a decision that may be recorded again: the same name for the same decision. */
  readonly event_id?: string;
}

/** @throws AurumError `text_invalid` for texts that no database takes. */
export async function recordDecision(
  { action, object, details = {}, event_id = randomUUID() }: AuditedDecision,
  { audit, clock }: AuditPorts,
  { subject, tenant }: Pick<Caller, 'subject' | 'tenant'>,
): Promise<AuditEvent> {
  const event = { at: clock.now(), subject, tenant, action, object, details, event_id };
  storableJson(event);
  return audit.append(event);
}

/** Newest first; what is recorded between two pages does not shift them. */
export async function listAudit(query: AuditQuery, { audit, clock }: AuditPorts): Promise<AuditAnswer> {
  const question = questionOf({ ...query });
  const place = readListCursor(query.cursor, question);
  const { subject, action, object, limit } = query;
  const before_seq = place === undefined ? undefined : Number(place.after);
  const found = await audit.list({ subject, action, object, before_seq, limit: limit + 1 });
  const data = found.slice(0, limit);
  const last = found.length > limit ? data.at(-1) : undefined;
  const as_known_at = place?.as_known_at ?? clock.now();
  const next_cursor =
    last === undefined ? null : makeListCursor({ question, as_known_at, after: String(last.seq) });
  return { meta: { count: data.length, next_cursor }, data };
}

/** A flow whose answer is a decision that changed something: recorded before it is told. */
export const audited =
  <Input, Ports, Answer>(
    flow: (input: Input, ports: Ports, caller: Caller) => Promise<Answer>,
    decisionOf: (answer: Answer, caller: Caller) => AuditedDecision,
  ) =>
  async (input: Input, ports: Ports & AuditPorts, caller: Caller): Promise<Answer> => {
    const answer = await flow(input, ports, caller);
    await recordDecision(decisionOf(answer, caller), ports, caller);
    return answer;
  };
