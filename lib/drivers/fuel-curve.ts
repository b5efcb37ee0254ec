/**
 * Fuel curve: a move of the fuel's price, through the heat rate of the plant that burns it and the share of hours it sets
 * the price.
 *
 *   dP = dF [money per heat_unit] x heat_rate [heat_unit/MWh] x marginal_share
 *
 * dF, the fuel move, is one of
 *   absolute   `change` in `currency` per `per_unit`, every month alike
 *   monthly    `changes` by month, in `currency` per `per_unit`; a month without one is refused
 *   relative   `change` (0.1 = +10 %) of the price of the fuel curve `of`, month by month
 *   curves     price on the curve `to` less price on the curve `from`, month by month
 * and is brought to the power curve's currency per heat_unit by the stated conversions: never summed without one. Dearer
 * fuel raises the price. Heat rate (7 MMBtu/MWh or 70 therm/MWh: a combined cycle) up to what 50 MMBtu/MWh are in its unit of
 * energy; in a unit whose heat content is not known (tonne, gal, a vendor's own) up to 1,000. Marginal share 0 to 1. Both by
 * block.
 *
 * Source: spark spread identity, power = heat rate x gas + spread (Eydeland, Wolyniec, "Energy and Power Risk Management",
 * 2003, ch. 2), with the spread held. Knows no other driver.
 */
import { z } from 'zod';
import { convertPrice, energyMj } from '#lib/domain/conversion.ts';
import { type CurveReference, type DriverInput, scenarioDriver } from '#lib/domain/driver.ts';
import {
  blockValue,
  byBlock,
  byMonth,
  currency,
  moneyPerMwh,
  priceOf,
  RATES_FIELD,
  referencedCurve,
  unitOf,
} from '#lib/domain/driver-values.ts';
import { refusal } from '#lib/domain/errors.ts';
import type { PriceUnit } from '#lib/domain/units.ts';
import { isoDate, sha256Hex } from '#schemas/curve-observation.ts';

const unit = z.string().min(1).max(32);
const reference = z.strictObject({
  curve_key: sha256Hex,
  asof: isoDate.optional().describe("Default the run's as-of day"),
});
const money = z.number().min(-100_000).max(100_000);

const move = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('absolute'), change: money, currency, per_unit: unit }),
  z.strictObject({
    kind: z.literal('monthly'),
    changes: byMonth(money),
    currency,
    per_unit: unit,
  }),
  z.strictObject({ kind: z.literal('relative'), change: z.number().min(-1).max(10), of: reference }),
  z.strictObject({ kind: z.literal('curves'), from: reference, to: reference }),
]);

const MAX_HEAT_RATE_MMBTU = 50;
/** Of a unit that is no energy: the leanest gas by the cubic metre stays far below it. */
const MAX_HEAT_RATE_UNITS = 1_000;

const parameters = z
  .strictObject({
    fuel_move: move,
    heat_rate: byBlock(z.number().min(0)).describe(
      `heat_unit per MWh of power, at most ${MAX_HEAT_RATE_MMBTU} MMBtu; ${MAX_HEAT_RATE_UNITS} of a unit that is no energy`,
    ),
    heat_unit: unit.default('MMBtu').describe('Unit of fuel the heat rate counts: MMBtu, therm, tonne ...'),
    marginal_share: byBlock(z.number().min(0).max(1)).describe(
      'Share of hours in which the fuel sets the price',
    ),
  })
  .superRefine(({ heat_rate, heat_unit }, context) => {
    const limit = maxHeatRate(heat_unit);
    const rates =
      typeof heat_rate === 'number' ? [[undefined, heat_rate] as const] : Object.entries(heat_rate);
    for (const [block, rate] of rates) {
      if (rate <= limit) continue;
      const path = block === undefined ? ['heat_rate'] : ['heat_rate', block];
      context.addIssue({ code: 'custom', path, message: `is more than ${limit} ${heat_unit} per MWh` });
    }
  });
