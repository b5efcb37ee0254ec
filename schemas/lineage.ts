/** What `GET /v1/lineage` takes and gives: where a value comes from, down to the cell, and what follows from it. */
import { z } from 'zod';
import {
  curveObservation,
  isoDate,
  sha256Hex,
  TENOR_TYPES,
  tenorType,
  utcTimestamp,
  uuid,
} from './curve-observation.ts';
import { asKnownAt, asofParameter, contractMonth, optionalVersion, vendorParameter } from './curve-query.ts';
import { workbookVersionId } from './lake.ts';
import { flag, gateSummary, gateWarning, releaseMeta } from './releases.ts';
import { RUN_STATES } from './scenario-run.ts';

export const lineageQuery = z.strictObject({
  curve_key: sha256Hex.describe(
    'Key of the curve, 64 hex digits, as rows and GET /v1/curves/dimensions give it',
  ),
  tenor_type: tenorType.describe(`Kind of tenor: ${TENOR_TYPES.join(', ')}`),
  contract_month: contractMonth.describe('First delivery month, YYYY-MM'),
  tenor_label: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('Tenor as the workbook writes it, where a month begins several'),
  vendor: vendorParameter,
  asof: asofParameter,
  as_known_at: asKnownAt,
  version: optionalVersion,
  verify: flag.optional().describe('true: the cells are read again from the raw workbook. Default false'),
});
export type LineageQuery = z.infer<typeof lineageQuery>;

export const lineageCell = z.strictObject({
  address: z.string().describe('`Sheet!H42`'),
  sheet: z.string(),
  cell: z.string().describe('`H42`'),
  raw: z
    .strictObject({
      kind: z.string().describe('number, text, date, boolean, error, formula; absent where there is no cell'),
      text: z.string().describe('What the cell holds, a number in full precision'),
      agrees: z.boolean().describe('Whether it says what the row says'),
    })
    .optional()
    .describe('With verify=true: read again from the raw workbook'),
});
export type LineageCell = z.infer<typeof lineageCell>;

export const lineageStrip = z.strictObject({
  tenor_type: tenorType,
  contract_month: isoDate,
  tenor_label: z.string(),
  strip_source: z.enum(['vendor', 'derived']),
  months: z.int().describe('Months it covers'),
  source_cell: z.string().nullable().describe('Null for a derived strip'),
});
export type LineageStrip = z.infer<typeof lineageStrip>;

const valuation = z.strictObject({
  valuation_hash: sha256Hex,
  contract: z.string(),
  valuation_date: isoDate,
});

const scenario = z.strictObject({
  run_id: uuid,
  scenario: z.string().describe('Name of the scenario'),
  state: z.enum(RUN_STATES),
});

/** Of the whole workbook for staff; a tenant is told the verdict, and of warnings what is about this curve. */
const lineageGate = gateSummary.extend({
  warning_count: gateSummary.shape.warning_count.describe('Of the workbook; for a tenant: about this curve'),
  warnings: z
    .array(gateWarning.extend({ element_count: gateWarning.shape.element_count.nullable() }))
    .describe('Those about this curve'),
});

export const lineage = z.strictObject({
  value: curveObservation.omit({
    source_file: true,
    sheet_name: true,
    source_cell: true,
    source_cell_bid_ask: true,
    _ingest_ts: true,
  }),
  release: releaseMeta.extend({
    current: z.boolean(),
    superseded_by: workbookVersionId.nullable(),
    data_file: z.string().describe('Object key of the Parquet file that holds the row'),
  }),
  workbook: z.strictObject({
    file: z.string(),
    key: z.string(),
    version_id: z.string().nullable().describe('Version of the object, where the store keeps versions'),
    sha256: sha256Hex,
    unchanged: z.boolean().optional().describe('With verify=true: whether the object still has these bytes'),
  }),
  cells: z.strictObject({
    mid: lineageCell.describe('Cell of the mid, or of the only side'),
    bid_ask: lineageCell.nullable(),
  }),
  gate: lineageGate.nullable(),
  event_log: z.strictObject({
    topic: z.string(),
    key: z.string().describe('Key of the record'),
    marker: workbookVersionId.describe('Of the batch, in whose one publication the record is'),
    published_at: utcTimestamp.nullable().describe('Null while it is not published'),
    position: z.string().nullable().optional().describe('Place in the topic, where the bus can tell'),
  }),
  downstream: z.strictObject({
    rule: z.string().describe('How a derived strip is made'),
    strips: z.array(lineageStrip),
    scenarios: z
      .array(scenario)
      .optional()
      .describe(
        "The caller's scenario runs that read the sheet of the value, newest first; for who may see any",
      ),
    valuations: z
      .array(valuation)
      .optional()
      .describe(
        "The caller's PPA valuations on this curve of this release, newest first; for who may see any",
      ),
  }),
});
export type Lineage = z.infer<typeof lineage>;

export const lineageAnswer = z.strictObject({
  meta: z.strictObject({ count: z.int(), as_known_at: z.string(), verified: z.boolean() }),
  data: z.array(lineage).describe('One; several where labels or vendors share the place'),
});
export type LineageAnswer = z.infer<typeof lineageAnswer>;
