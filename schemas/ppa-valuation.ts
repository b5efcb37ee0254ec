/**
 * What comes out of a valuation, and all it is a function of. Money is in the settlement currency, prices per MWh, rates
 * per year as fractions, months as their first day.
 */
import { z } from 'zod';
import { isoDate, sha256Hex } from './curve-observation.ts';
import { keptPpaContract } from './ppa-contract.ts';
import { ppaMarket, ppaOptions } from './ppa-market.ts';
import { currency, firstOfMonth, label, money, party } from './ppa-quantities.ts';

const number_or_none = z.number().nullable();
const MONEY = 'settlement currency';

export const ppaCashflow = z.strictObject({
  month: firstOfMonth.describe('Delivery month'),
  hours: z.number().describe('Hours of delivery, from the time zone'),
  payment_date: isoDate,
  volume_mwh: z.number().describe('Expected production of the covered share; for baseload power x hours'),
  delivered_mwh: z.number().describe('Volume without what a negative-price clause leaves out'),
  reference_price: z.number().describe(`Mean reference price, ${MONEY} per MWh`),
  extrapolated: z.boolean().describe('The reference price (or the location price) was extrapolated'),
  origin: z.enum(['month', 'strip']).describe('Where the reference price comes from'),
  basis: z.number().describe(`Location minus reference, ${MONEY} per MWh`),
  capture_price: z.number().describe(`Volume-weighted price at the location, ${MONEY} per MWh`),
  capture_factor: number_or_none.describe(
    'Volume-weighted / mean reference price, before basis; null at a mean of 0',
  ),
  strike: number_or_none.describe(`Contract price, ${MONEY} per MWh; null for a collar`),
  market_leg: z.number().describe(`What the volume is worth to the party in view, ${MONEY}`),
  contract_leg: z.number().describe(`What the contract price is worth to it, ${MONEY}`),
  balancing: z.number().describe(`Balancing cost it bears (negative), ${MONEY}`),
  certificates: z.number().describe(`RECs or GOs it receives, ${MONEY}`),
  settlement: z.number().describe(`Sum of the four, ${MONEY}`),
  discount_factor: z.number(),
  pv: z.number().describe(`Settlement discounted to the valuation date, ${MONEY}, on the money grid`),
});

export const irrRoot = z.strictObject({
  monthly: z.number().describe('Rate per month at which the flows are worth 0'),
  annual: z.number().describe('(1 + monthly)^12 - 1'),
});

export const estimate = z.strictObject({ value: z.number(), standard_error: z.number() });

export const ppaRisk = z.strictObject({
  paths: z.number().int(),
  seed: z.string(),
  volume_sigma: z.number().describe("Standard deviation of a month's volume / its expectation; 0: certain"),
  mean: estimate.describe(`Mean of the simulated NPV before credit, ${MONEY}`),
  standard_deviation: z.number(),
  intrinsic: z.number().describe('NPV before credit on the forward curve itself'),
  time_value: estimate.describe('Mean minus intrinsic: optionality, and price against volume'),
  p10: estimate.describe('10 % of the paths are worth less'),
  p50: estimate,
  p90: estimate.describe('90 % of the paths are worth less'),
  tails: z.array(
    z.strictObject({
      level: z.number(),
      quantile: estimate.describe('NPV that 1 - level of the paths fall short of'),
      tail_mean: estimate.describe('Mean NPV of those paths'),
      value_at_risk: estimate.describe('Mean minus quantile'),
      conditional_value_at_risk: estimate.describe('Mean minus tail mean'),
    }),
  ),
  standard_error_method: z.string(),
});

export const WATERFALL_STEPS = [
  'baseload',
  'profile',
  'volume',
  'basis',
  'balancing',
  'certificates',
  'upfront',
  'credit',
] as const;

export const ppaValuation = z.strictObject({
  valuation_hash: sha256Hex.describe('sha256 of the canonical JSON of every input'),
  model: z.string().describe('Version of the formulas'),
  contract: label,
  direction: party,
  valuation_date: isoDate,
  currency: currency.describe('Of every amount'),
  inputs: z.strictObject({
    contract_hash: sha256Hex,
    market_hash: sha256Hex,
    options_hash: sha256Hex,
    reference_versions: z.array(sha256Hex),
    location_versions: z.array(sha256Hex),
    scenario: ppaMarket.shape.scenario.unwrap(),
  }),
  npv: money.describe('Value of the deliveries from the valuation date on, after credit'),
  irr: z.strictObject({
    sign_changes: z.number().int().describe('Of the monthly flows: at most so many rates'),
    roots: z.array(irrRoot).describe('Every rate, ascending; none: no rate makes the flows worth 0'),
    statement: z.enum(['none', 'one', 'several']),
  }),
  break_even: z.strictObject({
    of: z
      .enum(['strike', 'collar_shift'])
      .describe('Base strike, or what floor and cap are shifted by, at which NPV is 0'),
    value: number_or_none.describe('Per MWh; null when no such price exists'),
    method: z.enum(['closed_form', 'solved']),
  }),
  levelised_price: number_or_none.describe(
    'Discounted contract price / discounted delivered volume, per MWh',
  ),
  levelised_market_value: number_or_none.describe(
    'Discounted market leg / discounted delivered volume, per MWh',
  ),
  capture_price: number_or_none.describe('Volume-weighted price over all months, before basis, per MWh'),
  base_price: z.number().describe('Hour-weighted mean reference price, per MWh'),
  capture_factor: number_or_none,
  volume_mwh: z.number(),
  mark_to_market: z
    .strictObject({ date: isoDate, value: money, months: z.number().int() })
    .nullable()
    .describe('Value at that day of the deliveries from it on'),
  waterfall: z
    .array(z.strictObject({ step: z.enum(WATERFALL_STEPS), value: money, total: money }))
    .describe('Adds up to npv exactly, in any order'),
  deltas: z
    .array(
      z.strictObject({
        month: firstOfMonth,
        delta_mwh: z.number().describe('d NPV / d reference price of the month'),
      }),
    )
    .describe('Basis held; after credit'),
  cashflows: z.array(ppaCashflow),
  upfront: z
    .strictObject({ date: isoDate, amount: money, discount_factor: z.number(), pv: money })
    .nullable()
    .describe('Null when there is none or it was paid before the valuation date'),
  risk: ppaRisk.nullable(),
  undetermined_months: z
    .array(firstOfMonth)
    .optional()
    .describe(
      'Months whose reference or location price the quotes leave open, because strips only overlap; absent: none',
    ),
});

/** All a valuation is a function of, as it is stored. */
export const ppaInputs = z.strictObject({
  contract: keptPpaContract,
  market: ppaMarket,
  valuation_date: isoDate.describe('What is delivered from this day on is valued, discounted to it'),
  options: ppaOptions.default({}),
});
export type PpaInputs = z.output<typeof ppaInputs>;
export type PpaValuation = z.output<typeof ppaValuation>;
export type PpaCashflow = z.output<typeof ppaCashflow>;
export type PpaRisk = z.output<typeof ppaRisk>;
