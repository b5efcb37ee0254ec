/** Which decisions may be taken on a workbook in quarantine, by whom and when. */
import { describe, expect, test } from 'vitest';
import { type Hold, overriddenGate, standingOf, stateOf, weighDecision } from '#lib/domain/four-eyes.ts';
import { families } from '#lib/gates/registry.gen.ts';
import {
  type QuarantineDecision,
  type QuarantineDecisionRequest,
  quarantineDecisionRequest,
} from '#schemas/quarantine.ts';
import type { GateResult, SuiteResult } from '#schemas/stages.ts';
import { gateOf } from '../lakefs/gate-of.ts';

const VERSION = '20250912-0123456789abcdef';
const AT = '2025-09-12T22:00:00.000Z';

/** Names or rules of the expectations that failed; `!` before one could not be judged. */
function gate(failed: readonly string[], part: Partial<GateResult['report']> = {}): GateResult {
  const suites = families.map(({ suite }): SuiteResult => {
    const results = suite.expectations.map((config) => {
      const named = (mark: string) =>
        failed.includes(`${mark}${config.meta.override}`) || failed.includes(`${mark}${config.meta.notes}`);
      const isOpen = named('!');
      return {
        success: !isOpen && !named(''),
        expectation_config: { ...config },
        result: { unexpected_count: 2, unexpected_cells: ['S!D4'] },
        exception_info: {
          raised_exception: isOpen,
          exception_message: isOpen ? 'out of memory' : null,
          exception_traceback: null,
        },
        meta: {},
      };
    });
    const statistics = {
      evaluated_expectations: results.length,
      successful_expectations: 0,
      unsuccessful_expectations: 0,
      success_percent: null,
    };
    return { success: false, suite_name: suite.name, suite_parameters: {}, results, statistics, meta: {} };
  });
  const red = gateOf(VERSION, 'red');
  return { ...red, suites, report: { ...red.report, ...part } };
}

const hold = (of: GateResult, ...decisions: QuarantineDecision[]): Hold => ({
  gate: of,
  isRetried: true,
  decisions,
  senders: ['uma', 'ugo'],
});
const CROSSED = hold(gate(['crossed_bid_ask', 'day_change']));

const override = (
  expectations: readonly string[],
  reason = 'as the broker quoted it',
): QuarantineDecisionRequest => ({ decision: 'override', expectations: [...expectations], reason });
const approve = (number?: number): QuarantineDecisionRequest => ({
  decision: 'approve',
  ...(number === undefined ? {} : { override: number }),
});
const reject: QuarantineDecisionRequest = { decision: 'reject', reason: 'not ours' };
const retry: QuarantineDecisionRequest = { decision: 'retry', reason: 'the machine was full' };

/** The hold after a decision was taken. */
function after(before: Hold, subject: string, asked: QuarantineDecisionRequest): Hold {
  const weighed = weighDecision(asked, subject, before);
  if ('already' in weighed) throw new Error('decided already');
  const number = before.decisions.length + 1;
  const decision: QuarantineDecision = {
    ...{ version: VERSION, number, decision: asked.decision, subject, tenant: 'house' },
    ...{ reason: asked.reason ?? null, decided_at: AT },
    ...weighed,
  };
  return { ...before, isRetried: false, decisions: [...before.decisions, decision] };
}

