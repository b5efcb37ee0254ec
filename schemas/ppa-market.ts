/**
 * What a power purchase agreement is valued on: prices, captured prices and exchange rates, and the options of the
 * valuation. Which prices these are is decided elsewhere.
 */
import { z } from 'zod';
import { isoDate, sha256Hex } from './curve-observation.ts';
import {
  at,
  currency,
  firstOfMonth,
  label,
  MAX_MONTHS,
  price,
  rate,
  repeated,
  twelve,
} from './ppa-quantities.ts';

const MAX_LEVELS = 20;

export const monthPrice = z.strictObject({
  month: firstOfMonth,
  price: price.describe('Mean over the hours of the block, in currency per unit'),
  origin: z
    .enum(['month', 'strip'])
    .default('month')
    .describe('Quoted for the month, or bootstrapped from a strip'),
  determined: z
    .boolean()
    .optional()
    .describe('false: the quotes leave it open, and it is the smoothest of the prices that fit'),
});
export type MonthPrice = z.output<typeof monthPrice>;

export const curveOfMonths = z.strictObject({
  curve_key: sha256Hex.nullable().default(null).describe('Identity of the curve; null when given by hand'),
  block: label.describe('Hours the prices are for: BASE, ON_PEAK ...'),
  currency: currency.describe('Currency of the prices'),
  per_unit: label.describe('Quantity the prices are per: MWh, kWh'),
  version_hashes: z
    .array(sha256Hex)
    .max(MAX_MONTHS)
    .default([])
    .describe('Versions of the sheets the prices come from'),
  prices: z
    .array(monthPrice)
    .max(MAX_MONTHS)
    .superRefine((prices, context) => {
      for (const { value: month, place } of repeated(prices.map((row) => row.month))) {
        context.addIssue({ code: 'custom', ...at([place, 'month'], `${month} is there twice`) });
      }
    }),
});

const growth = rate.describe('Growth per year, fraction, applied by months');
const carriedOn = z
  .enum(['last_month', 'same_month'])
  .default('last_month')
  .describe('What is carried on: the last price, or of the last twelve the one of the same calendar month');

/** What pay-as-produced volume earns of the mean price. */
export const capturedPrices = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('rates'),
    rates: twelve(z.number().min(-5).max(5)).describe('Captured price / mean price, January to December'),
  }),
  z.strictObject({
    kind: z.literal('price_shape'),
    shape: twelve(z.array(z.number().min(-100).max(100)).length(24)).describe(
      "Hourly price on any scale: 12 rows January to December, each of the 24 local clock hours from 00:00. Divided by its mean over the month's delivered hours, so that the month's mean is the forward: twice of all is the same shape",
    ),
  }),
  z.strictObject({
    kind: z.literal('price_differences'),
    differences: twelve(z.array(price).length(24)).describe(
      "What an hour is dearer than others, per MWh in the settlement currency: 12 rows of 24 local clock hours. Its mean over the month's delivered hours is taken off, so that the month's mean is the forward: 10 more in all is no difference",
    ),
  }),
]);

export const negativeHours = z.strictObject({
  share_of_volume: z.number().min(0).lt(1).describe('Share of the volume that falls into hours below 0'),
  average_price: price.max(0).describe('Volume-weighted price in those hours, settlement currency per MWh'),
});

export const currencyRate = z.strictObject({
  base: currency,
  quote: currency,
  rate: z.number().positive().max(1e9).describe('Units of quote that one unit of base is worth'),
});

export const extrapolationRule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('flat'), repeat: carriedOn }),
  z.strictObject({ kind: z.literal('escalate'), rate: growth, repeat: carriedOn }),
]);

export const ppaMarket = z.strictObject({
  reference: curveOfMonths.describe('The curve the contract settles against'),
  location: curveOfMonths
    .optional()
    .describe("The curve at the contract's location, for `basis: curve`; no effect without it"),
  capture: capturedPrices
    .optional()
    .describe(
      'What pay-as-produced volume earns of the mean price; absent: all of it. No effect on baseload, which earns the mean',
    ),
  negative_hours: twelve(negativeHours)
    .optional()
    .describe(
      'January to December; for the negative-price clauses, where no hourly shape shows the hours. No effect with `settled`',
    ),
  fx_rates: z
    .array(currencyRate)
    .max(50)
    .default([])
    .describe('Conversions between currencies; never guessed'),
  extrapolation: extrapolationRule
    .default({ kind: 'none' })
    .describe('For months after the last price only; a month in a gap is always refused'),
  scenario: z
    .strictObject({ scenario_id: label, run_id: label.nullable().default(null), version_hash: sha256Hex })
    .nullable()
    .default(null)
    .describe('Scenario the prices come from; null: the released curve'),
});

