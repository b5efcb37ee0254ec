/**
 * What a power purchase agreement is (`ppaContract`), what it is valued on (`ppaMarket`), what is asked for (`ppaOptions`)
 * and what comes out (`ppaValuation`). Money is in the contract's settlement currency, prices per MWh, rates per year as
 * fractions, months as their first day. Knows no formula; they are in docs/economics.md.
 */
import { z } from 'zod';
import { isoDate, sha256Hex } from './curve-observation.ts';

const MAX_MONTHS = 1200;
const MAX_LEVELS = 20;
const MAX_RATE = 1;

const label = z.string().min(1).max(200);
const month = z
  .string()
  .regex(/^(19|20|21)\d\d-(0[1-9]|1[0-2])-01$/, 'must be the first day of a month, YYYY-MM-01');
const price = z.number().min(-1e6).max(1e6);
const money = z.number().min(-1e15).max(1e15);
const share = z.number().min(0).max(1);
const rate = z.number().gt(-MAX_RATE).max(MAX_RATE);
const currency = z.string().regex(/^([A-Z]{3}|GBp)$/, 'must be an ISO 4217 code, or GBp for pence');
const twelve = <Item extends z.ZodType>(item: Item) => z.array(item).length(12);

/** Issue at a field of the object that is being refined. */
const at = (path: (string | number)[], message: string) => ({ path, message });

const monthHourShape = (what: string) =>
  twelve(z.array(z.number().min(-100).max(100)).length(24)).describe(
    `${what}: 12 rows January to December, each of the 24 local clock hours from 00:00`,
  );

const compounding = z.enum(['annual', 'semiannual', 'quarterly', 'monthly', 'continuous', 'simple']);
const day_count = z.enum(['ACT/365F', 'ACT/360', '30/360', 'ACT/ACT ISDA']);

const discountingTerms = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('flat'),
    rate: rate.describe('Rate per year as a fraction, 0.05 = 5 %'),
    compounding,
    day_count,
  }),
  z.strictObject({
    kind: z.literal('curve'),
    points: z
      .array(
        z.strictObject({ date: isoDate.describe('Maturity'), rate: rate.describe('Zero rate per year') }),
      )
      .min(1)
      .max(200),
    asof: isoDate.optional().describe('Day the zero rates start from; default the valuation date'),
    extrapolation: z
      .enum(['refused', 'flat_forward'])
      .default('refused')
      .describe('Beyond the last point: refused, or its forward rate goes on'),
    compounding,
    day_count,
  }),
]);

const monthlyEnergy = z
  .strictObject({
    p50_mwh: z
      .number()
      .min(0)
      .max(1e9)
      .describe('Energy of the whole month exceeded with 50 % probability, MWh'),
    p90_mwh: z
      .number()
      .min(0)
      .max(1e9)
      .optional()
      .describe('Exceeded with 90 % probability (the low case), MWh'),
    p10_mwh: z
      .number()
      .min(0)
      .max(1e9)
      .optional()
      .describe('Exceeded with 10 % probability (the high case), MWh'),
  })
  .superRefine(({ p50_mwh, p90_mwh, p10_mwh }, context) => {
    if ((p90_mwh === undefined) !== (p10_mwh === undefined)) {
      const absent = p90_mwh === undefined ? 'p90_mwh' : 'p10_mwh';
      context.addIssue({ code: 'custom', ...at([absent], 'P90 and P10 come together or not at all') });
    }
    if (p90_mwh !== undefined && p90_mwh > p50_mwh) {
      context.addIssue({ code: 'custom', ...at(['p90_mwh'], 'P90 is the low case and may not exceed P50') });
    }
    if (p10_mwh !== undefined && p10_mwh < p50_mwh) {
      context.addIssue({
        code: 'custom',
        ...at(['p10_mwh'], 'P10 is the high case and may not be below P50'),
      });
    }
  });

const power_mw = z.number().positive().max(1e6).describe('Power, MW');

const volumeTerms = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('baseload'),
    power_mw,
    block: label.describe('Hours delivered: BASE, ON_PEAK, OFF_PEAK ... of the calendar'),
  }),
  z.strictObject({
    kind: z.literal('capacity_factor'),
    power_mw,
    capacity_factors: twelve(share).describe('Mean output / power, January to December'),
  }),
  z.strictObject({
    kind: z.literal('month_hour_shape'),
    power_mw,
    capacity_factors: twelve(z.array(share).length(24)).describe(
      'Output / power: 12 rows January to December, each of the 24 local clock hours from 00:00',
    ),
  }),
  z.strictObject({
    kind: z.literal('monthly_energy'),
    months: twelve(monthlyEnergy).describe('Energy of whole months, January to December'),
  }),
]);

