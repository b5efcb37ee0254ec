/**
 * Who lets a correction of released curves in: with the one who sent it, two people. Where nobody knows who did (a vendor's
 * own upload), two others. An approval is of the replacement that was shown: when another correction came in between, it
 * counts no more. Pure.
 */
import type { HotfixDecision, HotfixDecisionRequest, HotfixState, ImpactList } from '#schemas/hotfix.ts';
import { type AurumError, refusal } from './errors.ts';

export interface Correction {
  readonly impact: Pick<ImpactList, 'supersedes'>;
  /** Who is known to have sent it. */
  readonly senders: readonly string[];
  /** Oldest first. */
  readonly decisions: readonly HotfixDecision[];
}

export function approvalsMissing({ impact, senders, decisions }: Correction): number {
  const approvers = new Set(
    decisions
      .filter(({ decision, supersedes }) => decision === 'approve' && supersedes === impact.supersedes)
      .map(({ subject }) => subject),
  );
  return Math.max(0, (senders.length === 0 ? 2 : 1) - approvers.size);
}

/** @param isNeeded whether this correction needs approval at all */
export function hotfixStateOf(correction: Correction, isNeeded: boolean): Exclude<HotfixState, 'merged'> {
  if (correction.decisions.some(({ decision }) => decision === 'reject')) return 'rejected';
  if (!isNeeded) return 'merging';
  return approvalsMissing(correction) === 0 ? 'approved' : 'waiting';
}

/**
 * @returns the decision that says the same already; undefined for one that is new
 * @throws AurumError (refused) `own_upload_forbidden`, `hotfix_decided_conflict`
 */
export function weighHotfixDecision(
  { decision }: HotfixDecisionRequest,
  subject: string,
  state: HotfixState,
  { impact, senders, decisions }: Correction,
): HotfixDecision | undefined {
  if (decision === 'approve' && senders.includes(subject)) {
    throw refusal('own_upload_forbidden', 'you sent this workbook: somebody else approves it', {
      remedy: 'Ask somebody else who may decide on quarantine.',
    });
  }
  const same = decisions.find(
    (one) =>
      one.decision === decision &&
      (decision === 'reject' || (one.subject === subject && one.supersedes === impact.supersedes)),
  );
  if (same !== undefined) return same;
  if (state === 'waiting') return undefined;
  throw decided(state);
}

function decided(state: HotfixState): AurumError {
  return refusal('hotfix_decided_conflict', `the correction is ${state}`, {
    remedy: 'GET /v1/releases/{version}/impact says by whom and why.',
  });
}
