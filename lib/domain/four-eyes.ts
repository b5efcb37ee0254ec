/**
 * Four eyes: which decisions may be taken on a workbook in quarantine, by whom, and how it stands after them. An override
 * names every critical expectation that failed, and only those whose suite gives them a name for it: judgements of a price
 * (its range, its sides, its relation to others), which a person can look up and vouch for. What makes a row (columns,
 * identity, one row a point, no cell unread or unaccounted for) is never let pass: nobody can vouch for a number of which
 * it is not known what it is. Pure: knows no clock and no store.
 */
import type {
  BlockingExpectation,
  QuarantineDecision,
  QuarantineDecisionRequest,
  QuarantineStanding,
  QuarantineState,
} from '#schemas/quarantine.ts';
import type { ExpectationResult, GateResult } from '#schemas/stages.ts';
import { type AurumError, refusal } from './errors.ts';

/** A red workbook and what was decided on it so far, oldest first. */
export interface Hold {
  /** The gate's newest result: the first one, or that of the newest retry. */
  readonly gate: GateResult;
  /** Whether the newest retry has a result yet. */
  readonly isRetried: boolean;
  readonly decisions: readonly QuarantineDecision[];
  /** Who is known to have sent it. */
  readonly senders: readonly string[];
}

export function stateOf({ gate, isRetried, decisions }: Omit<Hold, 'senders'>): QuarantineState {
  const last = decisions.at(-1);
  if (gate.verdict === 'green') return 'passed';
  if (last === undefined) return 'held';
  if (last.decision === 'retry') return isRetried ? 'held' : 'retrying';
  return ({ override: 'proposed', approve: 'approved', reject: 'rejected' } as const)[last.decision];
}

export function standingOf(hold: Hold): QuarantineStanding {
  const why = notOverridable(hold.gate);
  return {
    state: stateOf(hold),
    uploaded_by: hold.senders.join(', ') || null,
    overridable: why === undefined,
    not_overridable_because: why?.message ?? null,
    retryable: !isJudged(hold.gate),
    blocking: failed(hold.gate).filter(({ severity }) => severity === 'critical'),
    decisions: [...hold.decisions],
  };
}

/** Whether every critical expectation was judged: a gate that crashed or ran too long judged none. */
function isJudged({ verdict, suites }: GateResult): boolean {
  const results = suites.flatMap((suite) => suite.results);
  const isOpen = ({ success, expectation_config, exception_info }: ExpectationResult) =>
    !success && expectation_config.severity === 'critical' && exception_info.raised_exception;
  return verdict === 'green' || (results.length > 0 && !results.some(isOpen));
}

/** The expectations that failed. */
function failed({ suites }: GateResult): BlockingExpectation[] {
  return suites.flatMap(({ suite_name, results }) =>
    results
      .filter(({ success }) => !success)
      .map(({ expectation_config: { type, severity, meta }, result, exception_info }) => ({
        name: typeof meta.override === 'string' && !exception_info.raised_exception ? meta.override : null,
        suite: suite_name,
        expectation: type,
        rule: String(meta.notes ?? type),
        severity,
        unexpected_count: typeof result.unexpected_count === 'number' ? result.unexpected_count : 1,
        cells: Array.isArray(result.unexpected_cells) ? result.unexpected_cells.map(String) : [],
      })),
  );
}

/** Why no override can release it; undefined when one can. */
function notOverridable(gate: GateResult): AurumError | undefined {
  const remedy = 'Deliver a corrected workbook; it is released by itself.';
  if (!isJudged(gate)) {
    return refusal('gate_unjudged_conflict', 'the gate came to no judgement', {
      remedy: 'Run it again: decision `retry`.',
    });
  }
  const { failure_count, sheets } = gate.report;
  const unaccounted = sheets.reduce((sum, sheet) => sum + sheet.unaccounted_prices, 0);
  if (failure_count + unaccounted > 0) {
    const cells = `${failure_count} cells could not be read and ${unaccounted} prices are not accounted for`;
    return refusal('override_forbidden', cells, { remedy });
  }
  const fixed = failed(gate).find(({ name, severity }) => name === null && severity === 'critical');
  if (fixed === undefined) return undefined;
  return refusal('override_forbidden', `"${fixed.rule}" may not be overridden`, { remedy });
}

/**
 * Whether a decision may be taken now.
 * @returns the decision that says the same already, or what a new one holds beside who, when and why
 * @throws AurumError (refused) `..._forbidden` for the wrong person, `..._conflict` for the wrong moment
 */
export function weighDecision(
  asked: QuarantineDecisionRequest,
  subject: string,
  hold: Hold,
): { readonly already: QuarantineDecision } | Pick<QuarantineDecision, 'expectations' | 'override'> {
  const plain = { expectations: [], override: null };
  const state = stateOf(hold);
  const last = hold.decisions.at(-1);
  switch (asked.decision) {
    case 'override':
      return weighOverride(asked, subject, hold);
    case 'approve':
      return weighApproval(asked, subject, hold);
    case 'reject':
      if (state === 'rejected') return { already: last! };
      if (state === 'approved' || state === 'passed') throw decided(state);
      return plain;
    case 'retry':
      // Also told again when the answer was lost.
      if (last?.decision === 'retry' && state !== 'held') return { already: last };
      if (state !== 'held') throw decided(state);
      if (!isJudged(hold.gate)) return plain;
      throw refusal('gate_judged_conflict', 'the gate came to its judgement and would again', {
        remedy: 'Deliver a corrected workbook, or override by name.',
      });
  }
}

