/**
 * Synthetic forward prices: seasonal, mean-reverting, moving a little from one business day to the next. A price depends
 * on seed, curve, delivery month and as-of day alone, never on what else is in the workbook. Real levels play no part.
 */
import { addMonths } from '#lib/domain/tenor.ts';
import { draws } from './random.ts';

export interface CurveShape {
  /** What its noise is drawn for; curves with one driver rise and fall together. */
  readonly driver: string;
  /** Level the curve reverts to, in its own unit; a differential may sit at or below zero. */
  readonly level: number;
  /** What seasons and days are a fraction of: the level of an outright price, a few units for a differential. */
  readonly scale: number;
  /** Height of the seasonal swing, as a fraction of the scale. */
  readonly season: number;
  /** Month of the seasonal high, 1..12. */
  readonly peak_month: number;
}

const DAY_MS = 86_400_000;
const FIRST_MONDAY = Date.parse('2000-01-03T00:00:00Z');
const WAVE_PERIODS_DAYS = [9, 21, 55, 130, 260];
/** Makes a day's move of the nearest month about 0.9 % of the scale, 2.5 % at the very most. */
const WAVE_HEIGHT = 0.0045;
const REVERSION_MONTHS = 18;
const MONTH_ROUGHNESS = 0.03;

/** Prices of `count` delivery months, the first being the month of the as-of day. */
export function forwardPrices(
  shape: CurveShape,
  asof_date: string,
  count: number,
  seed: number,
): readonly number[] {
  const walk = dailyWalk(shape.driver, asof_date, seed);
  return Array.from({ length: count }, (_, offset) => {
    const month = addMonths(asof_date, offset);
    const angle = (2 * Math.PI * (Number(month.slice(5, 7)) - shape.peak_month)) / 12;
    const rough = MONTH_ROUGHNESS * (draws(seed, `${shape.driver}|${month}`)() - 0.5);
    const months_ahead = Math.max(0, Date.parse(month) - Date.parse(asof_date)) / DAY_MS / 30.4;
    const today = walk * Math.exp(-months_ahead / REVERSION_MONTHS);
    return shape.level + shape.scale * (shape.season * Math.cos(angle) + rough + today);
  });
}

/** A bounded walk over business days as a sum of waves: day 6,000 costs what day 1 costs. */
function dailyWalk(driver: string, asof_date: string, seed: number): number {
  const draw = draws(seed, `${driver}|walk`);
  const day = businessDays(asof_date);
  let walk = 0;
  for (const period of WAVE_PERIODS_DAYS) {
    const stretched = period * (0.85 + 0.3 * draw());
    walk += WAVE_HEIGHT * Math.sqrt(period) * Math.sin(2 * Math.PI * (day / stretched + draw()));
  }
  return walk;
}

/** Mondays to Fridays since 2000-01-03; a weekend counts as its Friday. */
function businessDays(date: string): number {
  const days = Math.round((Date.parse(`${date}T00:00:00Z`) - FIRST_MONDAY) / DAY_MS);
  return Math.floor(days / 7) * 5 + Math.min(((days % 7) + 7) % 7, 4);
}
