/** What `GET /v1/curves/dimensions` takes and gives: what exists, with counts, under the filters given. */
import { z } from 'zod';
import { isoDate, PRICE_TYPES, sha256Hex, TENOR_TYPES } from './curve-observation.ts';
import {
  asKnownAt,
  deliveryFilter,
  identityFilter,
  MONTHS_IN_ORDER,
  monthsInOrder,
  tenorTypeFilter,
} from './curve-query.ts';

export const dimensionsQuery = z
  .strictObject({
    q: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe(
        'Words that must all occur in the identity, the unit, the vendor or the key of a curve; any case',
      ),
    vendor: z.string().min(1).max(100).optional().describe('Vendor, e.g. pw, eugp, rp; any case'),
    ...identityFilter,
    asof: isoDate.optional().describe('Only what this as-of day has, YYYY-MM-DD. Default all days'),
    as_known_at: asKnownAt,
    tenor_type: tenorTypeFilter,
    price_type: z.enum(PRICE_TYPES).optional().describe('Side of `value`: Mid, Bid, Ask'),
    ...deliveryFilter,
    limit: z.coerce
      .number()
      .int()
      .min(0)
      .max(5_000)
      .default(200)
      .describe('Entries of each list, 0 to 5000. Default 200'),
  })
  .refine(monthsInOrder, MONTHS_IN_ORDER);
export type DimensionsQuery = z.infer<typeof dimensionsQuery>;

const value = z.strictObject({
  value: z.string().nullable().describe('As a workbook writes it; null where it writes none'),
  curves: z.int(),
  rows: z.int(),
});
export type DimensionValue = z.infer<typeof value>;

const tenors = z.strictObject({
  tenor_type: z.enum(TENOR_TYPES),
  first_month: isoDate,
  last_month: isoDate.describe('The last first-delivery month'),
  rows: z.int(),
});
export type TenorSpan = z.infer<typeof tenors>;

const curve = z.strictObject({
  curve_key: sha256Hex,
  vendor: z.string(),
  asset_class: z.string(),
  iso: z.string().nullable(),
  region: z.string().nullable(),
  location: z.string().nullable(),
  market: z.string().nullable(),
  product: z.string().nullable(),
  block: z.string().nullable(),
  spark_location: z.string().nullable(),
  units_raw: z.string().nullable(),
  currency: z.string().nullable(),
  per_unit: z.string().nullable(),
  price_types: z.array(z.strictObject({ price_type: z.enum(PRICE_TYPES), rows: z.int() })),
  tenors: z.array(tenors),
  first_asof: isoDate,
  last_asof: isoDate,
  days: z.int().describe('As-of days that have it'),
  rows: z.int(),
});
export type CurveDimension = z.infer<typeof curve>;

const day = z.strictObject({ vendor: z.string(), asof_date: isoDate, curves: z.int(), rows: z.int() });
export type DayDimension = z.infer<typeof day>;

const values = z.array(value);

export const dimensionsAnswer = z.strictObject({
  meta: z.strictObject({
    as_known_at: z.string(),
    curves: z
      .int()
      .describe('Curves found, however many are listed; one that two vendors quote counts twice'),
    rows: z.int(),
    days: z.int(),
    cut: z.array(z.string()).describe('Lists that have more than `limit` entries'),
  }),
  data: z.strictObject({
    vendor: values,
    asset_class: values,
    iso: values,
    region: values,
    location: values,
    market: values,
    product: values,
    block: values,
    spark_location: values,
    units: values,
    price_type: values,
    tenors: z.array(tenors),
    asof: z.array(day).describe('Newest day first'),
    curves: z.array(curve).describe('By asset class, iso, region, location, market, product, block'),
  }),
});
export type DimensionsAnswer = z.infer<typeof dimensionsAnswer>;