function decided(state: QuarantineState): AurumError {
  return refusal('quarantine_decided_conflict', `the workbook is ${state}`, {
    remedy: 'GET /v1/quarantine/{version} says by whom and why; a corrected workbook is a new one.',
  });
}

function weighOverride(
  asked: Extract<QuarantineDecisionRequest, { decision: 'override' }>,
  subject: string,
  hold: Hold,
) {
  const state = stateOf(hold);
  if (state !== 'held' && state !== 'proposed') throw decided(state);
  const impossible = notOverridable(hold.gate);
  if (impossible !== undefined) throw impossible;
  const all = failed(hold.gate);
  const wanted = new Set(asked.expectations);
  const unknown = asked.expectations.find((name) => !all.some((one) => one.name === name));
  const offered = all.flatMap(({ name }) => name ?? []).join(', ');
  if (unknown !== undefined) {
    throw refusal('expectation_unknown', `no expectation "${unknown}" failed`, {
      field: 'expectations',
      remedy: `Those that failed: ${offered}.`,
    });
  }
  const missing = all.find(({ name, severity }) => severity === 'critical' && !wanted.has(name!));
  if (missing !== undefined) {
    throw refusal('override_incomplete', `"${missing.rule}" (${missing.name}) failed too and is not named`, {
      field: 'expectations',
      remedy: `Name every critical one, once you can vouch for it: ${offered}.`,
    });
  }
  const expectations = all
    .filter(({ name }) => wanted.has(name!))
    .map(({ cells, name, ...one }) => ({ ...one, name: name! }));
  const last = hold.decisions.at(-1);
  const isSame =
    state === 'proposed' &&
    last!.subject === subject &&
    last!.reason === asked.reason &&
    namesOf(last!.expectations) === namesOf(expectations);
  return isSame ? { already: last! } : { expectations, override: null };
}

const namesOf = (expectations: QuarantineDecision['expectations']) =>
  expectations.map(({ suite, name, rule }) => `${suite}|${name}|${rule}`).join('\n');

function weighApproval(
  asked: Extract<QuarantineDecisionRequest, { decision: 'approve' }>,
  subject: string,
  hold: Hold,
) {
  const overrides = hold.decisions.filter(({ decision }) => decision === 'override');
  const pending = overrides.at(-1);
  const state = stateOf(hold);
  if (pending === undefined || (state !== 'proposed' && state !== 'approved')) {
    if (state !== 'held') throw decided(state);
    throw refusal('override_missing_conflict', 'there is no override to approve', {
      remedy: 'State one first: decision `override`.',
    });
  }
  if (asked.override === undefined && overrides.length > 1) {
    throw refusal('override_ambiguous_conflict', `${overrides.length} overrides were stated`, {
      field: 'override',
      remedy: `Say which one you mean; the newest is ${pending.number}.`,
    });
  }
  if (asked.override !== undefined && asked.override !== pending.number) {
    throw refusal('override_replaced_conflict', `override ${asked.override} does not stand`, {
      field: 'override',
      remedy: `Look at override ${pending.number}, which does.`,
    });
  }
  requireOtherEyes(subject, { author: pending.subject, senders: hold.senders });
  if (state === 'approved') return { already: hold.decisions.at(-1)! };
  return { expectations: [], override: pending.number };
}

/** @throws AurumError `own_override_forbidden`, `own_upload_forbidden` */
function requireOtherEyes(
  subject: string,
  { author, senders }: Pick<Hold, 'senders'> & { readonly author: string },
): void {
  const remedy = 'Ask somebody else who may decide on quarantine.';
  if (subject === author)
    throw refusal('own_override_forbidden', 'you stated this override: somebody else approves it', {
      remedy,
    });
  if (senders.includes(subject))
    throw refusal('own_upload_forbidden', 'you sent this workbook: somebody else approves it', { remedy });
}

/** The red result with the override that releases it; undefined while it is not approved. */
export function overriddenGate({
  gate,
  decisions,
}: Pick<Hold, 'gate' | 'decisions'>): GateResult | undefined {
  const approval = decisions.at(-1);
  if (approval?.decision !== 'approve') return undefined;
  const stated = decisions.find(({ number }) => number === approval.override)!;
  return {
    ...gate,
    verdict: 'overridden',
    override: {
      expectations: stated.expectations,
      reason: stated.reason ?? '',
      author: stated.subject,
      stated_at: stated.decided_at,
      approver: approval.subject,
      approval_reason: approval.reason,
      approved_at: approval.decided_at,
    },
  };
}