const priceTerms = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed'), strike: price.describe('Contract price per MWh') }),
  z.strictObject({
    kind: z.literal('escalated'),
    strike: price.describe('Contract price per MWh at the base date'),
    escalation_annual: rate.describe('Growth per whole year since the base date, fraction'),
    base_date: isoDate.describe('The price steps up on each anniversary of its month'),
  }),
  z.strictObject({
    kind: z.literal('indexed'),
    strike: price.describe('Contract price per MWh at the base index'),
    base_index: z.number().positive().max(1e9).describe('Index at which the strike is the price'),
    indexed_share: share.default(1).describe('Share of the price that follows the index'),
    index: z
      .array(z.strictObject({ month, value: z.number().positive().max(1e9) }))
      .min(1)
      .max(MAX_MONTHS)
      .describe('Index points; each holds until the next one'),
  }),
  z
    .strictObject({
      kind: z.literal('collar'),
      floor: price.optional().describe('Least price per MWh; absent: none'),
      cap: price.optional().describe('Greatest price per MWh; absent: none'),
    })
    .superRefine(({ floor, cap }, context) => {
      if (floor === undefined && cap === undefined) {
        context.addIssue({ code: 'custom', ...at(['floor'], 'a collar has a floor, a cap or both') });
      }
      if (floor !== undefined && cap !== undefined && floor > cap) {
        context.addIssue({ code: 'custom', ...at(['floor'], 'the floor is above the cap') });
      }
    }),
]);

const referenceBounds = z
  .strictObject({
    floor: price.optional().describe('The reference counts as at least this, per MWh'),
    cap: price.optional().describe('The reference counts as at most this, per MWh'),
  })
  .refine(({ floor, cap }) => floor === undefined || cap === undefined || floor <= cap, {
    path: ['floor'],
    message: 'the floor is above the cap',
  });

const party = z.enum(['buyer', 'seller']);

const creditTerms = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('spread'),
    spread: z.number().min(0).max(1).describe("The counterparty's credit spread per year, fraction"),
    loss_given_default: z.number().gt(0).max(1).describe('Share of a positive value lost at default'),
  }),
  z.strictObject({
    kind: z.literal('default_probability'),
    annual_probability: z.number().min(0).lt(1).describe('Probability of default within a year'),
    loss_given_default: share.describe('Share of a positive value lost at default'),
  }),
]);

