import { describe, expect, test } from 'vitest';
import { type ExpectationFamily, type GateInput, type GateRun, qaChecks, runGate } from '#lib/domain/gate.ts';
import { family as business } from '#lib/gates/business.ts';
import { family as schema } from '#lib/gates/schema.ts';
import { family as tenor } from '#lib/gates/tenor.ts';
import { EXPECTATION_KWARGS, expectationSuite } from '#schemas/expectation-suite.ts';
import { qaCheck } from '#schemas/lake.ts';
import { suiteResult } from '#schemas/stages.ts';
import { ASOF, gateInput, goodRows, tableOf } from './good-table.ts';
import { type Fault, MUTATIONS } from './mutations.ts';

const families = [schema, business, tenor];

/** What failed at the given severity, in the form mutations state it. */
function faultsOf(run: GateRun, severity: 'critical' | 'warning' | 'info'): Fault[] {
  return run.suites
    .flatMap((suite) => suite.results)
    .filter((result) => !result.success && result.expectation_config.severity === severity)
    .map(({ expectation_config: { type, kwargs }, result }) => ({
      expectation: type.slice('expect_'.length),
      columns: [kwargs.column, kwargs.column_A, kwargs.column_B, ...((kwargs.column_list as string[]) ?? [])]
        .filter((name) => name !== undefined)
        .join(),
      cells: (result.unexpected_cells as string[]) ?? [],
    }));
}
const byName = (faults: readonly Fault[]) => faults.map((fault) => JSON.stringify(fault)).sort();

describe('the good table', () => {
  const run = runGate(gateInput(), families);

  test('is green, without warnings, and says so in one sentence', () => {
    expect(faultsOf(run, 'critical')).toEqual([]);
    expect(run).toMatchObject({
      success: true,
      warnings: 0,
      summary: /^Green: \d+ expectations checked, no warnings\.$/,
    });
  });
  test('gives results in the published shape', () => {
    for (const suite of run.suites) expect(() => suiteResult.parse(suite)).not.toThrow();
  });
  test('is judged the same each time and left as it was', () => {
    const input = gateInput();
    const before = structuredClone(input);
    expect(runGate(input, families)).toEqual(runGate(input, families));
    expect(input).toEqual(before);
  });
  test('every measure was really asked: no expectation on an empty set of values', () => {
    const empty = run.suites
      .flatMap((suite) => suite.results)
      .filter(
        ({ result: { element_count, missing_count } }) =>
          element_count === 0 || (element_count !== undefined && missing_count === element_count),
      )
      .map(({ expectation_config: { type, kwargs } }) => `${type} ${String(kwargs.column)}`);
    expect(empty).toEqual([
      'expect_column_values_to_be_of_type iso',
      'expect_column_values_to_be_of_type units_raw',
    ]);
  });
});

describe('a spoiled table', () => {
  test('at least 30 ways are tried', () => expect(MUTATIONS.length).toBeGreaterThanOrEqual(30));

  test.each(MUTATIONS)('$name is red with exactly its expectation and cell', ({ input, faults }) => {
    const run = runGate(input, families);
    expect(byName(faultsOf(run, 'critical'))).toEqual(byName(faults));
    expect(run.success).toBe(false);
  });

  test('the summary names rule, cell and curve', () => {
    const run = runGate(MUTATIONS[0]!.input, families);
    expect(run.summary).toMatch(
      /^Red: 1 of \d+ expectations failed \(no warnings\): ask is not below bid: 1 of \d+ rows, first at Fixed Prices - BidAsk!E20 \(power EU German BASE\)\.$/,
    );
  });
  test('curves at fault are listed with their rows', () => {
    const moved = MUTATIONS.find(({ name }) => name === 'one month moved under its strips')!;
    const result = runGate(moved.input, families)
      .suites.flatMap((suite) => suite.results)
      .find(({ success }) => !success)!;
    expect(result.result).toMatchObject({
      unexpected_count: 3,
      unexpected_curves: [{ curve: 'carbon EU EUA', unexpected_count: 3 }],
    });
  });
});

describe('what a price that was not read does', () => {
  test('one failure or one unaccounted price makes an otherwise good table red', () => {
    const input = gateInput();
    const parameters = { expected_rows: input.table.length + 1 };
    expect(runGate({ ...input, parameters }, families).success).toBe(false);
  });
});

