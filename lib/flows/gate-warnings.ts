/** What the gate said of a workbook, for people: its verdict in short, the warnings of a green one, every check. */
import { qaChecks } from '#lib/domain/gate.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { GateSummary, GateWarning, QaResult } from '#schemas/releases.ts';
import type { ExpectationResult, GateResult } from '#schemas/stages.ts';
import { standingGate } from './standing-gate.ts';

/** Undefined for a version that never reached the gate. */
export const gateResultOf = async (objects: ObjectStore, version: string): Promise<GateResult | undefined> =>
  (await standingGate(objects, version))?.gate;

export const gateSummaryOf = ({
  verdict,
  summary,
  checked_at,
  warnings,
  suites,
  override,
}: GateResult): GateSummary => ({
  verdict,
  override: override ?? null,
  summary,
  checked_at,
  warning_count: warnings,
  suites: suites.map(({ suite_name, success, statistics }) => ({
    suite: suite_name,
    success,
    evaluated: statistics.evaluated_expectations,
    unsuccessful: statistics.unsuccessful_expectations,
  })),
});

/** Expectations that failed and did not hold the workbook back: below critical, or overridden. */
export function warningsOf(gate: GateResult): GateWarning[] {
  return gate.suites.flatMap((suite) => {
    const checks = qaChecks(gate.version, gate.report.asof_date, [suite], gate.checked_at);
    return suite.results.flatMap((result, at) => {
      const isBlocking = result.expectation_config.severity === 'critical' && gate.verdict !== 'overridden';
      if (result.success || isBlocking) return [];
      const { expectation, column, severity, element_count, unexpected_count } = checks[at]!;
      const { unexpected_cells: cells = [], unexpected_curves: curves = [] } = result.result;
      const found = { suite: suite.suite_name, expectation, column, severity, rule: ruleOf(result) };
      return [{ ...found, element_count, unexpected_count, cells, curves } as GateWarning];
    });
  });
}

/** Every expectation, in the order of the suites. */
export function checksOf(gate: GateResult): QaResult[] {
  const rules = gate.suites.flatMap(({ results }) => results.map(ruleOf));
  const { vendor, asof_date } = gate.report;
  return qaChecks(gate.version, asof_date, gate.suites, gate.checked_at).map((check, at) => ({
    ...check,
    vendor,
    rule: rules[at]!,
  }));
}

function ruleOf({ expectation_config }: ExpectationResult): string | null {
  const { notes } = expectation_config.meta;
  return typeof notes === 'string' ? notes : null;
}
