/**
 * The gate: expectation suites over the rows of one workbook, to a verdict with the cells at fault.
 * Knows nothing of storage, clocks or Great Expectations itself; the results have its validation-result shape. Whatever
 * cannot be judged (an unknown type, option or column, a measure that throws) has failed.
 */
import type { ExpectationConfig, ExpectationSuite } from '#schemas/expectation-suite.ts';
import type { QaCheck } from '#schemas/lake.ts';
import type { ExpectationResult, SuiteResult } from '#schemas/stages.ts';
import type { CurveTable, Series } from './curve.ts';
import { type Batch, batchOf, bidAskCell, type Column, midCell } from './gate/batch.ts';
import { columnsOf, evaluate, type Outcome, type RowsOutcome } from './gate/expectations.ts';
import type { SeasonRule } from './tenor.ts';

export interface GateInput {
  readonly table: CurveTable;
  /** The same vendor's table of the market day before; left out, jumps and staleness are not judged. */
  readonly previous?: CurveTable | undefined;
  readonly seasons: SeasonRule;
  /** Gas per unit of power in the vendor's sparks, by region. */
  readonly heatRates?: Readonly<Record<string, number>> | undefined;
  /**
   * Values of the suites' `$PARAMETER`s. `expected_rows`: rows, failures and unaccounted prices as the parse report
   * counts them, not as the table to be judged has them: a price that failed is a row that is missing.
   */
  readonly parameters: Readonly<Record<string, number>>;
}

/** One file in `lib/gates/`: a suite, and the measures its expectations need beside the canonical columns. */
export interface ExpectationFamily {
  readonly name: string;
  readonly suite: ExpectationSuite;
  measures(input: GateInput): Readonly<Record<string, Column>>;
}

export interface GateRun {
  /** No critical expectation failed. */
  readonly success: boolean;
  readonly suites: readonly SuiteResult[];
  /** Expectations below critical that failed. */
  readonly warnings: number;
  /** One sentence for a person. */
  readonly summary: string;
}

/** Values, cells and curves listed per expectation. */
const LISTED = 20;

/** Runs every family's suite on the table. No family at all is no pass. */
export function runGate(input: GateInput, families: readonly ExpectationFamily[]): GateRun {
  const suites = families.map((family) => runSuite(input, family));
  const failed = suites.flatMap((suite) => suite.results.filter((result) => !result.success));
  const critical = failed.filter((result) => result.expectation_config.severity === 'critical');
  const warnings = failed.length - critical.length;
  const success = critical.length === 0 && suites.length > 0;
  const evaluated = suites.reduce((sum, suite) => sum + suite.statistics.evaluated_expectations, 0);
  return { success, suites, warnings, summary: summaryOf(evaluated, critical, warnings) };
}

function runSuite(input: GateInput, family: ExpectationFamily): SuiteResult {
  const { suite } = family;
  const batch = measuredBatch(input, family);
  const results = suite.expectations.map((config) => runExpectation(input, batch, config));
  const successful = results.filter((result) => result.success).length;
  return {
    success: results.every((result) => result.success || result.expectation_config.severity !== 'critical'),
    suite_name: suite.name,
    suite_parameters: { ...input.parameters },
    results,
    statistics: {
      evaluated_expectations: results.length,
      successful_expectations: successful,
      unsuccessful_expectations: results.length - successful,
      success_percent: results.length === 0 ? null : (successful / results.length) * 100,
    },
    meta: { family: family.name, source_file: input.table.source_file, asof_date: input.table.asof_date },
  };
}

/** The batch, or why its measures could not be computed. */
function measuredBatch(input: GateInput, family: ExpectationFamily): Batch | Error {
  try {
    return batchOf(input.table, family.measures(input));
  } catch (error) {
    return new Error(`measures of ${family.name}: ${String(error)}`, { cause: error });
  }
}

/** Not caught to be ignored: an expectation that cannot be judged is a failed one, with the reason in its result. */
function runExpectation(
  input: GateInput,
  batch: Batch | Error,
  config: ExpectationConfig,
): ExpectationResult {
  let kwargs = config.kwargs;
  try {
    if (batch instanceof Error) throw batch;
    kwargs = withParameters(config.kwargs, input.parameters);
    const outcome = evaluate(batch, config.type, kwargs);
    const success = 'success' in outcome ? outcome.success : outcome.unexpected_rows.length === 0;
    return resultOf(config, kwargs, success, resultBody(input.table, outcome), null);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return resultOf(config, kwargs, false, {}, message);
  }
}

function resultOf(
  config: ExpectationConfig,
  kwargs: Record<string, unknown>,
  success: boolean,
  result: Record<string, unknown>,
  exception: string | null,
): ExpectationResult {
  return {
    success,
    expectation_config: { ...config, kwargs },
    result,
    exception_info: {
      raised_exception: exception !== null,
      exception_message: exception,
      exception_traceback: null,
    },
    meta: {},
  };
}

