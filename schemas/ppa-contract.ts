/**
 * What a power purchase agreement is. Money is in the settlement currency, prices per MWh, rates per year as fractions,
 * months as their first day. Knows no formula; they are in docs/economics.md.
 */
import { z } from 'zod';
import { isoDate } from './curve-observation.ts';
import {
  at,
  currency,
  firstOfMonth,
  label,
  MAX_MONTHS,
  party,
  price,
  rate,
  repeated,
  share,
  twelve,
} from './ppa-quantities.ts';

const compounding = z.enum(['annual', 'semiannual', 'quarterly', 'monthly', 'continuous', 'simple']);
const day_count = z.enum(['ACT/365F', 'ACT/360', '30/360', 'ACT/ACT ISDA']);

export const discountingTerms = z.discriminatedUnion('kind', [
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
    asof: isoDate
      .optional()
      .describe('Day the zero rates start from, the valuation date or earlier; default the valuation date'),
    extrapolation: z
      .enum(['refused', 'flat_forward'])
      .default('refused')
      .describe('Beyond the last point: refused, or its forward rate goes on'),
    compounding,
    day_count,
  }),
]);

export const monthlyEnergy = z
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

export const volumeTerms = z.discriminatedUnion('kind', [
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

export const priceTerms = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed'), strike: price.describe('Contract price per MWh') }),
  z.strictObject({
    kind: z.literal('escalated'),
    strike: price.describe('Contract price per MWh at the base date'),
    escalation_annual: rate.describe('Growth per whole year since the base date, fraction; none before it'),
    base_date: isoDate.describe('The price steps up on each anniversary of its month'),
  }),
  z.strictObject({
    kind: z.literal('indexed'),
    strike: price.describe('Contract price per MWh at the base index'),
    base_index: z.number().positive().max(1e9).describe('Index at which the strike is the price'),
    indexed_share: share.default(1).describe('Share of the price that follows the index'),
    index: z
      .array(z.strictObject({ month: firstOfMonth, value: z.number().positive().max(1e9) }))
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

export const referenceBounds = z
  .strictObject({
    floor: price.optional().describe('The reference counts as at least this, per MWh'),
    cap: price.optional().describe('The reference counts as at most this, per MWh'),
  })
  .refine(({ floor, cap }) => floor === undefined || cap === undefined || floor <= cap, {
    path: ['floor'],
    message: 'the floor is above the cap',
  });

export const creditTerms = z.discriminatedUnion('kind', [
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

export const basisTerms = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({
    kind: z.literal('adder'),
    price: price.describe("Contract location minus the reference's, per MWh"),
  }),
  z.strictObject({ kind: z.literal('curve') }),
]);

export const balancingTerms = z.strictObject({
  borne_by: party,
  cost_per_mwh: z.number().min(0).max(1e6).default(0).describe('Money per MWh delivered'),
  share_of_reference: share.default(0).describe('Cost as a share of the reference price, per MWh delivered'),
});

export const certificateTerms = z.strictObject({
  value_per_mwh: z.number().min(0).max(1e6).describe('REC or GO value per MWh delivered; goes to the buyer'),
  growth_annual: rate
    .default(0)
    .describe('Growth of the value per whole year since the start, from month to month'),
});

export const upfrontPayment = z.strictObject({
  amount: z.number().min(0).max(1e15).describe('Money, paid once'),
  date: isoDate,
  paid_by: party,
});

export const paymentLag = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('days'), days: z.number().int().min(0).max(3660) }),
  z.strictObject({ kind: z.literal('months'), months: z.number().int().min(0).max(120) }),
]);

/** Terms as they may have been stored: rules of `ppaContract` that came later do not hold for them. */
export const keptPpaContract = z
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
    degradation_from: isoDate
      .optional()
      .describe('Commissioning; default the start. Whole years are counted by months, none before it'),
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
    basis: basisTerms
      .default({ kind: 'none' })
      .describe(
        "To the contract's location: none, an adder, or the market's second curve minus the reference",
      ),
    balancing: balancingTerms.optional().describe('Balancing and imbalance cost'),
    certificates: certificateTerms.optional(),
    upfront: upfrontPayment.optional(),
    payment_lag: paymentLag
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

/** Terms as they are taken. */
export const ppaContract = keptPpaContract.superRefine((contract, context) => {
  const issue = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', ...at(path, message) });
  const { kind, price: paid, discounting } = contract;
  if (kind === 'physical' && contract.reference_bounds !== undefined) {
    issue(
      ['reference_bounds'],
      'physical power is worth what it earns; bounds on the reference are for a cfd',
    );
  }
  if (kind === 'physical' && contract.negative_prices === 'zero_reference') {
    issue(['negative_prices'], 'physical power is worth what it earns; a reference of 0 is for a cfd');
  }
  if (paid.kind === 'indexed') {
    for (const { value: month, place } of repeated(paid.index.map((point) => point.month))) {
      issue(['price', 'index', place, 'month'], `${month} is there twice`);
    }
  }
  if (discounting.kind === 'curve') {
    for (const { value: date, place } of repeated(discounting.points.map((point) => point.date))) {
      issue(['discounting', 'points', place, 'date'], `${date} is there twice`);
    }
  }
});

export type PpaContractInput = z.input<typeof ppaContract>;
export type PpaContract = z.output<typeof ppaContract>;
