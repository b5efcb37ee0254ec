/** `GET /v1/curves/shape`: one curve's quotes as months, days or hours. */
import { z } from 'zod';
import { curveObservation, isoDate, utcTimestamp } from './curve-observation.ts';
import { asKnownAt, asofParameter, identityFilter, optionalVersion, vendorParameter } from './curve-query.ts';
import { STRIP_RULES } from './strip.ts';

export const GRANULARITIES = ['MONTHLY', 'DAILY', 'HOURLY'] as const;

/** `0.95,0.99,1.05`: so many factors above 0. */
const factors = (count: number) =>
  z
    .string()
    .max(1_000)
    .transform((text) => text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part))))
    .pipe(z.array(z.number().min(0.001).max(1_000)).length(count))
    .optional();

export const shapeQuery = z
  .strictObject({
    vendor: vendorParameter,
    ...identityFilter,
    asof: asofParameter.describe(
      'As-of day, YYYY-MM-DD, or `latest`: the newest one of the curve. Default latest',
    ),
    as_known_at: asKnownAt,
    version: optionalVersion,
    granularity: z
      .enum(GRANULARITIES)
      .default('DAILY')
      .describe('MONTHLY: bootstrapped months. DAILY, HOURLY: the smoothest curve. Default DAILY'),
    from: isoDate
      .optional()
      .describe('First delivery day to return, YYYY-MM-DD. Default the first of the curve'),
    to: isoDate
      .optional()
      .describe(
        'Last delivery day to return. Default the last of the curve, by hours the 31st from the first',
      ),
    quotes: z
      .enum(['finest', 'independent'])
      .default('finest')
      .describe(
        'finest: the shortest quotes that do not overlap. independent: also overlapping ones that say something new',
      ),
    rule: z
      .enum(STRIP_RULES)
      .default('plain_mean')
      .describe(
        'How a quote of several months is the mean of them: plain_mean as the vendors do, or hour_weighted',
      ),
    weekday: factors(7).describe(
      'Factors of Monday to Sunday on the smooth curve: 1.02,1.03,1.03,1.02,1,0.95,0.93',
    ),
    hour: factors(24).describe('Factors of the 24 hours of local clocks, from 0 on; by hours only'),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['from'],
    error: 'it lies after to',
  })
  .refine(({ weekday, granularity }) => weekday === undefined || granularity !== 'MONTHLY', {
    path: ['weekday'],
    error: 'months have no weekdays: use granularity DAILY or HOURLY',
  })
  .refine(({ hour, granularity }) => hour === undefined || granularity === 'HOURLY', {
    path: ['hour'],
    error: 'factors by hour need granularity HOURLY',
  });
export type ShapeQuery = z.infer<typeof shapeQuery>;

export const shapeRow = z.strictObject({
  asof_date: isoDate,
  curve_key: curveObservation.shape.curve_key,
  granularity: z.enum(GRANULARITIES),
  delivery_date: isoDate.describe('First day of the month, the day, or the delivery day of the hour'),
  start: utcTimestamp.nullable().describe('Start of the hour, UTC; null but by hours'),
  hours: z.number().nullable().describe('Hours of the block in the period; null where the curve has none'),
  price: z.number().describe('In the unit of the quotes, unrounded'),
  currency: curveObservation.shape.currency,
  per_unit: curveObservation.shape.per_unit,
  determined: z
    .boolean()
    .nullable()
    .describe('Of a month: whether the quotes alone say the price of the span it lies in; else null'),
  tenor_label: z
    .string()
    .nullable()
    .describe('Shortest quote used that covers it; null in a gap between quotes'),
  source_cell: z.string().nullable().describe('Cell of that quote'),
});
export type ShapeRow = z.infer<typeof shapeRow>;
