/** What `GET /v1/curves` and `GET /v1/curves/strips` take. Unknown parameters are refused; text compares in any case. */
import { z } from 'zod';
import { isoDate, priceType, sha256Hex, TENOR_TYPES, tenorType } from './curve-observation.ts';
import { workbookVersionId } from './lake.ts';
import { cursorParameter } from './page.ts';
import { STRIP_RULES } from './strip.ts';

export const DEFAULT_PAGE_SIZE = 500;
export const MAX_PAGE_SIZE = 10_000;

const text = z.string().min(1).max(200);
/** A delivery month, `2026-07` or `2026-07-01`, read as its first day. */
export const contractMonth = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])(-01)?$/, 'must be a month, YYYY-MM')
  .transform((value) => `${value.slice(0, 7)}-01`);
export const instant = z.iso.datetime({ offset: true }).transform((value) => new Date(value).toISOString());

/** A query string carries lists as `bid,ask`. */
const priceFields = z
  .string()
  .transform((value) => value.split(','))
  .pipe(z.array(z.enum(['value', 'bid', 'ask', 'mid'])).min(1));

/** Conditions on the identity of a curve. */
export const identityFilter = {
  asset_class: text.optional().describe('power, gas, carbon, fuel, renewable'),
  iso: text.optional().describe('Market operator, e.g. PJM'),
  region: text.optional().describe('Region as the workbook writes it, e.g. US'),
  location: text.optional().describe('Delivery point or hub'),
  market: text.optional().describe('Market, e.g. West'),
  product: text.optional().describe('Product, where a vendor names one'),
  block: text.optional().describe('ON_PEAK, OFF_PEAK, BASE, PEAK ...'),
  spark_location: text.optional().describe('Gas leg of a spark spread'),
  curve_key: sha256Hex
    .optional()
    .describe('Key of one curve, 64 hex digits, as rows and GET /v1/curves/dimensions give it'),
};

/** Conditions on the delivery of a point. */
export const deliveryFilter = {
  contract_from: contractMonth.optional().describe('First delivery month, inclusive, YYYY-MM'),
  contract_to: contractMonth.optional().describe('Last first-delivery month, inclusive, YYYY-MM'),
};

export const tenorTypeFilter = tenorType.optional().describe(`Kind of tenor: ${TENOR_TYPES.join(', ')}`);
export const asKnownAt = instant
  .optional()
  .describe('Answer as it would have been answered at this instant, RFC 3339, e.g. 2025-09-12T21:30:00Z');
const VERSION = 'A workbook version, YYYYMMDD-<16 hex digits>, as meta.releases and GET /v1/releases give it';
export const versionParameter = workbookVersionId.describe(VERSION);
export const optionalVersion = workbookVersionId.optional().describe(VERSION);
export const vendorParameter = z
  .string()
  .min(1)
  .max(100)
  .optional()
  .describe('Vendor, e.g. pw, eugp, rp; any case');
export const asofParameter = z
  .union([z.literal('latest'), isoDate])
  .optional()
  .describe(
    'As-of day, YYYY-MM-DD, or `latest`: of each curve and tenor the newest day released. Default latest',
  );

/** A range that ends before it begins would answer nothing and look like no data. */
export const monthsInOrder = ({ contract_from, contract_to }: MonthRange): boolean =>
  contract_from === undefined || contract_to === undefined || contract_from <= contract_to;
export const MONTHS_IN_ORDER = { path: ['contract_from'], error: 'it lies after contract_to' };

interface MonthRange {
  readonly contract_from?: string | undefined;
  readonly contract_to?: string | undefined;
}

const view = {
  vendor: vendorParameter,
  asof: asofParameter,
  as_known_at: asKnownAt,
  version: optionalVersion,
  ...deliveryFilter,
};

/** Left out, the answer is as long as its format can be. */
const rowLimit = z.coerce
  .number()
  .int()
  .min(1)
  .max(MAX_PAGE_SIZE)
  .optional()
  .describe(
    `Rows a page, 1 to ${MAX_PAGE_SIZE}. Default ${DEFAULT_PAGE_SIZE} in JSON, in other formats all rows`,
  );

export const curveQuery = z
  .strictObject({
    ...identityFilter,
    ...view,
    tenor_type: tenorTypeFilter,
    price_type: priceType.optional().describe('Only rows whose `value` is that side: Mid, Bid, Ask'),
    prices: priceFields
      .optional()
      .describe('Price fields to return, comma-separated: value,bid,ask,mid. Default all'),
    limit: rowLimit,
    cursor: cursorParameter,
  })
  .refine(monthsInOrder, MONTHS_IN_ORDER);
export type CurveQuery = z.infer<typeof curveQuery>;

export const stripQuery = z
  .strictObject({
    ...identityFilter,
    ...view,
    tenor_type: z
      .enum(['CALENDAR', 'SEASON', 'QUARTER'])
      .optional()
      .describe('Kind of strip: CALENDAR, SEASON, QUARTER'),
    source: z
      .enum(['vendor', 'derived', 'all'])
      .default('all')
      .describe('Quoted by the vendor, derived from its months, or both'),
    rule: z
      .enum(STRIP_RULES)
      .default('plain_mean')
      .describe(
        'How strips are derived: plain_mean as the vendors do, or hour_weighted by the hours of the block in each month',
      ),
    limit: rowLimit,
    cursor: cursorParameter,
  })
  .refine(monthsInOrder, MONTHS_IN_ORDER);
export type StripQuery = z.infer<typeof stripQuery>;