export const ppaContract = z
  .strictObject({
    name: label.describe('What the contract is called'),
    kind: z
      .enum(['physical', 'cfd'])
      .describe(
        'physical: power against the price; cfd: financial, the buyer receives reference minus price',
      ),
    direction: party.describe('Whose value: the buyer pays the contract price and takes the reference'),
    calendar: label.describe('Market calendar: PJM, ERCOT, EEX ...'),
    start: isoDate.describe('First delivery day'),
    end: isoDate.describe('Last delivery day, inclusive'),
    settlement_currency: currency.describe('Currency of every amount of the contract and of the valuation'),
    volume: volumeTerms.describe('Baseload, or pay-as-produced in one of three forms'),
    share_of_output: z.number().gt(0).max(1).default(1).describe('Share of the volume the contract covers'),
    degradation_annual: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe('Output lost per whole year since degradation_from, fraction'),
    degradation_from: isoDate.optional().describe('Commissioning; default the start'),
    price: priceTerms,
    reference_bounds: referenceBounds
      .optional()
      .describe('Floor and cap on the reference that is settled against'),
    settles_on: z
      .enum(['captured', 'average'])
      .default('captured')
      .describe(
        "captured: each hour's reference on that hour's volume; average: the month's mean (cfd only)",
      ),
    negative_prices: z
      .enum(['settled', 'no_settlement', 'zero_price', 'zero_reference'])
      .default('settled')
      .describe(
        'Hours of negative reference: settled as any; not delivered nor settled; delivered at a contract price of 0; reference counts as 0',
      ),
    basis: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('none') }),
        z.strictObject({
          kind: z.literal('adder'),
          price: price.describe("Contract location minus the reference's, per MWh"),
        }),
        z.strictObject({ kind: z.literal('curve') }),
      ])
      .default({ kind: 'none' })
      .describe(
        "To the contract's location: none, an adder, or the market's second curve minus the reference",
      ),
    balancing: z
      .strictObject({
        borne_by: party,
        cost_per_mwh: z.number().min(0).max(1e6).default(0).describe('Money per MWh delivered'),
        share_of_reference: share
          .default(0)
          .describe('Cost as a share of the reference price, per MWh delivered'),
      })
      .optional()
      .describe('Balancing and imbalance cost'),
    certificates: z
      .strictObject({
        value_per_mwh: z
          .number()
          .min(0)
          .max(1e6)
          .describe('REC or GO value per MWh delivered; goes to the buyer'),
        growth_annual: rate.default(0).describe('Growth of the value per whole year since the start'),
      })
      .optional(),
    upfront: z
      .strictObject({
        amount: z.number().min(0).max(1e15).describe('Money, paid once'),
        date: isoDate,
        paid_by: party,
      })
      .optional(),
    payment_lag: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('days'), days: z.number().int().min(0).max(3660) }),
        z.strictObject({ kind: z.literal('months'), months: z.number().int().min(0).max(120) }),
      ])
      .default({ kind: 'days', days: 0 })
      .describe('From the first day after the delivery month to payment'),
    discounting: discountingTerms,
    credit: creditTerms.default({ kind: 'none' }).describe("The counterparty's default risk"),
  })
  .superRefine((contract, context) => {
    const issue = (path: string[], message: string) =>
      context.addIssue({ code: 'custom', ...at(path, message) });
    const years = Number(contract.end.slice(0, 4)) - Number(contract.start.slice(0, 4));
    if (contract.end < contract.start) issue(['end'], 'the contract ends before it starts');
    if (years > MAX_MONTHS / 12 - 1) issue(['end'], `the contract is longer than ${MAX_MONTHS} months`);
    if (contract.settles_on === 'average' && contract.kind === 'physical') {
      issue(['settles_on'], 'physical power is worth what it captures; the average is for a cfd');
    }
    if (contract.price.kind === 'collar' && contract.reference_bounds !== undefined) {
      issue(['reference_bounds'], 'a collar already bounds the price');
    }
  });

const curveOfMonths = z.strictObject({
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
    .array(
      z.strictObject({
        month,
        price: price.describe('Mean over the hours of the block, in currency per unit'),
        origin: z
          .enum(['month', 'strip'])
          .default('month')
          .describe('Quoted for the month, or bootstrapped from a strip'),
      }),
    )
    .max(MAX_MONTHS)
    .superRefine((prices, context) => {
      const seen = new Set<string>();
      for (const [index, row] of prices.entries()) {
        if (seen.has(row.month)) {
          context.addIssue({ code: 'custom', ...at([index, 'month'], `${row.month} is there twice`) });
        }
        seen.add(row.month);
      }
    }),
});

const growth = rate.describe('Growth per year, fraction, applied by months');
const repeated = z
  .enum(['last_month', 'same_month'])
  .default('last_month')
  .describe('What is carried on: the last price, or of the last twelve the one of the same calendar month');

export const ppaMarket = z.strictObject({
  reference: curveOfMonths.describe('The curve the contract settles against'),
  location: curveOfMonths.optional().describe("The curve at the contract's location, for `basis: curve`"),
  capture: z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('rates'),
        rates: twelve(z.number().min(-5).max(5)).describe('Captured price / mean price, January to December'),
      }),
      z.strictObject({
        kind: z.literal('price_shape'),
        shape: monthHourShape('Price / mean price of the month'),
      }),
      z.strictObject({
        kind: z.literal('price_differences'),
        differences: twelve(z.array(price).length(24)).describe(
          'Price minus the mean price of the month, per MWh in the settlement currency: 12 rows of 24 local clock hours',
        ),
      }),
    ])
    .optional()
    .describe('What pay-as-produced volume earns of the mean price; absent: all of it'),
  negative_hours: twelve(
    z.strictObject({
      share_of_volume: z.number().min(0).lt(1).describe('Share of the volume that falls into hours below 0'),
      average_price: price
        .max(0)
        .describe('Volume-weighted price in those hours, settlement currency per MWh'),
    }),
  )
    .optional()
    .describe('January to December; for the negative-price clauses, where no hourly shape shows the hours'),
  fx_rates: z
    .array(
      z.strictObject({
        base: currency,
        quote: currency,
        rate: z.number().positive().max(1e9).describe('Units of quote that one unit of base is worth'),
      }),
    )
    .max(50)
    .default([])
    .describe('Conversions between currencies; never guessed'),
  extrapolation: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('none') }),
      z.strictObject({ kind: z.literal('flat'), repeat: repeated }),
      z.strictObject({ kind: z.literal('escalate'), rate: growth, repeat: repeated }),
    ])
    .default({ kind: 'none' })
    .describe('For months after the last price only; a month in a gap is always refused'),
  scenario: z
    .strictObject({ scenario_id: label, run_id: label.nullable().default(null), version_hash: sha256Hex })
    .nullable()
    .default(null)
    .describe('Scenario the prices come from; null: the released curve'),
});

