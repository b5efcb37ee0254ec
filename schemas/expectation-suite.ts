/**
 * Expectation suites as Great Expectations 1.x writes them, narrowed to the expectation types and options Aurum uses.
 * A file that is no such suite is refused when it is loaded; an expectation with an unknown type, option or column loads,
 * and fails when it is run.
 */
import { z } from 'zod';

export const expectationConfig = z.strictObject({
  type: z.string().min(1),
  kwargs: z.record(z.string(), z.unknown()),
  severity: z.enum(['critical', 'warning', 'info']),
  meta: z.strictObject({
    notes: z.string().min(1).describe('What must hold, for a person'),
    override: z
      .string()
      .regex(/^[a-z][a-z0-9_]*$/)
      .optional()
      .describe(
        'Name under which people may let it pass: only of what judges a price, never of what makes a row',
      ),
  }),
});
export type ExpectationConfig = z.infer<typeof expectationConfig>;

export const expectationSuite = z.strictObject({
  name: z.string().min(1),
  expectations: z.array(expectationConfig).min(1),
  meta: z.strictObject({ notes: z.string().min(1) }),
});
export type ExpectationSuite = z.infer<typeof expectationSuite>;

const comparison = z.strictObject({
  type: z.literal('comparison'),
  column: z.strictObject({ name: z.string() }),
  operator: z.literal(['==', 'IN']),
  parameter: z.union([z.string(), z.array(z.string())]),
});
export type Comparison = z.infer<typeof comparison>;

/** Condition objects: the text form (`condition_parser: "pandas"`) is deprecated since GX 1.9. */
const rowCondition = z.union([
  comparison,
  z.strictObject({ type: z.literal('and'), conditions: z.array(comparison).min(1) }),
]);
export type RowCondition = z.infer<typeof rowCondition>;

const rows = { row_condition: rowCondition.optional() };
const oneColumn = { column: z.string(), ...rows };
const columnPair = {
  column_A: z.string(),
  column_B: z.string(),
  ignore_row_if: z.literal('either_value_is_missing'),
  ...rows,
};
const bounds = { min_value: z.number().optional(), max_value: z.number().optional() };
const ordered = ({
  min_value,
  max_value,
}: {
  min_value?: number | undefined;
  max_value?: number | undefined;
}) => (min_value !== undefined || max_value !== undefined) && !(min_value! > max_value!);
const boundsRule = 'one of min_value and max_value is needed, and min_value <= max_value';

/** Options by expectation type, after suite parameters have been put in. */
export const EXPECTATION_KWARGS = {
  expect_table_columns_to_match_set: z.strictObject({
    column_set: z.array(z.string()).min(1),
    exact_match: z.boolean(),
  }),
  expect_table_row_count_to_equal: z.strictObject({ value: z.int().nonnegative() }),
  expect_table_row_count_to_be_between: z.strictObject(bounds).refine(ordered, boundsRule),
  expect_column_values_to_be_of_type: z.strictObject({ ...oneColumn, type_: z.literal(['str', 'float64']) }),
  expect_column_values_to_not_be_null: z.strictObject(oneColumn),
  expect_column_values_to_match_regex: z.strictObject({ ...oneColumn, regex: z.string() }),
  expect_column_values_to_not_match_regex: z.strictObject({ ...oneColumn, regex: z.string() }),
  expect_column_values_to_be_in_set: z.strictObject({ ...oneColumn, value_set: z.array(z.string()).min(1) }),
  expect_column_values_to_be_between: z.strictObject({ ...oneColumn, ...bounds }).refine(ordered, boundsRule),
  expect_column_pair_values_to_be_equal: z.strictObject(columnPair),
  expect_column_pair_values_a_to_be_greater_than_b: z.strictObject({ ...columnPair, or_equal: z.boolean() }),
  expect_compound_columns_to_be_unique: z.strictObject({
    column_list: z.array(z.string()).min(2),
    ignore_row_if: z.literal('never'),
    ...rows,
  }),
} as const;
export type ExpectationType = keyof typeof EXPECTATION_KWARGS;
export type ExpectationKwargs<Type extends ExpectationType> = z.infer<(typeof EXPECTATION_KWARGS)[Type]>;
