/**
 * The objects one stage leaves for the next: `staged/{version}/report.json`, `gated/{version}/result.json`,
 * `released/{version}.json`. Each is written once, after all it names is durable, and is the trigger of the next stage.
 */
import { z } from 'zod';
import { isoDate, sha256Hex, utcTimestamp } from './curve-observation.ts';
import { severity, workbookVersionId } from './lake.ts';

/** The workbook as it lies in the raw area. */
export const rawSource = z.strictObject({
  bucket: z.string().min(1),
  key: z.string().min(1),
  etag: z.string().min(1),
  version_id: z.string().nullable(),
  /** Order among uploads of the slot; the store's sequencer, else its time. */
  sequence: z.string().min(1),
  size: z.int().nonnegative(),
  uploaded_at: utcTimestamp,
  sha256: sha256Hex,
  uploaded_by: z
    .string()
    .optional()
    .describe('In old reports, and believed by nobody: the audit trail tells'),
});
export type RawSource = z.infer<typeof rawSource>;

export const cellFailure = z.strictObject({
  sheet: z.string(),
  cell: z.string(),
  code: z.string(),
  message: z.string(),
  raw: z.string(),
});

export const sheetAccount = z.strictObject({
  name: z.string(),
  rows: z.int(),
  columns: z.int(),
  cells: z.int(),
  /** Cells by what they were taken for. */
  roles: z.record(z.string(), z.int()),
  ignored: z.record(z.string(), z.int()),
  unaccounted_prices: z.int(),
});
export type SheetAccount = z.infer<typeof sheetAccount>;

export const parseReport = z.strictObject({
  version: workbookVersionId,
  vendor: z.string().min(1),
  asof_date: isoDate,
  source_file: z.string().min(1),
  source: rawSource,
  rows_key: z.string().min(1),
  row_count: z.int().nonnegative(),
  curve_count: z.int().nonnegative(),
  failure_count: z.int().nonnegative(),
  /** The first 1,000 failures; all of them are in `failures_key`. */
  failures: z.array(cellFailure),
  failures_key: z.string().nullable(),
  sheets: z.array(sheetAccount),
  notes: z.array(z.string()),
  parsed_at: utcTimestamp,
});
export type ParseReport = z.infer<typeof parseReport>;

/** One expectation in the validation-result shape of Great Expectations 1.x. */
export const expectationResult = z.strictObject({
  success: z.boolean(),
  expectation_config: z.strictObject({
    type: z.string(),
    kwargs: z.record(z.string(), z.unknown()),
    severity: severity,
    meta: z.record(z.string(), z.unknown()),
  }),
  result: z.record(z.string(), z.unknown()),
  exception_info: z.strictObject({
    raised_exception: z.boolean(),
    exception_message: z.string().nullable(),
    exception_traceback: z.string().nullable(),
  }),
  meta: z.record(z.string(), z.unknown()),
});
export type ExpectationResult = z.infer<typeof expectationResult>;

/** One suite's result in the validation-result shape of Great Expectations 1.x. */
export const suiteResult = z.strictObject({
  success: z.boolean(),
  suite_name: z.string(),
  suite_parameters: z.record(z.string(), z.unknown()),
  results: z.array(expectationResult),
  statistics: z.strictObject({
    evaluated_expectations: z.int(),
    successful_expectations: z.int(),
    unsuccessful_expectations: z.int(),
    success_percent: z.number().nullable(),
  }),
  meta: z.record(z.string(), z.unknown()),
});
export type SuiteResult = z.infer<typeof suiteResult>;

/** An expectation that failed and that people let pass. */
export const overriddenExpectation = z.strictObject({
  name: z.string(),
  suite: z.string(),
  expectation: z.string(),
  rule: z.string(),
  severity: severity,
  unexpected_count: z.int(),
});

/** Why a red workbook is released: two people, and what they let pass. */
export const gateOverride = z.strictObject({
  expectations: z.array(overriddenExpectation),
  reason: z.string(),
  author: z.string(),
  stated_at: utcTimestamp,
  approver: z.string(),
  approval_reason: z.string().nullable(),
  approved_at: utcTimestamp,
});

export const gateResult = z.strictObject({
  version: workbookVersionId,
  /** `overridden`: red, and released by the override. */
  verdict: z.enum(['green', 'red', 'overridden']),
  /** One sentence for a person: what is red, or that all held with how many warnings. */
  summary: z.string(),
  suites: z.array(suiteResult),
  warnings: z.int(),
  report: parseReport,
  checked_at: utcTimestamp,
  override: gateOverride.optional(),
});
export type GateResult = z.infer<typeof gateResult>;