describe('warnings', () => {
  const day = (previous: GateInput['previous']): GateRun => runGate({ ...gateInput(), previous }, families);

  test('a jump since the day before is counted, not red', () => {
    const rows = goodRows(ASOF, -0.4);
    rows[0]!.value *= 0.5;
    const run = day(tableOf(rows, '2025-09-11'));
    expect(run).toMatchObject({ success: true, warnings: 1 });
    expect(faultsOf(run, 'warning')).toEqual([
      {
        expectation: 'column_values_to_be_between',
        columns: 'day_change',
        cells: ['Fixed Prices - Mid!C12'],
      },
    ]);
  });
  test('curves that stand still are counted by their days', () => {
    const run = day(tableOf(goodRows(), '2025-09-09'));
    const [stale] = run.suites.flatMap((suite) => suite.results).filter(({ success }) => !success);
    expect(run).toMatchObject({ success: true, warnings: 1 });
    expect(stale!.expectation_config.kwargs.column).toBe('unchanged_days');
    expect(stale!.result.partial_unexpected_list).toEqual(new Array(20).fill(3));
  });
  test('one point that moves makes the curve a living one', () => {
    const rows = goodRows();
    const first = rows[0]!;
    const ofCurve = rows.filter(({ series }) => series.curve_key === first.series.curve_key).length;
    first.value += 0.001;
    const [stale] = faultsOf(day(tableOf(rows, '2025-09-11')), 'warning');
    const before = day(tableOf(rows, '2025-09-11')).suites.flatMap((suite) => suite.results);
    const result = before.find(
      ({ expectation_config }) => expectation_config.kwargs.column === 'unchanged_days',
    )!;
    expect(stale!.columns).toBe('unchanged_days');
    expect(result.result.unexpected_count).toBe(rows.length - ofCurve);
  });
  test.each(['2025-09-12', '2025-09-15'])('a table of %s is no day before', (asof) => {
    expect(day(tableOf(goodRows(asof, 50), asof)).warnings).toBe(0);
  });
  test('sparks without a heat rate cannot be checked, and that is said', () => {
    const run = runGate({ ...gateInput(), heatRates: { EU: 2 } }, families);
    expect(run).toMatchObject({ success: true, warnings: 1 });
    expect(faultsOf(run, 'warning')[0]).toMatchObject({ columns: 'spark_deviation' });
  });
  test('strips without all of their months are an information', () => {
    const input = gateInput((rows) =>
      rows.filter(({ tenor_type, contract_month }) => tenor_type !== 'MONTHLY' || contract_month < '2026-06'),
    );
    const run = runGate({ ...input, parameters: { expected_rows: input.table.length } }, families);
    expect(run).toMatchObject({ success: true, warnings: 1 });
    expect(faultsOf(run, 'info')[0]).toMatchObject({ columns: 'strip_deviation' });
  });
  test('a side quoted alone in the middle of a curve is no gap', () => {
    const run = runGate(
      gateInput((rows) => {
        Object.assign(rows[20]!, {
          price_type: 'Bid',
          value: rows[20]!.bid,
          ask: Number.NaN,
          mid: Number.NaN,
        });
        return undefined;
      }),
      families,
    );
    expect(faultsOf(run, 'critical')).toEqual([]);
  });
});

