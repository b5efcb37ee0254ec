/** What people decide on a workbook in quarantine, and how it stands. */
import { z } from 'zod';
import { utcTimestamp } from './curve-observation.ts';
import { workbookVersionId } from './lake.ts';
import { gateResult, overriddenExpectation } from './stages.ts';

export const reason = z.string().trim().min(3).max(2_000).describe('Why, for those who ask later');

const number = z.int().positive();

/** What is asked for. */
export const quarantineDecisionRequest = z.discriminatedUnion('decision', [
  z.strictObject({
    decision: z.literal('override'),
    expectations: z
      .array(z.string().min(1).max(100))
      .min(1)
      .max(100)
      .describe(
        'Names of the failed expectations that are let pass, as GET /v1/quarantine/{version} has them',
      ),
    reason,
  }),
  z.strictObject({
    decision: z.literal('approve'),
    override: number.optional().describe('Number of the override; may be left out while there is one only'),
    reason: reason.optional(),
  }),
  z.strictObject({ decision: z.literal('reject'), reason }),
  z.strictObject({ decision: z.literal('retry'), reason }),
]);
export type QuarantineDecisionRequest = z.infer<typeof quarantineDecisionRequest>;

/** A decision as it was taken: `decisions/{version}/quarantine-0001.json`, written once. */
export const quarantineDecision = z.strictObject({
  version: workbookVersionId,
  number: number.describe('Place among the decisions on this workbook'),
  decision: z.enum(['override', 'approve', 'reject', 'retry']),
  subject: z.string().describe('Who decided'),
  tenant: z.string(),
  reason: z.string().nullable(),
  decided_at: utcTimestamp,
  expectations: z.array(overriddenExpectation).describe('Of an override: what is let pass'),
  override: number.nullable().describe('Of an approval: the override that is approved'),
});
export type QuarantineDecision = z.infer<typeof quarantineDecision>;

export const QUARANTINE_STATES = ['held', 'proposed', 'approved', 'retrying', 'passed', 'rejected'] as const;
export const quarantineState = z
  .enum(QUARANTINE_STATES)
  .describe(
    'held: nobody decided; proposed: an override waits for approval; approved: it is released by it; retrying: the gate runs again; passed: it was green then; rejected: for good',
  );
export type QuarantineState = z.infer<typeof quarantineState>;

/** A failed expectation, with the name under which it may be let pass. */
const blocking = overriddenExpectation.extend({
  name: z.string().nullable().describe('Null: it may not be overridden'),
  cells: z.array(z.string()).describe('The first cells, `Sheet!H42`'),
});
export type BlockingExpectation = z.infer<typeof blocking>;

/** How a workbook in quarantine stands. */
export const quarantineStanding = z.strictObject({
  state: quarantineState,
  uploaded_by: z.string().nullable().describe('Who sent the workbook, where that is known'),
  overridable: z.boolean().describe('Whether an override that names all of them would release it'),
  not_overridable_because: z.string().nullable(),
  retryable: z.boolean().describe('Whether the gate did not come to a judgement, and may run again'),
  blocking: z.array(blocking).describe('Critical expectations that failed'),
  decisions: z.array(quarantineDecision),
});
export type QuarantineStanding = z.infer<typeof quarantineStanding>;

export const quarantineShown = gateResult.extend({ standing: quarantineStanding });

export const quarantineDecisionAnswer = z.strictObject({
  meta: z.strictObject({
    version: workbookVersionId,
    outcome: z.enum(['recorded', 'already']).describe('already: it had been decided so before'),
    state: quarantineState,
  }),
  data: quarantineDecision,
});
export type QuarantineDecisionAnswer = z.infer<typeof quarantineDecisionAnswer>;
