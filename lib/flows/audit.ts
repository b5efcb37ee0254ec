/** Recording decisions in the audit trail, and reading it. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Caller } from '#lib/domain/access.ts';
import { AurumError } from '#lib/domain/errors.ts';
import type { AuditTrail } from '#lib/ports/audit.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { SqlTransaction } from '#lib/ports/sql.ts';
import type { AuditAnswer, AuditContent, AuditEvent, AuditQuery } from '#schemas/audit.ts';
import { utcTimestamp } from '#schemas/curve-observation.ts';
import { readJson, toJson, writeOnce } from './json-objects.ts';
import { makeListCursor, readListCursor } from './list-cursor.ts';
import { questionOf } from './query-curves.ts';
import { storableJson } from './storable-json.ts';
import { type KeptPorts, keepDecided } from './tenant-records.ts';

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
  tx?: SqlTransaction,
): Promise<AuditEvent> {
  const event = { at: clock.now(), subject, tenant, action, object, details, event_id };
  storableJson(event);
  return audit.append(event, tx);
}

/** What a flow that changes the operational database calls last in its transaction: the event is there with the change, or neither is. */
export type RecordWithin<Answer> = (answer: Answer, tx: SqlTransaction) => Promise<void>;

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

/**
 * A flow whose answer is a decision that changed something: what it made is kept beside the database, and the decision
 * recorded, before it is told; within the flow's own transaction where it calls `recordWithin`. A note made before the change
 * and taken away behind its event tells of a process that died between the two: `recordUnanswered` then says in the trail who
 * asked for what.
 * @param options.noted false for what changes nothing that others see and is the same when it is asked for again
 */
export const audited =
  <Input, Ports, Answer>(
    flow: (input: Input, ports: Ports, caller: Caller) => Promise<Answer>,
    decisionOf: (answer: Answer, caller: Caller) => AuditedDecision,
    { noted = true }: { readonly noted?: boolean } = {},
  ) =>
  async (input: Input, ports: Ports & AuditPorts & KeptPorts, caller: Caller): Promise<Answer> => {
    const { subject, tenant } = caller;
    // Before anything is changed: a name that the trail does not take could not be told of afterwards.
    storableJson({ subject, tenant });
    const event_id = randomUUID();
    const eventOf = (answer: Answer) => ({ event_id, ...decisionOf(answer, caller) });
    const recordWithin: RecordWithin<Answer> = async (answer, tx) => {
      await recordDecision(eventOf(answer), ports, caller, tx);
    };
    const note = noted ? `${ASKED}${randomUUID()}.json` : undefined;
    if (note !== undefined) {
      const asked = { flow: flow.name, subject, tenant, at: ports.clock.now() };
      await writeOnce(ports.objects, note, toJson(asked));
    }
    const answered = async () => {
      if (note !== undefined) await ports.objects.delete(note);
    };
    try {
      const answer = await flow(input, { ...ports, recordWithin }, caller);
      const decision = eventOf(answer);
      await keepDecided(decision.action, decision.object, tenant, ports);
      await recordDecision(decision, ports, caller);
      await answered();
      return answer;
    } catch (error) {
      // What is refused changed nothing; of anything else that is not known.
      if (error instanceof AurumError && error.kind === 'refused') await answered();
      throw error;
    }
  };

const ASKED = 'asked/';
const askedNote = z.strictObject({
  flow: z.string(),
  subject: z.string(),
  tenant: z.string(),
  at: utcTimestamp,
});
/** Longer than any answer takes. */
const UNANSWERED_AFTER_MS = 5 * 60_000;

/** Events for what was asked for and never answered: whether it was done, the thing itself tells. @returns how many */
export async function recordUnanswered(ports: AuditPorts & Pick<KeptPorts, 'objects'>): Promise<number> {
  const { objects, clock } = ports;
  let recorded = 0;
  for await (const { key } of objects.list(ASKED)) {
    const note = await readJson(objects, key, askedNote);
    if (note === undefined || Date.parse(clock.now()) - Date.parse(note.at) < UNANSWERED_AFTER_MS) continue;
    const { flow, at } = note;
    const details = { asked_at: at };
    const decision = { action: 'decision.unanswered', object: flow, details, event_id: key };
    await recordDecision(decision, ports, note);
    await objects.delete(key);
    recorded += 1;
  }
  return recorded;
}
