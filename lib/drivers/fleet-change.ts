/**
 * Fleet change: capacity that comes in or goes out, through the slope of the merit order.
 *
 *   dP = -merit_order_slope [money/MWh per MW] x sum of capacity_mw x availability over the changes in force
 *
 * capacity_mw is positive for plant that comes in and negative for plant that goes out, so added capacity lowers the price.
 * A change is in force from its month `from` to its month `to`, both inclusive; without `to` for good. Availability (0 to 1,
 * by block) is the share of nameplate the block can count on: 0.15 for solar off-peak hours would be too much. The slope,
 * not negative, is by block and, where twelve values are given, by calendar month.
 *
 * Source: linearised supply stack; Sensfuss, Ragwitz, Genoese, "The merit-order effect", Energy Policy 36(8), 2008.
 * Knows no other driver.
 */
import { z } from 'zod';
import { scenarioDriver } from '#lib/domain/driver.ts';
import {
  blockMonthValue,
  blockValue,
  byBlock,
  byBlockAndMonth,
  currency,
  moneyPerMwh,
} from '#lib/domain/driver-values.ts';
import { stableSum } from '#lib/domain/strips.ts';
import { deliveryMonth } from '#schemas/scenario.ts';

const change = z
  .strictObject({
    name: z.string().max(200).optional().describe('Of the plant, for people'),
    capacity_mw: z.number().min(-1_000_000).max(1_000_000).describe('Positive comes in, negative goes out'),
    availability: byBlock(z.number().min(0).max(1)).default(1),
    from: deliveryMonth,
    to: deliveryMonth.optional().describe('Last month, inclusive; default for good'),
  })
  .refine(({ from, to }) => to === undefined || from <= to, { path: ['to'], message: 'lies before from' });

const parameters = z.strictObject({
  currency,
  merit_order_slope: byBlockAndMonth(z.number().min(0).max(10)).describe('Money per MWh per MW'),
  changes: z.array(change).min(1).max(1_000),
});

export const driver = scenarioDriver({
  type: 'fleet_change',
  version: 1,
  summary: 'Capacity in and out through the slope of the merit order',
  formula: 'dP = -merit_order_slope x sum(capacity_mw x availability) over the changes in force',
  units: 'merit_order_slope money/MWh per MW, capacity_mw MW (in positive, out negative), availability 0..1',
  source: 'Sensfuss, Ragwitz, Genoese, Energy Policy 36(8), 2008',
  parameters,
  example: {
    currency: 'USD',
    merit_order_slope: { ON_PEAK: 0.002, OFF_PEAK: 0.001 },
    changes: [
      { name: 'New combined cycle', capacity_mw: 1100, availability: 0.92, from: '2027-06' },
      { name: 'Coal retirement', capacity_mw: -1800, availability: 0.8, from: '2028-01' },
    ],
  },
  example_applies_to: { asset_class: 'power', block: ['ON_PEAK', 'OFF_PEAK'] },
  change({ changes, merit_order_slope, currency: money }, { curve, market }, place) {
    const firm = changes.map(({ capacity_mw, availability, from, to }, index) => ({
      from,
      to,
      mw: capacity_mw * blockValue(availability, curve, `${place}.changes.${index}.availability`),
    }));
    return curve.months.map((month) => {
      const inForce = firm.filter(({ from, to }) => from <= month && (to === undefined || month <= to));
      const slope = blockMonthValue(merit_order_slope, curve, month, `${place}.merit_order_slope`);
      const capacity_mw = stableSum(inForce.map(({ mw }) => mw));
      return 0 - moneyPerMwh(slope, money, curve, market, `${place}.currency`) * capacity_mw;
    });
  },
});