describe('what cannot be judged', () => {
  const suiteWith = (type: string, kwargs: Record<string, unknown>): ExpectationFamily => ({
    ...schema,
    suite: expectationSuite.parse({
      name: 'odd',
      expectations: [{ type, kwargs, severity: 'critical', meta: { notes: 'odd' } }],
      meta: { notes: 'odd' },
    }),
  });
  const between = 'expect_column_values_to_be_between';
  const value = { column: 'value', min_value: -1e9 };
  test.each([
    [
      'an unknown type',
      'expect_column_values_to_be_pretty',
      value,
      /expect_column_values_to_be_pretty is not known/,
    ],
    ['a name every object has', 'constructor', value, /constructor is not known/],
    ['an unknown column', between, { ...value, column: 'price' }, /column price is not in the batch/],
    ['an unknown option', between, { ...value, mostly: 0.5 }, /mostly/],
    ['no bound', between, { column: 'value' }, /min_value/],
    ['bounds the wrong way round', between, { ...value, max_value: -2e9 }, /min_value <= max_value/],
    [
      'a parameter without a value',
      between,
      { ...value, max_value: { $PARAMETER: 'most' } },
      /most has no value/,
    ],
    ['a column of text for numbers', between, { ...value, column: 'product' }, /product holds text/],
    [
      'a column of numbers for text',
      'expect_column_values_to_match_regex',
      { column: 'value', regex: '1' },
      /value holds numbers/,
    ],
    [
      'a broken pattern',
      'expect_column_values_to_match_regex',
      { column: 'product', regex: '(' },
      /regular expression/i,
    ],
    [
      'a condition in words',
      between,
      { ...value, row_condition: 'product_kind == "spark"' },
      /row_condition/,
    ],
    [
      'a condition on an unknown column',
      between,
      {
        ...value,
        row_condition: { type: 'comparison', column: { name: 'x' }, operator: '==', parameter: 'y' },
      },
      /column x/,
    ],
    [
      'a condition that compares otherwise',
      between,
      {
        ...value,
        row_condition: { type: 'comparison', column: { name: 'product' }, operator: '>', parameter: 'y' },
      },
      /row_condition/,
    ],
    [
      'a set for one value',
      between,
      {
        ...value,
        row_condition: { type: 'comparison', column: { name: 'product' }, operator: '==', parameter: ['y'] },
      },
      /does not take/,
    ],
  ])('%s is red, with the reason', (_, type, kwargs, reason) => {
    const run = runGate(gateInput(), [suiteWith(type, kwargs)]);
    expect(run.success).toBe(false);
    expect(run.suites[0]!.results[0]).toMatchObject({
      success: false,
      exception_info: { raised_exception: true, exception_message: expect.stringMatching(reason) },
    });
    expect(run.summary).toMatch(/could not be judged/);
  });
  test('measures that throw fail every expectation of their suite and no other', () => {
    const broken: ExpectationFamily = {
      ...tenor,
      measures() {
        throw new Error('no such month');
      },
    };
    const run = runGate(gateInput(), [schema, broken]);
    expect(run.suites.map((suite) => suite.success)).toEqual([true, false]);
    expect(run.suites[1]!.statistics.successful_expectations).toBe(0);
    expect(run.summary).toMatch(/measures of tenor: Error: no such month/);
  });
  test.each([
    ['a curve that is in no dictionary', { seriesCode: 10_000 }],
    ['a tenor that is in no dictionary', { tenorCode: 10_000 }],
    ['a sheet that is in no dictionary', { sheetCode: 10_000 }],
    ['a side that is none', { priceType: 3 }],
  ])('%s is red in every suite', (_, spoilt) => {
    const input = gateInput();
    for (const [name, code] of Object.entries(spoilt)) input.table[name as 'seriesCode'][5] = code;
    const run = runGate(input, families);
    expect(run.suites.map((suite) => suite.success)).toEqual([false, false, false]);
  });
  test('a column cut short is red', () => {
    const input = gateInput();
    const run = runGate({ ...input, table: { ...input.table, bid: input.table.bid.slice(1) } }, [schema]);
    expect(run.summary).toMatch(/bid has \d+ values for \d+ rows/);
  });
  test('no family is no pass', () => expect(runGate(gateInput(), []).success).toBe(false));
});

describe('the suites', () => {
  test.each(families)('$name states only types and options that are known', ({ suite }) => {
    for (const { type, kwargs } of suite.expectations) {
      const parameters = Object.entries(kwargs).map(([name, value]) =>
        typeof value === 'object' && '$PARAMETER' in (value as object) ? [name, 1] : [name, value],
      );
      expect(Object.keys(EXPECTATION_KWARGS)).toContain(type);
      const known = EXPECTATION_KWARGS[type as keyof typeof EXPECTATION_KWARGS];
      expect(() => known.parse(Object.fromEntries(parameters))).not.toThrow();
    }
  });
  test.each([
    ['a key of no meaning', { ...schema.suite, owner: 'me' }],
    ['no expectations', { ...schema.suite, expectations: [] }],
    [
      'an expectation without severity',
      { ...schema.suite, expectations: [{ type: 'a', kwargs: {}, meta: { notes: 'a' } }] },
    ],
  ])('a suite with %s is refused', (_, suite) => expect(() => expectationSuite.parse(suite)).toThrow());
});

describe('rows of qa_checks', () => {
  const checked_at = '2025-09-12T21:30:00.000Z';
  const version = '20250912-0123456789abcdef';

  test('are one per expectation, in the table’s shape', () => {
    const { suites } = runGate(MUTATIONS[0]!.input, families);
    const checks = qaChecks(version, ASOF, suites, checked_at);
    for (const check of checks) expect(() => qaCheck.parse(check)).not.toThrow();
    expect(checks.length).toBe(suites.reduce((sum, suite) => sum + suite.results.length, 0));
    expect(checks.filter(({ success }) => !success)).toEqual([
      {
        version,
        asof_date: ASOF,
        suite: 'curve_business',
        expectation: 'expect_column_pair_values_a_to_be_greater_than_b',
        column: 'ask,bid',
        severity: 'critical',
        success: false,
        element_count: MUTATIONS[0]!.input.table.length,
        unexpected_count: 1,
        unexpected_cells: 'Fixed Prices - BidAsk!E20',
        checked_at,
      },
    ]);
  });
});
