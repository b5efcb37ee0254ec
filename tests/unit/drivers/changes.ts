/** What a driver changes, for tests: parameters in, changes of price out. */
import type { ForwardCurve, MarketData } from '#lib/domain/driver.ts';
import { driverOf } from '#lib/domain/driver.ts';
import { drivers } from '#lib/drivers/registry.gen.ts';
import { ASOF, NO_MARKET } from '#tests/unit/scenario/base-curves.ts';

export const PLACE = 'assumptions.0.parameters';

export function changes(
  type: string,
  parameters: unknown,
  curve: ForwardCurve,
  market: MarketData = NO_MARKET,
): readonly number[] {
  const driver = driverOf(drivers, type, 'assumptions.0.driver');
  return driver.bind(parameters, { place: PLACE, drivers }).change({ curve, market, asof: ASOF });
}

/** What `toThrow` is held against: code and field of a refusal. */
export const refused = (code: string, field: string) => ({ code, place: { field } });