type Parameters = z.output<typeof parameters>;

/** 50 MMBtu are 500 therm, 14.65 MWh, 52.75 GJ. */
function maxHeatRate(unit: string): number {
  const energy_mj = energyMj(unit);
  if (energy_mj === undefined) return MAX_HEAT_RATE_UNITS;
  return Math.round((100 * MAX_HEAT_RATE_MMBTU * energyMj('MMBtu')!) / energy_mj) / 100;
}

export const driver = scenarioDriver({
  type: 'fuel_curve',
  version: 1,
  summary: 'Move of a fuel through heat rate and marginal share',
  formula:
    'dP = fuel_move x heat_rate x marginal_share; fuel_move given, or a share of, or the difference of, fuel curves',
  units: 'fuel_move money per unit of fuel, heat_rate heat_unit/MWh (up to 50 MMBtu), marginal_share 0..1',
  source: 'Eydeland, Wolyniec, Energy and Power Risk Management, 2003, ch. 2',
  parameters,
  example: {
    fuel_move: { kind: 'absolute', change: 1.5, currency: 'USD', per_unit: 'MMBtu' },
    heat_rate: 7.2,
    heat_unit: 'MMBtu',
    marginal_share: { ON_PEAK: 0.85, OFF_PEAK: 0.6 },
  },
  example_applies_to: { asset_class: 'power', block: ['ON_PEAK', 'OFF_PEAK'] },
  change(given, input, place) {
    const { curve, market } = input;
    const { currency: own } = unitOf(curve, `${place}.fuel_move`);
    moneyPerMwh(0, own, curve, market, `${place}.heat_rate`); // A heat rate is per MWh: the curve must be.
    const to: PriceUnit = { currency: own, per_unit: given.heat_unit };
    const heatRate = blockValue(given.heat_rate, curve, `${place}.heat_rate`);
    const share = blockValue(given.marginal_share, curve, `${place}.marginal_share`);
    const fuel = fuelMove(given.fuel_move, input, to, `${place}.fuel_move`);
    return curve.months.map((month) => fuel(month) * heatRate * share);
  },
  needs({ fuel_move }) {
    if (fuel_move.kind === 'relative') return [fuel_move.of];
    return fuel_move.kind === 'curves' ? [fuel_move.from, fuel_move.to] : [];
  },
});

/** The move of a month in the unit asked for. */
function fuelMove(
  given: Parameters['fuel_move'],
  { market, asof }: DriverInput,
  to: PriceUnit,
  place: string,
): (month: string) => number {
  const priced = (reference: CurveReference, field: string) => {
    const fuel = referencedCurve(reference, market, asof, field);
    const from = unitOf(fuel, field);
    return (month: string) =>
      convertPrice(priceOf(fuel, month, field), from, to, market.rates, field, RATES_FIELD);
  };
  switch (given.kind) {
    case 'absolute': {
      const change = convertPrice(given.change, given, to, market.rates, place, RATES_FIELD);
      return () => change;
    }
    case 'monthly':
      return (month) =>
        convertPrice(monthChange(given.changes, month, place), given, to, market.rates, place, RATES_FIELD);
    case 'relative': {
      const price = priced(given.of, `${place}.of`);
      return (month) => given.change * price(month);
    }
    case 'curves': {
      const before = priced(given.from, `${place}.from`);
      const after = priced(given.to, `${place}.to`);
      return (month) => after(month) - before(month);
    }
  }
}

function monthChange(changes: Readonly<Record<string, number>>, month: string, place: string): number {
  const change = changes[month];
  if (change !== undefined) return change;
  throw refusal('scenario_month_missing', `the fuel move has no value for ${month.slice(0, 7)}`, {
    field: `${place}.changes`,
    remedy: 'Give it, 0 for no move, or restrict the months with applies_to.',
  });
}
