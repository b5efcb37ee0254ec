/** What `GET /v1/curves` and `GET /v1/curves/strips` take. Unknown parameters are refused; text compares in any case. */
import { z } from 'zod';
import { isoDate, PRICE_TYPES, sha256Hex, TENOR_TYPES } from './curve-observation.ts';
import { workbookVersionId } from './lake.ts';

export const DEFAULT_PAGE_SIZE = 500;
export const MAX_PAGE_SIZE = 10_000;

const text = z.string().min(1).max(200);
const month = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])(-01)?$/, 'must be a month, YYYY-MM')
  .transform((value) => `${value.slice(0, 7)}-01`);
const instant = z.iso.datetime({ offset: true }).transform((value) => new Date(value).toISOString());

/** A query string carries lists as `bid,ask`. */
const priceFields = z
  .string()
  .transform((value) => value.split(','))
  .pipe(z.array(z.enum(['value', 'bid', 'ask', 'mid'])).min(1));

const identity = {
  asset_class: text.optional().describe('power, gas, carbon, fuel, renewable'),
  iso: text.optional().describe('Market operator, e.g. PJM'),
  region: text.optional(),
  location: text.optional(),
  market: text.optional(),
  product: text.optional(),
  block: text.optional().describe('ON_PEAK, OFF_PEAK, BASE, PEAK ...'),
  spark_location: text.optional().describe('Gas leg of a spark spread'),
  curve_key: sha256Hex.optional(),
};

const view = {
  asof: z
    .union([z.literal('latest'), isoDate])
    .optional()
    .describe('As-of day, or `latest`: of each curve and tenor the newest day released. Default latest'),
  as_known_at: instant.optional().describe('Answer as it would have been answered at this instant'),
  version: workbookVersionId.optional().describe('One workbook version, superseded or not'),
  contract_from: month.optional().describe('First delivery month, inclusive, YYYY-MM'),
  contract_to: month.optional().describe('Last first-delivery month, inclusive, YYYY-MM'),
};

const page = {
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_SIZE).default(DEFAULT_PAGE_SIZE).describe('Rows a page'),
  cursor: z.string().min(1).max(2_000).optional().describe('`meta.next_cursor` of the page before'),
};

export const curveQuery = z.strictObject({
  ...identity,
  ...view,
  tenor_type: z.enum(TENOR_TYPES).optional(),
  price_type: z.enum(PRICE_TYPES).optional().describe('Only rows whose `value` is that side'),
  prices: priceFields
    .optional()
    .describe('Price fields to return, comma-separated: value,bid,ask,mid. Default all'),
  ...page,
});
export type CurveQuery = z.infer<typeof curveQuery>;

export const stripQuery = z.strictObject({
  ...identity,
  ...view,
  tenor_type: z.enum(['CALENDAR', 'SEASON', 'QUARTER']).optional(),
  source: z
    .enum(['vendor', 'derived', 'all'])
    .default('all')
    .describe('Quoted by the vendor, derived from its months, or both'),
  ...page,
});
export type StripQuery = z.infer<typeof stripQuery>;
