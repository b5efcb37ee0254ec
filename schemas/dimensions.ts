/** What `GET /v1/curves/dimensions` takes and gives: what exists, with counts, under the filters given. */
import { z } from 'zod';
import { describedCurve, isoDate, priceType, tenorType } from './curve-observation.ts';
import {
  asKnownAt,
  deliveryFilter,
  identityFilter,
  MONTHS_IN_ORDER,
  monthsInOrder,
  tenorTypeFilter,
  vendorParameter,
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
    vendor: vendorParameter,
    ...identityFilter,
    asof: isoDate.optional().describe('Only what this as-of day has, YYYY-MM-DD. Default all days'),
    as_known_at: asKnownAt,
    tenor_type: tenorTypeFilter,
    price_type: priceType.optional().describe('Side of `value`: Mid, Bid, Ask'),
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

export const dimensionValue = z.strictObject({
  value: z.string().nullable().describe('As a workbook writes it; null where it writes none'),
  curves: z.int(),
  rows: z.int(),
});
export type DimensionValue = z.infer<typeof dimensionValue>;

export const tenorSpan = z.strictObject({
  tenor_type: tenorType,
  first_month: isoDate,
  last_month: isoDate.describe('The last first-delivery month'),
  rows: z.int(),
});
export type TenorSpan = z.infer<typeof tenorSpan>;

export const curveDimension = z.strictObject({
  vendor: z.string(),
  ...describedCurve.shape,
  price_types: z.array(z.strictObject({ price_type: priceType, rows: z.int() })),
  tenors: z.array(tenorSpan),
  first_asof: isoDate,
  last_asof: isoDate,
  days: z.int().describe('As-of days that have it'),
  rows: z.int(),
});
export type CurveDimension = z.infer<typeof curveDimension>;

export const dayDimension = z.strictObject({
  vendor: z.string(),
  asof_date: isoDate,
  curves: z.int(),
  rows: z.int(),
});
export type DayDimension = z.infer<typeof dayDimension>;

const values = z.array(dimensionValue);

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
    tenors: z.array(tenorSpan),
    asof: z.array(dayDimension).describe('Newest day first'),
    curves: z.array(curveDimension).describe('By asset class, iso, region, location, market, product, block'),
  }),
});
export type DimensionsAnswer = z.infer<typeof dimensionsAnswer>;
