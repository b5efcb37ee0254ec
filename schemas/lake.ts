/** Rows of the lake's small tables: what was released when, and what the gate said. */
import { z } from 'zod';
import { isoDate, sha256Hex, utcTimestamp } from './curve-observation.ts';

/** `20250912-0123456789abcdef`: as-of day and the head of the hash over file name, as-of and bytes. */
export const workbookVersionId = z.string().regex(/^\d{8}-[0-9a-f]{16}$/);

/** One row of `market.curve_release`: a workbook version that became visible. */
export const curveRelease = z.strictObject({
  vendor: z.string().min(1),
  asof_date: isoDate,
  version: workbookVersionId,
  /** Order of the upload among all uploads of the slot (vendor, asof); the greatest is current. Fixed width, hex. */
  sequence: z.string().min(1),
  /** From when an `as_known_at` query sees it. */
  known_at: utcTimestamp,
  source_file: z.string().min(1),
  source_key: z.string().min(1),
  source_version_id: z.string().nullable(),
  source_sha256: sha256Hex,
  row_count: z.int().nonnegative(),
  data_file: z.string().min(1).describe('Object key of the Parquet file with its rows'),
  lake_commit: z.string().min(1),
});
export type CurveRelease = z.infer<typeof curveRelease>;

/** One row of `market.qa_checks`: one expectation of one gate run. */
export const qaCheck = z.strictObject({
  version: workbookVersionId,
  asof_date: isoDate,
  suite: z.string().min(1),
  expectation: z.string().min(1),
  /** The column or columns it is about, comma-separated; empty for the whole table. */
  column: z.string(),
  severity: z.enum(['critical', 'warning', 'info']),
  success: z.boolean(),
  element_count: z.int().nonnegative(),
  unexpected_count: z.int().nonnegative(),
  /** First offending cells, `Sheet!H42`, comma-separated. */
  unexpected_cells: z.string(),
  checked_at: utcTimestamp,
});
export type QaCheck = z.infer<typeof qaCheck>;
