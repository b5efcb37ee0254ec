/**
 * Load growth: demand that grows at a compound yearly rate, through an elasticity of price to load.
 *
 *   dP = |P| x ((1 + annual_growth)^years - 1) x price_elasticity
 *   years = whole months from `start` to the delivery month / 12; no change before `start`
 *
 * P and dP in the curve's currency and unit; annual_growth a fraction per year (0.02 = 2 %), price_elasticity in per cent of
 * price per per cent of load, by block, not negative. More load raises the price, also a negative one: hence |P|. `start`
 * left out is the month of the as-of day.
 *
 * Source: definition of the arc elasticity of price to load; compound growth as in the load forecasts of PJM and ERCOT.
 * Knows no other driver.
 */
import { z } from 'zod';
import { scenarioDriver } from '#lib/domain/driver.ts';
import { blockValue, byBlock } from '#lib/domain/driver-values.ts';
import { monthsBetween } from '#lib/domain/tenor.ts';
import { deliveryMonth } from '#schemas/scenario.ts';

const parameters = z.strictObject({
  annual_growth: z.number().gt(-1).max(1).describe('Fraction per year; negative is a decline'),
  price_elasticity: byBlock(z.number().min(0).max(20)).describe('Per cent of price per per cent of load'),
  start: deliveryMonth.optional().describe('Month growth counts from; default the as-of month'),
});

export const driver = scenarioDriver({
  type: 'load_growth',
  version: 1,
  summary: 'Compound growth of load through a price elasticity',
  formula:
    'dP = |P| x ((1 + annual_growth)^years - 1) x price_elasticity, years = months from start / 12, at least 0',
  units: 'annual_growth 1/year, price_elasticity % of price per % of load, dP and P money/MWh',
  source: 'Arc elasticity of price to load',
  parameters,
  example: { annual_growth: 0.02, price_elasticity: { ON_PEAK: 1.5, OFF_PEAK: 0.8 }, start: '2026-01' },
  example_applies_to: { asset_class: 'power', block: ['ON_PEAK', 'OFF_PEAK'] },
  change({ annual_growth, price_elasticity, start }, { curve, asof }, place) {
    const elasticity = blockValue(price_elasticity, curve, `${place}.price_elasticity`);
    return curve.prices.map((price, index) => {
      const years = Math.max(0, monthsBetween(start ?? asof, curve.months[index]!)) / 12;
      return Math.abs(price) * ((1 + annual_growth) ** years - 1) * elasticity;
    });
  },
});
