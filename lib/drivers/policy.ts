/**
 * Policy: a price on carbon, a cap, a floor or a subsidy, as a change of the power price.
 *
 *   carbon_price   dP = carbon_price_change [money/t] x emission_intensity [t/MWh] x pass_through
 *   price_cap      dP = min(P, price_cap) - P
 *   price_floor    dP = max(P, price_floor) - P
 *   subsidy        dP = -subsidy [money/MWh] x pass_through
 *
 * dP and P in the curve's currency per MWh; emission intensity is of the plant that sets the price in the block. Dearer
 * carbon raises the price, a subsidy paid for generation lowers it. Cap and floor hold for the price that all other
 * assumptions lead to, to the last bit. Emission intensity up to 2 t/MWh (lignite emits 1.2), pass-through 0 to 1.
 *
 * Source: Sijm, Neuhoff, Chen, "CO2 cost pass-through and windfall profits in the power sector", Climate Policy 6(1), 2006.
 * Knows no other driver.
 */
import { z } from 'zod';
import { type DriverInput, scenarioDriver } from '#lib/domain/driver.ts';
import { blockValue, byBlock, currency, moneyPerMwh } from '#lib/domain/driver-values.ts';

const share = z.number().min(0).max(1);
const price = z.number().min(-100_000).max(100_000);

const carbonPrice = z.strictObject({
  instrument: z.literal('carbon_price'),
  currency,
  carbon_price_change: z
    .number()
    .min(-10_000)
    .max(10_000)
    .describe('Money per tonne of CO2; positive is dearer'),
  emission_intensity: byBlock(z.number().min(0).max(2)).describe('t CO2 per MWh of the marginal plant'),
  pass_through: share.default(1).describe('Share of the cost that reaches the price'),
});
const priceCap = z.strictObject({
  instrument: z.literal('price_cap'),
  currency,
  price_cap: price.describe('Money per MWh'),
});
const priceFloor = z.strictObject({
  instrument: z.literal('price_floor'),
  currency,
  price_floor: price.describe('Money per MWh'),
});
const subsidy = z.strictObject({
  instrument: z.literal('subsidy'),
  currency,
  subsidy: z.number().min(0).max(10_000).describe('Money per MWh paid to generators'),
  pass_through: share.default(1).describe('Share of it that reaches the price'),
});
const parameters = z.discriminatedUnion('instrument', [carbonPrice, priceCap, priceFloor, subsidy]);
type Parameters = z.output<typeof parameters>;

export const driver = scenarioDriver({
  type: 'policy',
  version: 1,
  summary: 'Carbon price, price cap, price floor or subsidy',
  formula:
    'carbon_price: dP = carbon_price_change x emission_intensity x pass_through; price_cap: dP = min(P, cap) - P; price_floor: dP = max(P, floor) - P; subsidy: dP = -subsidy x pass_through',
  units:
    'carbon_price_change money/t, emission_intensity t/MWh, pass_through 0..1, cap, floor, subsidy money/MWh',
  source: 'Sijm, Neuhoff, Chen, Climate Policy 6(1), 2006',
  parameters,
  example: {
    instrument: 'carbon_price',
    currency: 'USD',
    carbon_price_change: 20,
    emission_intensity: { ON_PEAK: 0.4, OFF_PEAK: 0.6 },
    pass_through: 0.9,
  },
  example_applies_to: { asset_class: 'power', block: ['ON_PEAK', 'OFF_PEAK'] },
  change: changeOf,
  limitOf,
});

function changeOf(policy: Parameters, input: DriverInput, place: string): number[] {
  const { curve, market } = input;
  const perMwh = (value: number) => moneyPerMwh(value, policy.currency, curve, market, `${place}.currency`);
  switch (policy.instrument) {
    case 'carbon_price': {
      const intensity = blockValue(policy.emission_intensity, curve, `${place}.emission_intensity`);
      const change = perMwh(policy.carbon_price_change) * intensity * policy.pass_through;
      return curve.prices.map(() => change);
    }
    case 'price_cap':
    case 'price_floor': {
      const limited = limitOf(policy, place)!(input);
      return curve.prices.map((base, index) => limited[index]! - base);
    }
    case 'subsidy': {
      const change = -perMwh(policy.subsidy) * policy.pass_through;
      return curve.prices.map(() => change);
    }
  }
}

/** How a cap or floor limits prices; the other instruments do not. */
function limitOf(policy: Parameters, place: string): ((input: DriverInput) => number[]) | undefined {
  const { currency: money, instrument } = policy;
  const limited =
    (limit: number, bounded: typeof Math.min) =>
    ({ curve, market }: DriverInput) => {
      const own = moneyPerMwh(limit, money, curve, market, `${place}.currency`);
      return curve.prices.map((price) => bounded(price, own));
    };
  if (instrument === 'price_cap') return limited(policy.price_cap, Math.min);
  return instrument === 'price_floor' ? limited(policy.price_floor, Math.max) : undefined;
}
