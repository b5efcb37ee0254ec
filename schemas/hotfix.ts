/** Corrections of what is released already: what they change, who is touched, and who let them in. */
import { z } from 'zod';
import { isoDate, sha256Hex, tenorType, utcTimestamp } from './curve-observation.ts';
import { versionParameter } from './curve-query.ts';
import { workbookVersionId } from './lake.ts';
import { listMeta } from './page.ts';
import { reason } from './quarantine.ts';

const count = z.int().nonnegative();
export const rowCounts = z.strictObject({
  before: count.describe('Rows of the release that is replaced'),
  after: count.describe('Rows of the correction'),
  changed: count.describe('Points in both whose value, bid, ask or mid differs'),
  added: count,
  removed: count,
});

/** A curve that a correction touches. */
export const touchedCurve = z.strictObject({
  curve_key: sha256Hex,
  curve: z.string(),
  changed: count,
  added: count,
  removed: count,
  contract_from: isoDate.describe('First delivery month that differs'),
  contract_to: isoDate,
});

/** A strip that is another one after the correction. */
export const touchedStrip = z.strictObject({
  curve_key: sha256Hex,
  tenor_type: tenorType,
  tenor_label: z.string(),
  strip_source: z.enum(['vendor', 'derived']),
});

/** Something that was made from the release that is replaced. */
export const releaseUse = z.strictObject({
  kind: z.enum(['scenario_run', 'valuation', 'export']),
  tenant: z.string(),
  id: z.string(),
});
export type ReleaseUse = z.infer<typeof releaseUse>;

/** `impact/{version}.json`: what a correction changes, made before it is merged. */
export const impactList = z.strictObject({
  version: workbookVersionId,
  vendor: z.string(),
  asof_date: isoDate,
  source_file: z.string(),
  branch: z.string().describe('Branch of the tables and the lake that holds the correction'),
  supersedes: workbookVersionId.describe('The version that was current'),
  becomes_current: z.boolean().describe('False for one uploaded before the current one: it replaces nothing'),
  rows: rowCounts,
  curve_count: count.describe('Curves touched'),
  curves: z.array(touchedCurve).describe('The first 500'),
  strip_count: count.describe('Strips touched, quoted and derived'),
  strips: z.array(touchedStrip).describe('The first 500'),
  use_count: z
    .record(releaseUse.shape.kind, count)
    .describe('What was made from the replaced version, by kind'),
  uses: z.array(releaseUse).describe('The first 500'),
});
export type ImpactList = z.infer<typeof impactList>;

export const hotfixDecisionRequest = z.strictObject({
  decision: z.enum(['approve', 'reject']).describe('approve: it may be merged; reject: never'),
  reason,
});
export type HotfixDecisionRequest = z.infer<typeof hotfixDecisionRequest>;

/** A decision as it was taken: `decisions/{version}/hotfix-0001.json`, written once. */
export const hotfixDecision = z.strictObject({
  version: workbookVersionId,
  number: z.int().positive(),
  decision: hotfixDecisionRequest.shape.decision,
  subject: z.string(),
  tenant: z.string(),
  reason: z.string(),
  supersedes: workbookVersionId.describe('What the correction was known to replace'),
  decided_at: utcTimestamp,
});
export type HotfixDecision = z.infer<typeof hotfixDecision>;

export const hotfixState = z
  .enum(['merging', 'waiting', 'approved', 'rejected', 'merged'])
  .describe('merging: without approval, by setting; waiting: for approvals; merged: it is released');
export type HotfixState = z.infer<typeof hotfixState>;

export const hotfixStanding = z.strictObject({
  state: hotfixState,
  uploaded_by: z.string().nullable(),
  approvals_missing: count.describe('People who still have to approve it'),
  decisions: z.array(hotfixDecision),
});
export type HotfixStanding = z.infer<typeof hotfixStanding>;

export const hotfixParameters = z.strictObject({ version: versionParameter });

export const impactAnswer = z.strictObject({
  meta: z.strictObject({ version: workbookVersionId, ...hotfixStanding.shape }),
  data: impactList,
});
export type ImpactAnswer = z.infer<typeof impactAnswer>;

export const hotfixListQuery = z.strictObject({
  state: hotfixState.optional().describe('Only those that stand so'),
});

export const hotfixListAnswer = z.strictObject({
  meta: listMeta,
  data: z.array(
    impactList
      .pick({
        version: true,
        vendor: true,
        asof_date: true,
        source_file: true,
        branch: true,
        supersedes: true,
        becomes_current: true,
        rows: true,
      })
      .extend({ state: hotfixState, approvals_missing: count }),
  ),
});
export type HotfixListAnswer = z.infer<typeof hotfixListAnswer>;

export const hotfixDecisionAnswer = z.strictObject({
  meta: z.strictObject({
    version: workbookVersionId,
    outcome: z.enum(['recorded', 'already']),
    state: hotfixState,
    approvals_missing: count,
  }),
  data: hotfixDecision,
});
export type HotfixDecisionAnswer = z.infer<typeof hotfixDecisionAnswer>;
