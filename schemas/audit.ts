/** The audit trail: one event for each decision that changed something, chained by hash to the one before. */
import { z } from 'zod';
import { sha256Hex, utcTimestamp } from './curve-observation.ts';
import { cursorParameter, pageLimit, pageMeta } from './page.ts';

/** What is hashed, beside the hash of the event before. */
export const auditContent = z.strictObject({
  seq: z.int().positive().describe('Place in the chain, from 1 on without a gap'),
  at: utcTimestamp,
  subject: z.string().describe('Who decided: the sub of the token'),
  tenant: z.string(),
  action: z
    .string()
    .regex(/^[a-z_]+\.[a-z_]+$/)
    .describe('What was decided, e.g. quarantine.approve'),
  object: z.string().min(1).describe('What it is about: a workbook version, an export, a tenant'),
  details: z.record(z.string(), z.json()),
  event_id: z.string().min(1).describe('Names the decision: recorded again, it is found'),
});
export type AuditContent = z.infer<typeof auditContent>;

export const auditEvent = auditContent.extend({
  prev_hash: sha256Hex.describe('Hash of the event before; zeros for the first'),
  hash: sha256Hex.describe('sha256 over the canonical JSON of all other fields'),
});
export type AuditEvent = z.infer<typeof auditEvent>;

export const auditQuery = z.strictObject({
  subject: z.string().min(1).max(256).optional().describe('Who decided'),
  action: z.string().min(1).max(100).optional().describe('What was decided, e.g. quarantine.approve'),
  object: z.string().min(1).max(300).optional().describe('What it is about, e.g. a workbook version'),
  limit: pageLimit('Events', 1_000, 100),
  cursor: cursorParameter,
});
export type AuditQuery = z.infer<typeof auditQuery>;

export const auditAnswer = z.strictObject({
  meta: pageMeta,
  data: z.array(auditEvent).describe('Newest first'),
});
export type AuditAnswer = z.infer<typeof auditAnswer>;

/** A place of the chain, written where the database does not reach: a chain cut short no longer has it. */
export const auditAnchor = auditEvent.pick({ seq: true, hash: true }).extend({
  events: z.array(auditEvent).optional().describe('Those since the place written before, oldest first'),
});
export type AuditAnchor = z.infer<typeof auditAnchor>;
