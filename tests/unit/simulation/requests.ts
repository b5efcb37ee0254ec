/** Requests the tests of the simulation share. */
import type { EnsembleRequest } from '#lib/domain/simulation/model.ts';
import { addMonths } from '#lib/domain/tenor.ts';

export const MODEL = { sigma_short: 0.6, reversion_short: 2, sigma_long: 0.15, correlation: -0.3 };

export const constant = (months: number, value: number) => new Float64Array(months).fill(value);

/** Two years of months from the one after the as-of day on, prices with a season. */
export function request(rest: Partial<EnsembleRequest> = {}, months = 24): EnsembleRequest {
  return {
    asof: '2026-10-15',
    months: Array.from({ length: months }, (_, index) => addMonths('2026-11-01', index)),
    forward: Float64Array.from({ length: months }, (_, index) => 50 + 10 * Math.sin(index / 2)),
    model: MODEL,
    paths: 10_000,
    seed: 20261015n,
    purpose: 'test',
    ...rest,
  };
}
