/**
 * The expectation types in use, one evaluator each, with the meaning Great Expectations 1.x gives them on pandas:
 * missing values are left out (except where missing is the question), a row condition narrows the rows first.
 * Knows nothing of curves, files or verdicts.
 */
import {
  type Comparison,
  EXPECTATION_KWARGS,
  type ExpectationKwargs,
  type ExpectationType,
  type RowCondition,
} from '#schemas/expectation-suite.ts';
import { type Batch, type Column, valueAt } from './batch.ts';

/** About the table or column as a whole. */
interface WholeOutcome {
  readonly success: boolean;
  readonly observed_value: unknown;
  readonly details?: unknown;
}
/** About each row. */
export interface RowsOutcome {
  readonly element_count: number;
  /** Undefined where missing values are the question. */
  readonly missing_count: number | undefined;
  readonly unexpected_rows: readonly number[];
  readonly columns: readonly string[];
  shown(row: number): unknown;
}
export type Outcome = WholeOutcome | RowsOutcome;

const Verdict = { expected: 0, missing: 1, unexpected: 2 } as const;
interface Judgement {
  verdict(row: number): number;
  /** The verdict of all rows, where the dictionary alone decides it: then no row is looked at. */
  readonly uniform?: number | undefined;
}

/** What a value must satisfy; a column of a kind without a test cannot be asked. */
interface Tests {
  readonly text?: (text: string) => boolean;
  readonly number?: (number: number) => boolean;
}

const EVALUATORS: {
  [Type in ExpectationType]: (batch: Batch, kwargs: ExpectationKwargs<Type>) => Outcome;
} = {
  expect_table_columns_to_match_set: (batch, { column_set, exact_match }) => {
    const missing = column_set.filter((name) => batch.column(name) === undefined);
    const unexpected = batch.names.filter((name) => !column_set.includes(name));
    return {
      success: missing.length === 0 && (!exact_match || unexpected.length === 0),
      observed_value: [...batch.names].sort(),
      details: { mismatched: { missing, unexpected } },
    };
  },
  expect_table_row_count_to_equal: (batch, { value }) => ({
    success: batch.length === value,
    observed_value: batch.length,
  }),
  expect_table_row_count_to_be_between: (batch, kwargs) => ({
    success: isWithin(kwargs)(batch.length),
    observed_value: batch.length,
  }),
  expect_column_values_to_be_of_type: (batch, kwargs) => {
    const column = columnOf(batch, kwargs.column);
    if (column instanceof Float64Array) {
      return { success: kwargs.type_ === 'float64', observed_value: 'float64' };
    }
    return rowsOutcome(
      batch,
      kwargs,
      judge(column, { text: (text) => kwargs.type_ === 'str' && typeof text === 'string' }),
    );
  },
  expect_column_values_to_not_be_null: (batch, kwargs) => {
    const present = judge(columnOf(batch, kwargs.column), { text: () => true, number: () => true });
    const turned = (verdict: number) => (verdict === Verdict.missing ? Verdict.unexpected : Verdict.expected);
    const judgement: Judgement = {
      verdict: (row) => turned(present.verdict(row)),
      uniform: present.uniform === undefined ? undefined : turned(present.uniform),
    };
    return { ...rowsOutcome(batch, kwargs, judgement), missing_count: undefined };
  },
  expect_column_values_to_match_regex: (batch, kwargs) => {
    const pattern = new RegExp(kwargs.regex, 'u');
    return eachValue(batch, kwargs, { text: (text) => pattern.test(text) });
  },
  expect_column_values_to_not_match_regex: (batch, kwargs) => {
    const pattern = new RegExp(kwargs.regex, 'u');
    return eachValue(batch, kwargs, { text: (text) => !pattern.test(text) });
  },
  expect_column_values_to_be_in_set: (batch, kwargs) => {
    const allowed = new Set(kwargs.value_set);
    return eachValue(batch, kwargs, { text: (text) => allowed.has(text) });
  },
  expect_column_values_to_be_between: (batch, kwargs) =>
    eachValue(batch, kwargs, { number: isWithin(kwargs) }),
  expect_column_pair_values_to_be_equal: (batch, kwargs) => {
    const a = columnOf(batch, kwargs.column_A);
    const b = columnOf(batch, kwargs.column_B);
    const verdict = (row: number) => {
      const left = valueAt(a, row);
      const right = valueAt(b, row);
      if (left === null || right === null) return Verdict.missing;
      return left === right ? Verdict.expected : Verdict.unexpected;
    };
    return rowsOutcome(batch, kwargs, { verdict });
  },
  expect_column_pair_values_a_to_be_greater_than_b: (batch, kwargs) => {
    const a = numbersOf(batch, kwargs.column_A);
    const b = numbersOf(batch, kwargs.column_B);
    const greater = kwargs.or_equal
      ? (row: number) => a[row]! >= b[row]!
      : (row: number) => a[row]! > b[row]!;
    const verdict = (row: number) => {
      if (Number.isNaN(a[row]) || Number.isNaN(b[row])) return Verdict.missing;
      return greater(row) ? Verdict.expected : Verdict.unexpected;
    };
    return rowsOutcome(batch, kwargs, { verdict });
  },
  expect_compound_columns_to_be_unique: (batch, kwargs) => {
    const selected = selection(batch, kwargs.row_condition);
    const groups = groupsOf(batch, kwargs.column_list);
    const members = new Uint32Array(batch.length);
    for (let row = 0; row < batch.length; row++) if (selected(row)) members[groups[row]!]! += 1;
    const verdict = (row: number) => (members[groups[row]!]! > 1 ? Verdict.unexpected : Verdict.expected);
    return rowsOutcome(batch, kwargs, { verdict });
  },
};