export const twoFactorModel = z.strictObject({
  sigma_short: z
    .number()
    .min(0)
    .max(1e4)
    .describe('Volatility of the short end per sqrt(year); 100 at most unless the dynamics are normal'),
  reversion_short: z.number().min(0).max(1e3).describe('Speed at which a short-end shock fades, 1/year'),
  sigma_long: z
    .number()
    .min(0)
    .max(1e4)
    .describe('Volatility of the level per sqrt(year); 100 at most unless the dynamics are normal'),
  correlation: z.number().min(-1).max(1).describe('Of the two shocks'),
});

/** What carries the shocks. */
export const priceDynamics = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('lognormal') }),
  z.strictObject({ kind: z.literal('shifted_lognormal'), shift: price }),
  z.strictObject({ kind: z.literal('normal') }),
]);

export const volumeUncertainty = z.strictObject({
  distribution: z.enum(['lognormal', 'normal']).default('normal'),
  sigma: z
    .number()
    .min(0)
    .max(3)
    .optional()
    .describe(
      "Standard deviation of a month's volume / its expectation, 0.25 at most when normal; default from P90 and P10",
    ),
  correlation: z.number().min(-1).max(1).describe("With the price's shock"),
  against: z.enum(['price', 'month_shock']).default('price').describe('The price shock meant'),
});

const simulationFields = z.strictObject({
  paths: z.number().int().min(200).max(1_000_000).default(10_000),
  seed: z
    .string()
    .regex(/^(0|[1-9]\d{0,19})$/, 'must be a whole number in decimal digits')
    .refine((digits) => !/^\d{1,20}$/.test(digits) || BigInt(digits) < 1n << 64n, 'must be below 2^64')
    .describe('0 to 2^64 - 1, in decimal digits'),
  antithetic: z.boolean().default(false).describe('Paths in pairs of opposite shocks'),
  model: twoFactorModel.describe('Two factors'),
  dynamics: priceDynamics.default({ kind: 'lognormal' }).describe('What carries the shocks'),
  volume: volumeUncertainty.optional().describe('Volume uncertainty; absent: the volume is certain'),
  levels: z
    .array(z.number().gt(0.5).lt(1))
    .min(1)
    .max(MAX_LEVELS)
    .default([0.95, 0.99])
    .describe('Confidence levels of VaR and CVaR'),
});

type Paths = { readonly antithetic: boolean; readonly paths: number };
const inPairs = ({ antithetic, paths }: Paths) => !antithetic || paths % 2 === 0;
const OUT_OF_PAIRS = { path: ['paths'], message: 'antithetic paths come in pairs: give an even number' };

/** Options as they may have been stored: rules of `askedPpaOptions` that came later do not hold for them. */
export const ppaOptions = z.strictObject({
  mark_date: isoDate
    .optional()
    .describe('Also value the deliveries from this day on, at this day, the valuation date or later'),
  risk: simulationFields
    .refine(inPairs, OUT_OF_PAIRS)
    .optional()
    .describe('Simulate prices and volumes; absent: no risk figures'),
});

/** A level says something where this many paths lie beyond it. */
const LEAST_TAIL_PATHS = 10;

type Levels = { readonly paths: number; readonly levels: readonly number[] };
function refuseLevels({ paths, levels }: Levels, context: z.core.$RefinementCtx): void {
  const issue = (place: number, message: string) =>
    context.addIssue({ code: 'custom', input: levels, ...at(['levels', place], message) });
  for (const { value: level, place } of repeated(levels)) issue(place, `${level} is there twice`);
  for (const [place, level] of levels.entries()) {
    // 1 - 0.99 is a last digit above 0.01.
    const needed = Math.ceil(LEAST_TAIL_PATHS / (1 - level) - 1e-6);
    if (paths >= needed) continue;
    issue(place, `level ${level} needs ${needed} paths, so that ${LEAST_TAIL_PATHS} lie beyond it`);
  }
}

const askedModel = twoFactorModel.extend({
  reversion_short: z.number().min(0).max(100).describe('Speed at which a short-end shock fades, 1/year'),
});
const askedFields = simulationFields.extend({ model: askedModel.describe('Two factors') });

/** Options as they are taken. */
export const askedPpaOptions = ppaOptions.extend({
  risk: askedFields.refine(inPairs, OUT_OF_PAIRS).superRefine(refuseLevels).optional(),
});

/** Options as the API takes them: volatilities may still have to be found. */
export const ppaOptionsRequest = ppaOptions.extend({
  risk: askedFields
    .extend({
      model: z
        .union([z.literal('estimate'), askedModel])
        .describe('Two factors; `estimate`: from the releases of the reference curve up to its as-of day'),
    })
    .refine(inPairs, OUT_OF_PAIRS)
    .superRefine(refuseLevels)
    .optional()
    .describe('Simulate prices and volumes; absent: no risk figures'),
});

export type PpaMarketInput = z.input<typeof ppaMarket>;
export type PpaMarket = z.output<typeof ppaMarket>;
export type PpaOptionsInput = z.input<typeof ppaOptions>;
export type PpaOptions = z.output<typeof ppaOptions>;