/** Puts the run's values where a kwarg is `{"$PARAMETER": name}`. */
function withParameters(
  kwargs: Readonly<Record<string, unknown>>,
  parameters: Readonly<Record<string, number>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(kwargs).map(([name, value]) => {
      if (typeof value !== 'object' || value === null || !('$PARAMETER' in value)) return [name, value];
      const parameter = String(value.$PARAMETER);
      if (!Object.hasOwn(parameters, parameter)) throw new Error(`suite parameter ${parameter} has no value`);
      return [name, parameters[parameter]];
    }),
  );
}

function resultBody(table: CurveTable, outcome: Outcome): Record<string, unknown> {
  if ('success' in outcome) {
    const { observed_value, details } = outcome;
    return { observed_value, ...(details === undefined ? {} : { details }) };
  }
  const { element_count, missing_count, unexpected_rows } = outcome;
  const listed = unexpected_rows.slice(0, LISTED);
  const unexpected_count = unexpected_rows.length;
  const judged = element_count - (missing_count ?? 0);
  return {
    element_count,
    unexpected_count,
    unexpected_percent: percent(unexpected_count, judged),
    partial_unexpected_list: listed.map((row) => outcome.shown(row)),
    partial_unexpected_index_list: listed,
    unexpected_cells: listed.map((row) => cellAtFault(table, outcome, row)),
    unexpected_curves: curvesAtFault(table, unexpected_rows),
    ...(missing_count === undefined
      ? {}
      : {
          missing_count,
          missing_percent: percent(missing_count, element_count),
          unexpected_percent_total: percent(unexpected_count, element_count),
          unexpected_percent_nonmissing: percent(unexpected_count, judged),
        }),
  };
}

const percent = (part: number, whole: number): number | null => (whole === 0 ? null : (part / whole) * 100);

/** The cell a person must look at: the bid/ask text where the question is about bid and ask, else the mid. */
function cellAtFault(table: CurveTable, outcome: RowsOutcome, row: number): string {
  const aboutSides = outcome.columns.every((name) => name === 'bid' || name === 'ask');
  return (aboutSides ? bidAskCell(table, row) : null) ?? midCell(table, row);
}

/** The first curves at fault, each with its number of rows. */
function curvesAtFault(table: CurveTable, rows: readonly number[]) {
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(table.seriesCode[row]!, (counts.get(table.seriesCode[row]!) ?? 0) + 1);
  return [...counts].slice(0, LISTED).map(([code, unexpected_count]) => {
    const series = table.series[code]!;
    return { curve_key: series.curve_key, curve: curveName(series), unexpected_count };
  });
}

function curveName(series: Series): string {
  const { asset_class, iso, region, location, market, product, block, spark_location } = series;
  const parts = [asset_class, iso, region, location, market, product, block, spark_location];
  return [...new Set(parts.filter((part) => part !== null && part !== ''))].join(' ');
}

function summaryOf(evaluated: number, critical: readonly ExpectationResult[], warnings: number): string {
  const also = warnings === 0 ? 'no warnings' : `${warnings} warning${warnings === 1 ? '' : 's'}`;
  if (evaluated === 0) return 'Red: no expectations were run.';
  const first = critical[0];
  if (first === undefined) return `Green: ${evaluated} expectations checked, ${also}.`;
  const others = critical.length === 1 ? '' : ` and ${critical.length - 1} more`;
  return `Red: ${critical.length} of ${evaluated} expectations failed (${also}): ${faultOf(first)}${others}.`;
}

/** `mid is the middle of bid and ask: 3 of 11483 rows, first at Fixed Prices - Mid!H42 (power EU German BASE)` */
function faultOf({ expectation_config, result, exception_info }: ExpectationResult): string {
  const rule = expectation_config.meta.notes ?? expectation_config.type;
  if (exception_info.raised_exception)
    return `${rule}: could not be judged, ${exception_info.exception_message}`;
  if (result.unexpected_count === undefined)
    return `${rule}: observed ${JSON.stringify(result.observed_value)}`;
  const [cell] = result.unexpected_cells as string[];
  const [at] = result.unexpected_curves as { curve: string }[];
  return `${rule}: ${result.unexpected_count} of ${result.element_count} rows, first at ${cell} (${at?.curve})`;
}

/** The rows of `market.qa_checks`: one per expectation. A table-level expectation counts as one element. */
export function qaChecks(
  version: string,
  asof_date: string,
  suites: readonly SuiteResult[],
  checked_at: string,
): QaCheck[] {
  return suites.flatMap((suite) =>
    suite.results.map(({ success, result, expectation_config: { type, kwargs, severity } }) => ({
      version,
      asof_date,
      suite: suite.suite_name,
      expectation: type,
      column: columnsOf(kwargs).join(','),
      severity,
      success,
      element_count: typeof result.element_count === 'number' ? result.element_count : 1,
      unexpected_count:
        typeof result.unexpected_count === 'number' ? result.unexpected_count : Number(!success),
      unexpected_cells: Array.isArray(result.unexpected_cells) ? result.unexpected_cells.join(',') : '',
      checked_at,
    })),
  );
}