/**
 * Runs one expectation on the batch.
 * @throws Error for an unknown type, option, condition or column, or a column of the wrong kind: never a pass.
 */
export function evaluate(batch: Batch, type: string, kwargs: Readonly<Record<string, unknown>>): Outcome {
  if (!Object.hasOwn(EVALUATORS, type)) throw new Error(`expectation type ${type} is not known`);
  const known = type as ExpectationType;
  const parsed = EXPECTATION_KWARGS[known].safeParse(kwargs);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(
      (issue) => `${issue.path.join('.') || 'kwargs'}: ${issue.message}`,
    );
    throw new Error(`${type}: ${issues.join('; ')}`);
  }
  const run = EVALUATORS[known] as (batch: Batch, kwargs: unknown) => Outcome;
  return run(batch, parsed.data);
}

function eachValue(
  batch: Batch,
  kwargs: { column: string; row_condition?: RowCondition | undefined },
  tests: Tests,
) {
  return rowsOutcome(batch, kwargs, judge(columnOf(batch, kwargs.column), tests, kwargs.column));
}

/** Asks every selected row and keeps the rows that fail. */
function rowsOutcome(
  batch: Batch,
  kwargs: Readonly<Record<string, unknown>> & { row_condition?: RowCondition | undefined },
  { verdict, uniform }: Judgement,
): RowsOutcome {
  const selected = selection(batch, kwargs.row_condition);
  const settled = uniform === Verdict.expected && kwargs.row_condition === undefined;
  const unexpected_rows: number[] = [];
  let element_count = settled ? batch.length : 0;
  let missing_count = 0;
  for (let row = 0; row < batch.length && !settled; row++) {
    if (!selected(row)) continue;
    element_count += 1;
    const found = verdict(row);
    if (found === Verdict.missing) missing_count += 1;
    else if (found === Verdict.unexpected) unexpected_rows.push(row);
  }
  const columns = columnsOf(kwargs);
  return {
    element_count,
    missing_count,
    unexpected_rows,
    columns,
    shown: (row) => shownValue(batch, kwargs, columns, row),
  };
}

/** Columns an expectation is about; none for the whole table. */
export function columnsOf(kwargs: Readonly<Record<string, unknown>>): readonly string[] {
  const { column, column_A, column_B, column_list } = kwargs;
  const named = Array.isArray(column_list) ? column_list : [column, column_A, column_B];
  return named.filter((name) => typeof name === 'string');
}

/** The offending value as Great Expectations lists it: the value, a pair, or an object of the columns. */
function shownValue(
  batch: Batch,
  kwargs: Readonly<Record<string, unknown>>,
  columns: readonly string[],
  row: number,
): unknown {
  const values = columns.map((name) => valueAt(columnOf(batch, name), row));
  if (kwargs.column_list !== undefined)
    return Object.fromEntries(columns.map((name, i) => [name, values[i]]));
  return columns.length === 1 ? values[0] : values;
}

