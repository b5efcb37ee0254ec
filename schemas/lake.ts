/** Rows of the lake's small tables: what was released when, and what the gate said. */
import { z } from 'zod';
import { canonicalJson, isoDate, sha256Hex, utcTimestamp } from './curve-observation.ts';
import { ppaCashflow, ppaValuation } from './ppa-valuation.ts';
import { scenarioOutput } from './scenario-run.ts';

/** `critical` holds a workbook back. */
export const severity = z.enum(['critical', 'warning', 'info']);

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
  severity,
  success: z.boolean(),
  element_count: z.int().nonnegative(),
  unexpected_count: z.int().nonnegative(),
  /** First offending cells, `Sheet!H42`, comma-separated. */
  unexpected_cells: z.string(),
  checked_at: utcTimestamp,
});
export type QaCheck = z.infer<typeof qaCheck>;

/** One row of `market.scenario_output`: as published, its maps as canonical JSON. */
export const scenarioOutputRow = z.strictObject({
  ...scenarioOutput.shape,
  attribution: canonicalJson.describe('Change of price by assumption, canonical JSON; sums to delta'),
  bands: canonicalJson.describe('Price by quantile, canonical JSON; {} when none were asked for'),
});
export type ScenarioOutputRow = z.infer<typeof scenarioOutputRow>;

const { model, contract, direction, currency, npv } = ppaValuation.shape;
const { month: _month, ...cashflow } = ppaCashflow.shape;

/** One row of `market.ppa_valuation`: one delivery month of one valuation, with the figures of the whole beside it. */
export const ppaValuationRow = z.strictObject({
  valuation_hash: ppaValuation.shape.valuation_hash,
  tenant_id: z.string().min(1),
  contract_id: z.string().nullable().describe('Of the stored contract; null for one given inline'),
  run_id: z.string().nullable().describe('Scenario run whose prices it is valued on'),
  asof_date: isoDate.describe('Valuation date'),
  contract,
  direction,
  currency,
  model,
  contract_hash: sha256Hex,
  market_hash: sha256Hex,
  options_hash: sha256Hex,
  npv,
  contract_month: isoDate.describe('Delivery month'),
  ...cashflow,
  risk: canonicalJson
    .nullable()
    .describe('Risk figures of the whole, canonical JSON; null when none were asked for'),
  valuation: canonicalJson
    .nullable()
    .describe(
      'Inputs and the whole valuation, canonical JSON, in the row of the first month; null in the others',
    ),
});
export type PpaValuationRow = z.infer<typeof ppaValuationRow>;

/** The tables that are no curves, by the schema of their rows. A new one is a line here and a statement in `ddl/iceberg`. */
export const flatTables = {
  'market.curve_release': curveRelease,
  'market.qa_checks': qaCheck,
  'market.scenario_output': scenarioOutputRow,
  'market.ppa_valuation': ppaValuationRow,
} as const;
export type FlatTable = keyof typeof flatTables;
export type FlatRow<Table extends FlatTable> = z.infer<(typeof flatTables)[Table]>;
