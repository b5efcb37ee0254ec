/** What the release and QA routes take and give: what was released when, and what the gate said of it. */
import { z } from 'zod';
import { isoDate, sha256Hex, utcTimestamp } from './curve-observation.ts';
import { asKnownAt, optionalVersion, vendorParameter, versionParameter } from './curve-query.ts';
import { qaCheck, severity, workbookVersionId } from './lake.ts';
import { cursorParameter, pageLimit, pageMeta } from './page.ts';
import { gateOverride } from './stages.ts';

const asofParameter = isoDate.optional().describe('As-of day, YYYY-MM-DD');
/** A query string knows no booleans. */
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

/** A release as answers name it. */
export const releaseMeta = z.strictObject({
  vendor: z.string(),
  asof_date: isoDate,
  version: workbookVersionId,
  known_at: utcTimestamp.describe('From when as_known_at sees it'),
  lake_commit: z.string(),
});

export const releaseListQuery = z.strictObject({
  vendor: vendorParameter,
  asof: asofParameter,
  current: flag
    .optional()
    .describe('true: only the current version of each vendor and day; false: only replaced ones'),
  as_known_at: asKnownAt,
  limit: pageLimit('Releases', 500, 50),
  cursor: cursorParameter,
});
export type ReleaseListQuery = z.infer<typeof releaseListQuery>;

export const releaseSummary = z.strictObject({
  ...releaseMeta.shape,
  current: z.boolean().describe('Whether questions without a version see it'),
  superseded_by: workbookVersionId.nullable().describe('The current version of its vendor and day'),
  source_file: z.string(),
  source_key: z.string().describe('Object key of the workbook'),
  source_version_id: z.string().nullable().describe('Version of that object, where the store keeps versions'),
  source_sha256: sha256Hex,
  row_count: z.int().describe('Rows of it that you may see'),
  warnings: z
    .int()
    .nullable()
    .describe(
      'Expectations below critical that failed; null: no gate result, or you may not see the whole of it',
    ),
  gate_summary: z.string().nullable().describe('As `warnings`'),
});
export type ReleaseSummary = z.infer<typeof releaseSummary>;

export const releaseListAnswer = z.strictObject({
  meta: pageMeta.extend({ as_known_at: z.string() }),
  data: z.array(releaseSummary),
});
export type ReleaseListAnswer = z.infer<typeof releaseListAnswer>;

export const releaseShowQuery = z.strictObject({ version: versionParameter });

/** One expectation of one gate run, as `market.qa_checks` has it, with the rule in words. */
export const qaResult = z.strictObject({
  ...qaCheck.shape,
  version: workbookVersionId,
  vendor: z.string(),
  rule: z.string().nullable().describe('What is expected, in words'),
});
export type QaResult = z.infer<typeof qaResult>;

/** An expectation that failed and did not hold the workbook back: below critical, or overridden. */
export const gateWarning = z.strictObject({
  suite: z.string(),
  expectation: z.string(),
  column: z.string(),
  severity: severity,
  rule: z.string().nullable(),
  element_count: z.int(),
  unexpected_count: z.int(),
  cells: z.array(z.string()).describe('The first cells, `Sheet!H42`'),
  curves: z.array(z.strictObject({ curve_key: sha256Hex, curve: z.string(), unexpected_count: z.int() })),
});
export type GateWarning = z.infer<typeof gateWarning>;

export const gateSummary = z.strictObject({
  verdict: z.enum(['green', 'red', 'overridden']).describe('overridden: red, and released by two people'),
  override: gateOverride.nullable().describe('What was let pass, why, by whom, and who approved it'),
  summary: z.string(),
  checked_at: utcTimestamp,
  warning_count: z.int(),
  suites: z.array(
    z.strictObject({ suite: z.string(), success: z.boolean(), evaluated: z.int(), unsuccessful: z.int() }),
  ),
});
export type GateSummary = z.infer<typeof gateSummary>;

export const releaseShowAnswer = z.strictObject({
  meta: z.strictObject({ version: workbookVersionId }),
  data: z.strictObject({
    release: releaseSummary,
    tables_commit: z.string().nullable().describe('Commit of the tables that released it'),
    tag: z.string().nullable().describe('Tag of the market day this release completed or corrected'),
    counts: z
      .strictObject({
        rows: z.int(),
        curves: z.int(),
        failures: z.int(),
        sheets: z.array(
          z.strictObject({ sheet: z.string(), cells: z.int(), roles: z.record(z.string(), z.int()) }),
        ),
      })
      .nullable()
      .describe('What the cells of the workbook were taken for'),
    notes: z.array(z.string()).describe('What the parser says that is no failure'),
    gate: gateSummary.nullable(),
    warnings: z.array(gateWarning),
    checks: z.array(qaResult),
  }),
});
export type ReleaseShowAnswer = z.infer<typeof releaseShowAnswer>;

export const qaQuery = z.strictObject({
  version: optionalVersion.describe('A workbook version, released or in quarantine'),
  vendor: vendorParameter,
  asof: asofParameter.describe('As-of day, YYYY-MM-DD. Default: the newest day of each vendor'),
  success: flag.optional().describe('true: what held; false: what failed'),
  severity: severity.optional().describe('Severity of the expectation: critical, warning, info'),
});
export type QaQuery = z.infer<typeof qaQuery>;

export const qaAnswer = z.strictObject({
  meta: z.strictObject({ count: z.int(), versions: z.array(workbookVersionId) }),
  data: z.array(qaResult),
});
export type QaAnswer = z.infer<typeof qaAnswer>;
