/**
 * Values the drivers' parameters are made of: money, months, and numbers that differ by block or calendar month; and how
 * they are read for one curve. Knows no formula.
 */
import { z } from 'zod';
import { currencyCode, deliveryMonth } from '#schemas/scenario.ts';
import { convertPrice, isSameUnit } from './conversion.ts';
import { normalisedIdentityPart, type Series } from './curve.ts';
import type { CurveReference, ForwardCurve, MarketData } from './driver.ts';
import { refusal } from './errors.ts';

const blockName = z.string().min(1).max(64).regex(/\S/, 'must not be blank');

export const currency = currencyCode.describe('Currency of the amounts of money');

/** Where a run's request has its exchange rates. */
export const RATES_FIELD = 'fx_rates';

type ByBlockAndMonth = number | Readonly<Record<string, number | readonly number[]>>;

/** One number for all blocks, or one for each: `{ "ON_PEAK": 1.4, "OFF_PEAK": 0.8 }`. */
export const byBlock = (value: z.ZodNumber) => z.union([value, ofBlocks(value)]);

/** As `byBlock`, where a block's value may also be twelve, January to December. */
export const byBlockAndMonth = (value: z.ZodNumber) =>
  z.union([value, ofBlocks(z.union([value, z.array(value).length(12)]))]);

/** One number for each month; `2027-01` and `2027-01-01` are one month. */
export const byMonth = (value: z.ZodNumber) =>
  z
    .record(deliveryMonth.in, value)
    .superRefine(eachOnce((month) => deliveryMonth.parse(month)))
    .transform((values) => renamed(values, (month) => deliveryMonth.parse(month)));

const ofBlocks = <Value extends z.ZodType>(value: Value) =>
  z
    .record(blockName, value)
    .superRefine(eachOnce(normalisedIdentityPart))
    .transform((values) => renamed(values, (block) => block.trim()));

/** Of two names for one thing the one value would be dropped unseen. */
function eachOnce(meaning: (name: string) => string) {
  return (values: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void => {
    const written = new Map<string, string>();
    for (const name of Object.keys(values)) {
      const first = written.get(meaning(name));
      if (first === undefined) written.set(meaning(name), name);
      else context.addIssue({ code: 'custom', path: [name], message: `is "${first}" again: give it once` });
    }
  };
}

function renamed<Value>(
  values: Readonly<Record<string, Value>>,
  rename: (name: string) => string,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [rename(name), value]));
}

/** The value for the curve's block, compared as identities are. @throws `driver_block_missing` */
export function blockValue<Value>(
  values: number | Readonly<Record<string, Value>>,
  curve: Series,
  field: string,
): number | Value {
  if (typeof values === 'number') return values;
  const wanted = normalisedIdentityPart(curve.block);
  const found = Object.entries(values).find(([block]) => normalisedIdentityPart(block) === wanted);
  if (found !== undefined) return found[1];
  throw refusal(
    'driver_block_missing',
    `no value for block ${curve.block ?? '(none)'} of ${curveName(curve)}`,
    {
      field,
      remedy: 'Give a value for it, or restrict applies_to.block to the blocks there are values for.',
    },
  );
}

/** The value for the curve's block and the month of the year of `month`. */
export function blockMonthValue(
  values: ByBlockAndMonth,
  curve: Series,
  month: string,
  field: string,
): number {
  const value = blockValue(values, curve, field);
  return typeof value === 'number' ? value : value[Number(month.slice(5, 7)) - 1]!;
}

/** `power PJM West ON_PEAK`: the parts of the identity that say which curve it is. */
export function curveName({ asset_class, iso, region, location, market, product, block }: Series): string {
  const parts = [asset_class, iso ?? region, location, market, product, block];
  return [...new Set(parts.filter((part) => part !== null && part !== ''))].join(' ');
}

/** The curve's unit. @throws `curve_unit_unknown` where the vendor writes none. */
export function unitOf(curve: Series, field: string): { currency: string; per_unit: string } {
  const { currency: written, per_unit } = curve;
  if (written !== null && per_unit !== null) return { currency: written, per_unit };
  throw refusal('curve_unit_unknown', `the unit of ${curveName(curve)} is not known`, {
    field,
    remedy: 'Leave the curve out with applies_to.',
  });
}

/** Money per MWh as money of the power curve per MWh. @throws `driver_unit_mismatch` for a curve that is not per MWh. */
export function moneyPerMwh(
  value: number,
  money: string,
  curve: ForwardCurve,
  market: MarketData,
  field: string,
): number {
  const unit = unitOf(curve, field);
  if (!isSameUnit(unit.per_unit, 'MWh')) {
    throw refusal('driver_unit_mismatch', `${curveName(curve)} is per ${unit.per_unit}, the driver per MWh`, {
      field,
      remedy: 'Restrict applies_to to curves per MWh, for instance asset_class: power.',
    });
  }
  return convertPrice(value, { currency: money, per_unit: 'MWh' }, unit, market.rates, field, RATES_FIELD);
}

/** The referenced curve as of its own day, or as of the run's. @throws `scenario_curve_missing` naming it */
export function referencedCurve(
  reference: CurveReference,
  market: MarketData,
  asof: string,
  field: string,
): ForwardCurve {
  const day = reference.asof ?? asof;
  const found = market.curves.find(
    ({ curve_key, asof_date }) => curve_key === reference.curve_key && asof_date === day,
  );
  if (found !== undefined) return found;
  throw refusal('scenario_curve_missing', `there is no curve ${reference.curve_key} as of ${day}`, { field });
}

/** Price of a delivery month. @throws `scenario_month_missing` naming curve and month */
export function priceOf(curve: ForwardCurve, month: string, field: string): number {
  const price = curve.prices[curve.months.indexOf(month)];
  if (price !== undefined) return price;
  throw refusal(
    'scenario_month_missing',
    `${curveName(curve)} as of ${curve.asof_date} has no price for ${month.slice(0, 7)}`,
    { field, remedy: 'Restrict the months with applies_to.to or contract_to.' },
  );
}