const codeOf = (before: Hold, subject: string, asked: QuarantineDecisionRequest): string => {
  try {
    return 'already' in weighDecision(asked, subject, before) ? 'already' : 'recorded';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

const PROPOSED = after(CROSSED, 'ann', override(['crossed_bid_ask']));
const APPROVED = after(PROPOSED, 'bob', approve());
const REJECTED = after(CROSSED, 'ann', reject);
const UNJUDGED = hold({ ...gate([]), suites: [], summary: 'the gate ran 40000 ms' });
const RETRYING = after(UNJUDGED, 'ann', retry);

describe('who and when', () => {
  test.each<[string, Hold, string, QuarantineDecisionRequest, string]>([
    ['anybody may override', CROSSED, 'ann', override(['crossed_bid_ask']), 'recorded'],
    ['also who sent it', CROSSED, 'uma', override(['crossed_bid_ask']), 'recorded'],
    ['the author may not approve', PROPOSED, 'ann', approve(), 'own_override_forbidden'],
    ['nor the sender', PROPOSED, 'uma', approve(), 'own_upload_forbidden'],
    ['nor who sent the same', PROPOSED, 'ugo', approve(), 'own_upload_forbidden'],
    ['another one may', PROPOSED, 'bob', approve(), 'recorded'],
    ['by number too', PROPOSED, 'bob', approve(1), 'recorded'],
    ['but not another number', PROPOSED, 'bob', approve(2), 'override_replaced_conflict'],
    ['nothing stated, nothing approved', CROSSED, 'bob', approve(), 'override_missing_conflict'],
    ['approved stays approved', APPROVED, 'bob', approve(), 'already'],
    ['whoever asks', APPROVED, 'cyd', approve(), 'already'],
    ['but the author', APPROVED, 'ann', approve(), 'own_override_forbidden'],
    ['no override after it', APPROVED, 'ann', override(['crossed_bid_ask']), 'quarantine_decided_conflict'],
    ['no rejection after it', APPROVED, 'ann', reject, 'quarantine_decided_conflict'],
    ['anybody may reject', PROPOSED, 'ann', reject, 'recorded'],
    ['once', REJECTED, 'bob', reject, 'already'],
    ['for good: override', REJECTED, 'ann', override(['crossed_bid_ask']), 'quarantine_decided_conflict'],
    ['for good: approve', REJECTED, 'bob', approve(), 'quarantine_decided_conflict'],
    ['for good: retry', REJECTED, 'bob', retry, 'quarantine_decided_conflict'],
    ['a judgement is not asked for twice', CROSSED, 'ann', retry, 'gate_judged_conflict'],
    ['a gate that overran is run again', UNJUDGED, 'ann', retry, 'recorded'],
    ['once at a time', RETRYING, 'bob', retry, 'already'],
    ['and not overridden', UNJUDGED, 'ann', override(['crossed_bid_ask']), 'gate_unjudged_conflict'],
    ['nor while it runs', RETRYING, 'ann', override(['crossed_bid_ask']), 'quarantine_decided_conflict'],
    ['the same override again', PROPOSED, 'ann', override(['crossed_bid_ask']), 'already'],
    ['with another reason', PROPOSED, 'ann', override(['crossed_bid_ask'], 'asked them'), 'recorded'],
    ['by another author', PROPOSED, 'bob', override(['crossed_bid_ask']), 'recorded'],
  ])('%s', (_, before, subject, asked, outcome) => {
    expect(codeOf(before, subject, asked)).toBe(outcome);
  });

  test('after a second override, an approval says which one it means, and only the newest stands', () => {
    const twice = after(PROPOSED, 'cyd', override(['crossed_bid_ask', 'day_change']));
    expect(codeOf(twice, 'bob', approve())).toBe('override_ambiguous_conflict');
    expect(codeOf(twice, 'bob', approve(1))).toBe('override_replaced_conflict');
    expect(codeOf(twice, 'cyd', approve(2))).toBe('own_override_forbidden');
    expect(codeOf(twice, 'ann', approve(2))).toBe('recorded');
  });

  test('a retry that was red again can be run again, or judged by people once it is judged', () => {
    const again = { ...RETRYING, isRetried: true };
    expect(stateOf(again)).toBe('held');
    expect(codeOf(again, 'ann', retry)).toBe('recorded');
    const judged = { ...again, gate: CROSSED.gate };
    expect(codeOf(judged, 'ann', override(['crossed_bid_ask']))).toBe('recorded');
    expect(stateOf({ ...again, gate: gateOf(VERSION, 'green') })).toBe('passed');
  });
});

describe('what may be let pass', () => {
  const criticals = families.flatMap(({ suite }) =>
    suite.expectations.filter(({ severity }) => severity === 'critical'),
  );
  const prices = criticals.flatMap(({ meta }) => meta.override ?? []);
  const structure = criticals.filter(({ meta }) => meta.override === undefined).map(({ meta }) => meta.notes);

  test.each(prices)('%s, a judgement of a price', (name) => {
    expect(codeOf(hold(gate([name])), 'ann', override([name]))).toBe('recorded');
  });

  test.each(structure)('not "%s", which makes a row', (rule) => {
    const red = hold(gate([rule, 'crossed_bid_ask']));
    expect(codeOf(red, 'ann', override(['crossed_bid_ask']))).toBe('override_forbidden');
    expect(standingOf(red)).toMatchObject({ overridable: false, retryable: false });
  });

  test('names are one per rule', () => {
    const names = families.flatMap(({ suite }) =>
      suite.expectations.flatMap(({ meta }) => meta.override ?? []),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(structure.length).toBeGreaterThan(40);
  });

  test.each([
    ['a name that did not fail', ['mid_off_middle', 'crossed_bid_ask'], 'expectation_unknown'],
    ['a critical one left out', ['day_change'], 'override_incomplete'],
    ['a warning may be named, need not be', ['crossed_bid_ask', 'day_change'], 'recorded'],
  ])('%s', (_, names, outcome) => {
    expect(codeOf(CROSSED, 'ann', override(names))).toBe(outcome);
  });

  test('not a workbook with a cell unread or a price unaccounted for', () => {
    const unread = hold(gate(['crossed_bid_ask'], { failure_count: 1 }));
    expect(codeOf(unread, 'ann', override(['crossed_bid_ask']))).toBe('override_forbidden');
    const sheet = { name: 'S', rows: 1, columns: 1, cells: 1, roles: {}, ignored: {}, unaccounted_prices: 1 };
    const lost = hold(gate(['crossed_bid_ask'], { sheets: [sheet] }));
    expect(codeOf(lost, 'ann', override(['crossed_bid_ask']))).toBe('override_forbidden');
  });

  test('not what could not be judged: that is run again', () => {
    const open = hold(gate(['!crossed_bid_ask']));
    expect(codeOf(open, 'ann', override(['crossed_bid_ask']))).toBe('gate_unjudged_conflict');
    expect(codeOf(open, 'ann', retry)).toBe('recorded');
  });
});

test('the overridden result keeps every red expectation and says who, what and why', () => {
  expect(overriddenGate(PROPOSED)).toBeUndefined();
  const overridden = overriddenGate(APPROVED)!;
  expect(overridden).toMatchObject({
    verdict: 'overridden',
    suites: CROSSED.gate.suites,
    override: {
      author: 'ann',
      approver: 'bob',
      reason: 'as the broker quoted it',
      expectations: [{ name: 'crossed_bid_ask', rule: 'ask is not below bid', unexpected_count: 2 }],
    },
  });
});

test.each([
  { decision: 'override', expectations: [], reason: 'none named' },
  { decision: 'override', expectations: ['x'] },
  { decision: 'reject', reason: '  ' },
  { decision: 'approve', override: 0 },
  { decision: 'release' },
])('%j is no decision', (body) => {
  expect(quarantineDecisionRequest.safeParse(body).success).toBe(false);
});
