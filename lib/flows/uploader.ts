/**
 * Who sent a workbook: the people of whom the audit trail says that they sent these bytes under this key through the API.
 * What the object says of itself is not asked: its metadata is written by anybody who has a key of the store.
 */
import type { AuditTrail } from '#lib/ports/audit.ts';
import type { AuditEvent } from '#schemas/audit.ts';
import type { RawSource } from '#schemas/stages.ts';
import type { AuditedDecision } from './audit.ts';

const ACTION = 'workbook.upload';
const PAGE = 100;

/** The event that proves who sent a workbook. */
export const uploadDecision = (sent: {
  readonly key: string;
  readonly etag: string;
  readonly sha256: string;
}): AuditedDecision => {
  const { key, etag, sha256 } = sent;
  return { action: ACTION, object: key, details: { etag, sha256 } };
};

/** First who sent it first; nobody for a workbook that came by a key of the store alone. */
export async function sendersOf(
  { key, sha256 }: Pick<RawSource, 'key' | 'sha256'>,
  audit: Pick<AuditTrail, 'list'>,
): Promise<readonly string[]> {
  const senders: string[] = [];
  for await (const { subject, details } of uploadsOf(key, audit)) {
    if (details.sha256 === sha256) senders.unshift(subject);
  }
  return [...new Set(senders)];
}

/** Newest first. */
async function* uploadsOf(object: string, audit: Pick<AuditTrail, 'list'>): AsyncGenerator<AuditEvent> {
  for (let before_seq: number | undefined; ; ) {
    const page = await audit.list({ action: ACTION, object, before_seq, limit: PAGE });
    yield* page;
    if (page.length < PAGE) return;
    before_seq = page.at(-1)!.seq;
  }
}