/** One verdict per dictionary entry for text, one per row for numbers. */
function judge(column: Column, tests: Tests, name = 'the column'): Judgement {
  if (column instanceof Float64Array) {
    const test = tests.number ?? wrongKind(name, 'numbers');
    const verdict = (row: number) => {
      const number = column[row]!;
      if (Number.isNaN(number)) return Verdict.missing;
      return test(number) ? Verdict.expected : Verdict.unexpected;
    };
    return { verdict };
  }
  const test = tests.text ?? wrongKind(name, 'text');
  const { texts, codes } = column;
  const byCode = new Uint8Array(texts.length);
  let uniform = true;
  for (let code = 0; code < texts.length; code++) {
    const text = texts[code]!;
    if (text === null) byCode[code] = Verdict.missing;
    else byCode[code] = test(text) ? Verdict.expected : Verdict.unexpected;
    uniform &&= byCode[code] === byCode[0];
  }
  return { verdict: (row) => byCode[codes[row]!]!, uniform: uniform ? byCode[0] : undefined };
}

/** Rows the condition lets through. */
function selection(batch: Batch, condition: RowCondition | undefined): (row: number) => boolean {
  if (condition === undefined) return () => true;
  const comparisons = condition.type === 'and' ? condition.conditions : [condition];
  const judgements = comparisons.map((comparison) => judgeComparison(batch, comparison));
  return (row) => judgements.every(({ verdict }) => verdict(row) === Verdict.expected);
}

function judgeComparison(batch: Batch, { column, operator, parameter }: Comparison): Judgement {
  if (Array.isArray(parameter) !== (operator === 'IN')) {
    throw new Error(`row condition on ${column.name}: ${operator} does not take this parameter`);
  }
  const accepted = new Set(Array.isArray(parameter) ? parameter : [parameter]);
  return judge(columnOf(batch, column.name), { text: (text) => accepted.has(text) }, column.name);
}

/** A number a row, equal exactly where the rows agree in every named column; below the number of rows. */
function groupsOf(batch: Batch, names: readonly string[]): Uint32Array {
  let groups = new Uint32Array(batch.length);
  for (const name of names) {
    const ranks = ranksOf(columnOf(batch, name), batch.length);
    const known = new Map<number, number>();
    const refined = new Uint32Array(batch.length);
    for (let row = 0; row < batch.length; row++) {
      const both = groups[row]! * (batch.length + 1) + ranks[row]!;
      const group = known.get(both) ?? known.size;
      if (group === known.size) known.set(both, group);
      refined[row] = group;
    }
    groups = refined;
  }
  return groups;
}

/** A number a row, equal where the values are; missing equals missing. At most `length`. */
function ranksOf(column: Column, length: number): Uint32Array {
  const known = new Map<unknown, number>();
  const rankOf = (value: unknown): number => {
    const rank = known.get(value) ?? known.size;
    known.set(value, rank);
    return rank;
  };
  if (column instanceof Float64Array) return Uint32Array.from(column, rankOf);
  const byCode = new Int32Array(column.texts.length).fill(-1);
  const ranks = new Uint32Array(length);
  for (let row = 0; row < length; row++) {
    const code = column.codes[row]!;
    if (byCode[code] === -1) byCode[code] = rankOf(column.texts[code] ?? null);
    ranks[row] = byCode[code]!;
  }
  return ranks;
}

function isWithin(bounds: { min_value?: number | undefined; max_value?: number | undefined }) {
  const least = bounds.min_value ?? Number.NEGATIVE_INFINITY;
  const most = bounds.max_value ?? Number.POSITIVE_INFINITY;
  return (number: number) => number >= least && number <= most;
}

function columnOf(batch: Batch, name: string): Column {
  const column = batch.column(name);
  if (column === undefined) throw new Error(`column ${name} is not in the batch`);
  return column;
}

function numbersOf(batch: Batch, name: string): Float64Array {
  const column = columnOf(batch, name);
  return column instanceof Float64Array ? column : wrongKind(name, 'text');
}

function wrongKind(name: string, kind: string): never {
  throw new Error(`${name} holds ${kind}, which this expectation cannot judge`);
}