export const twoFactorModel = z.strictObject({
  sigma_short: z.number().min(0).max(1e4).describe('Volatility of the short end per sqrt(year)'),
  reversion_short: z.number().min(0).max(1e3).describe('Speed at which a short-end shock fades, 1/year'),
  sigma_long: z.number().min(0).max(1e4).describe('Volatility of the level per sqrt(year)'),
  correlation: z.number().min(-1).max(1).describe('Of the two shocks'),
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
  dynamics: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('lognormal') }),
      z.strictObject({ kind: z.literal('shifted_lognormal'), shift: price }),
      z.strictObject({ kind: z.literal('normal') }),
    ])
    .default({ kind: 'lognormal' })
    .describe('What carries the shocks'),
  volume: z
    .strictObject({
      distribution: z.enum(['lognormal', 'normal']).default('normal'),
      sigma: z
        .number()
        .min(0)
        .max(2)
        .optional()
        .describe("Standard deviation of a month's volume / its expectation; default from P90 and P10"),
      correlation: z.number().min(-1).max(1).describe("With the price's shock"),
      against: z.enum(['price', 'month_shock']).default('price').describe('The price shock meant'),
    })
    .optional()
    .describe('Volume uncertainty; absent: the volume is certain'),
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

export const ppaOptions = z.strictObject({
  mark_date: isoDate.optional().describe('Also value the deliveries from this day on, at this day'),
  risk: simulationFields
    .refine(inPairs, OUT_OF_PAIRS)
    .optional()
    .describe('Simulate prices and volumes; absent: no risk figures'),
});

/** Options as they are asked for: volatilities may still have to be found. */
export const ppaOptionsRequest = ppaOptions.extend({
  risk: simulationFields
    .extend({
      model: z
        .union([z.literal('estimate'), twoFactorModel])
        .describe('Two factors; `estimate`: from the releases of the reference curve up to its as-of day'),
    })
    .refine(inPairs, OUT_OF_PAIRS)
    .optional()
    .describe('Simulate prices and volumes; absent: no risk figures'),
});

const number_or_none = z.number().nullable();
const MONEY = 'settlement currency';

export const ppaCashflow = z.strictObject({
  month: month.describe('Delivery month'),
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

const irrRoot = z.strictObject({
  monthly: z.number().describe('Rate per month at which the flows are worth 0'),
  annual: z.number().describe('(1 + monthly)^12 - 1'),
});

const estimate = z.strictObject({ value: z.number(), standard_error: z.number() });

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
      z.strictObject({ month, delta_mwh: z.number().describe('d NPV / d reference price of the month') }),
    )
    .describe('Basis held; after credit'),
  cashflows: z.array(ppaCashflow),
  upfront: z
    .strictObject({ date: isoDate, amount: money, discount_factor: z.number(), pv: money })
    .nullable()
    .describe('Null when there is none or it was paid before the valuation date'),
  risk: ppaRisk.nullable(),
});

/** All a valuation is a function of. */
export const ppaInputs = z.strictObject({
  contract: ppaContract,
  market: ppaMarket,
  valuation_date: isoDate.describe('What is delivered from this day on is valued, discounted to it'),
  options: ppaOptions.default({}),
});
export type PpaInputs = z.output<typeof ppaInputs>;

export type PpaContractInput = z.input<typeof ppaContract>;
export type PpaContract = z.output<typeof ppaContract>;
export type PpaMarketInput = z.input<typeof ppaMarket>;
export type PpaMarket = z.output<typeof ppaMarket>;
export type PpaOptionsInput = z.input<typeof ppaOptions>;
export type PpaOptions = z.output<typeof ppaOptions>;
export type PpaValuation = z.output<typeof ppaValuation>;
export type PpaCashflow = z.output<typeof ppaCashflow>;
export type PpaRisk = z.output<typeof ppaRisk>;
export type MonthPrice = PpaMarket['reference']['prices'][number];
