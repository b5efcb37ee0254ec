/** What `GET /v1/curves/diff` takes and gives: the change of curves, tenor by tenor, with the parts that explain it. */
import { z } from 'zod';
import { describedCurve, isoDate, priceType, tenorType } from './curve-observation.ts';
import {
  asKnownAt,
  deliveryFilter,
  identityFilter,
  MONTHS_IN_ORDER,
  monthsInOrder,
  optionalVersion,
  tenorTypeFilter,
} from './curve-query.ts';
import { cursorParameter, pageLimit } from './page.ts';
import { releaseMeta } from './releases.ts';

export const curveDiffQuery = z
  .strictObject({
    from: isoDate.optional().describe('As-of day of the older quotation, YYYY-MM-DD; with `to`'),
    to: isoDate.optional().describe('As-of day of the newer quotation, YYYY-MM-DD; with `from`'),
    from_version: optionalVersion.describe(
      'Workbook version of the older quotation; with `to_version`, instead of the days',
    ),
    to_version: optionalVersion.describe('Workbook version of the newer quotation; with `from_version`'),
    as_known_at: asKnownAt,
    ...identityFilter,
    tenor_type: tenorTypeFilter,
    ...deliveryFilter,
    price: z
      .enum(['value', 'mid', 'bid', 'ask'])
      .default('value')
      .describe(
        'The price that is compared: value, mid, bid, ask. Default value: the mid, else the one side',
      ),
    limit: pageLimit('Curves', 500, 50),
    cursor: cursorParameter,
  })
  .refine(monthsInOrder, MONTHS_IN_ORDER);
export type CurveDiffQuery = z.infer<typeof curveDiffQuery>;

/** All in the unit of the curve; they sum to the change. */
export const diffParts = z.strictObject({
  roll: z.number().describe('Time passed: the constant-maturity curve of `a`, of the same delivery season'),
  parallel: z.number().describe('One shift of the whole curve'),
  slope: z.number().describe('Linear in the time to delivery'),
  spike: z.number().describe('Beyond what the threshold allows; 0 where it is no spike'),
  rest: z.number().describe('What is left'),
  new: z.number().describe('The price of a tenor that only `b` quotes'),
  dropped: z.number().describe('Less the price of a tenor that only `a` quotes'),
});
export type DiffPart = keyof z.infer<typeof diffParts>;

export const tenorChange = z.strictObject({
  tenor_type: tenorType,
  contract_month: isoDate.describe('First day of the first delivery month'),
  tenor_label: z.string(),
  price_type: priceType.describe('Side that is compared'),
  status: z.enum(['changed', 'new', 'dropped']).describe('changed: both quote it, also where they agree'),
  a: z.number().nullable(),
  b: z.number().nullable(),
  change: z.number().describe('b - a, an absent price counting as 0'),
  parts: diffParts,
});
export type TenorChange = z.infer<typeof tenorChange>;

export const curveChange = z.strictObject({
  fit: z
    .strictObject({
      parallel: z.number(),
      slope_per_year: z.number().describe('Change of the price per year of time to delivery'),
      centre_years: z.number().describe('Time to delivery at which the slope is 0'),
      spike_threshold: z.number(),
    })
    .nullable()
    .describe('Null where no tenor is quoted by both'),
  totals: z.strictObject({
    tenors: z.int(),
    shared: z.int(),
    new: z.int(),
    dropped: z.int(),
    spikes: z.int(),
    change: z.number().describe('Sum over all tenors'),
    parts: diffParts.describe('Sums over all tenors'),
  }),
  tenors: z.array(tenorChange),
});
export type CurveChange = z.infer<typeof curveChange>;

export const curveDiff = curveChange.extend({
  vendor: z.string(),
  ...describedCurve.shape,
});
export type CurveDiff = z.infer<typeof curveDiff>;

export const diffSide = z.strictObject({
  asof_date: isoDate.nullable().describe('Null where nothing was released'),
  releases: z.array(releaseMeta),
});

export const curveDiffAnswer = z.strictObject({
  meta: z.strictObject({
    count: z.int().describe('Curves of this page'),
    as_known_at: z.string(),
    price: z.string(),
    from: diffSide,
    to: diffSide,
    next_cursor: z.string().nullable(),
  }),
  data: z.array(curveDiff),
});
export type CurveDiffAnswer = z.infer<typeof curveDiffAnswer>;
