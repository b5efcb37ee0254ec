/** Base curves and market data for scenario tests, complete but for what a test is about. */
import { curveKey, type Identity } from '#lib/domain/curve.ts';
import type { ForwardCurve, MarketData } from '#lib/domain/driver.ts';
import { addMonths } from '#lib/domain/tenor.ts';

export const ASOF = '2026-01-15';
export const NO_MARKET: MarketData = { curves: [], rates: [] };

const WEST: Identity = {
  asset_class: 'power',
  iso: 'PJM',
  region: 'US',
  location: 'West',
  market: 'West',
  product: 'power',
  block: 'ON_PEAK',
  spark_location: null,
};

/** A power curve from January 2026 on. */
export function powerCurve(prices: readonly number[], part: Partial<ForwardCurve> = {}): ForwardCurve {
  const identity = { ...WEST, ...part };
  return {
    ...identity,
    units_raw: 'USD/MWh',
    currency: 'USD',
    per_unit: 'MWh',
    asof_date: ASOF,
    months: prices.map((_, index) => addMonths('2026-01-01', index)),
    prices,
    ...part,
    curve_key: part.curve_key ?? curveKey(identity),
  };
}

/** A gas curve in USD/MMBtu from January 2026 on. */
export function gasCurve(prices: readonly number[], part: Partial<ForwardCurve> = {}): ForwardCurve {
  return powerCurve(prices, {
    asset_class: 'gas',
    location: 'Henry Hub',
    market: 'Henry Hub',
    product: 'gas',
    block: null,
    iso: null,
    units_raw: 'USD/MMBtu',
    per_unit: 'MMBtu',
    ...part,
  });
}
