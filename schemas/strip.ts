/** A strip as the API gives it: quoted by the vendor, or derived from its months by a stated rule. */
import { z } from 'zod';
import { curveObservation } from './curve-observation.ts';

export const STRIP_RULES = ['plain_mean', 'hour_weighted'] as const;
export type StripRule = (typeof STRIP_RULES)[number];

export const stripRow = curveObservation.extend({
  source_cell: curveObservation.shape.source_cell.nullable(),
  strip_source: z.enum(['vendor', 'derived']),
  strip_rule: z
    .enum(STRIP_RULES)
    .nullable()
    .describe(
      'Rule of a derived strip; plain_mean also where hour_weighted was asked of a curve without hours',
    ),
  rule: z.string().nullable().describe('How a derived strip was made, for a person'),
  source_cells: z.array(z.string()).describe('Cells of the months a derived strip is the mean of'),
  weights: z.array(z.number()).describe('What each of these months weighs: 1, or hours of delivery'),
});
