/**
 * Proves that the audit trail is whole: each event follows from the one before, and every place that was anchored in the
 * bucket is still what it was. Repairs nothing.
 */
import { brokenLink, type ChainEnd } from '#lib/domain/audit-chain.ts';
import type { AuditTrail } from '#lib/ports/audit.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import { type AuditAnchor, type AuditEvent, auditAnchor } from '#schemas/audit.ts';
import { requireJson, toJson, writeOnce } from './json-objects.ts';
import { AUDIT_ANCHORS, auditAnchorKey } from './stage-keys.ts';

const PAGE = 100;

interface AuditProofPorts {
  readonly audit: Pick<AuditTrail, 'all'>;
  readonly objects: ObjectStore;
}

interface AnchorPorts {
  readonly audit: Pick<AuditTrail, 'list'>;
  readonly objects: ObjectStore;
}

export interface AuditProof {
  readonly events: number;
  readonly end: ChainEnd;
  /** Places in the bucket that agree. */
  readonly anchors: number;
  /** The first thing that is wrong. */
  readonly broken: { readonly seq: number; readonly reason: string } | null;
}

export async function verifyAudit({ audit, objects }: AuditProofPorts): Promise<AuditProof> {
  const anchors = new Map<number, string>();
  for await (const { key } of objects.list(AUDIT_ANCHORS)) {
    const { seq, hash } = await requireJson<AuditAnchor>(objects, key, auditAnchor);
    anchors.set(seq, hash);
  }
  let end: ChainEnd = null;
  let agreeing = 0;
  for await (const event of audit.all()) {
    const anchor = anchors.get(event.seq);
    const replaced = anchor === undefined || anchor === event.hash ? undefined : REPLACED(event.seq);
    const reason = brokenLink(event, end) ?? replaced;
    const seq = (end?.seq ?? 0) + 1;
    if (reason !== undefined) return { events: seq - 1, end, anchors: agreeing, broken: { seq, reason } };
    if (anchor !== undefined) agreeing += 1;
    end = { seq: event.seq, hash: event.hash };
  }
  const events = end?.seq ?? 0;
  const seq = Math.max(0, ...anchors.keys());
  const broken =
    seq > events ? { seq: events + 1, reason: `the trail ends at ${events}, and had ${seq}` } : null;
  return { events, end, anchors: agreeing, broken };
}

const REPLACED = (seq: number) =>
  `event ${seq} and all before it were written anew: the bucket has another hash`;

/**
 * Writes the end of the trail where the database does not reach, with the events since the end that was written before:
 * from these the trail is made again when the database is lost. Nothing when it is there.
 */
export async function anchorAudit({ audit, objects }: AnchorPorts): Promise<number> {
  const [end] = await audit.list({ limit: 1 });
  if (end === undefined) return 0;
  const { seq, hash } = end;
  const events: AuditEvent[] = [];
  for await (const event of newestFirst(audit, seq + 1)) {
    if ((await objects.head(auditAnchorKey(event.seq))) !== undefined) break;
    events.unshift(event);
  }
  if (events.length > 0) await writeOnce(objects, auditAnchorKey(seq), toJson({ seq, hash, events }));
  return seq;
}

async function* newestFirst(audit: AnchorPorts['audit'], before: number): AsyncGenerator<AuditEvent> {
  for (let before_seq = before; before_seq > 1; ) {
    const page = await audit.list({ before_seq, limit: PAGE });
    yield* page;
    before_seq = page.at(-1)?.seq ?? 0;
  }
}
