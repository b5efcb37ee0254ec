/**
 * Released forward curves of past days as returns per contract, on a clock of weekdays. Knows no model.
 *
 * A return is the change of the log price of one delivery month (of the price itself with `normal` dynamics) from one
 * as-of day to the next it is quoted on both; months that have begun on the later day are left out. The clock counts
 * weekdays, 5/7 of 365 to the year: markets do not move over a weekend, and a year of it is a year of the simulation's.
 */
import { refusal } from '#lib/domain/errors.ts';
import { log } from './elementary.ts';
import type { PriceDynamics } from './model.ts';
import { shiftOf, yearsTo } from './plan.ts';

export interface PriceHistory {
  /** As-of days, YYYY-MM-DD, ascending. */
  readonly days: readonly string[];
  /** Delivery months, YYYY-MM-01, ascending. */
  readonly months: readonly string[];
  /** prices[day * months.length + month]; NaN where a day quotes no such month. */
  readonly prices: Float64Array;
}

/** What happened between one day and a later one. */
export interface CurveMove {
  readonly from: string;
  readonly to: string;
  /** Years on the clock of weekdays. */
  readonly years: number;
  /** Years of 365 days to delivery, from the earlier day; one entry per contract quoted on both days. */
  readonly maturities: Float64Array;
  readonly returns: Float64Array;
}

const DAY_MS = 86_400_000;
const WEEKDAYS_PER_YEAR = (365 * 5) / 7;

/** Moves over `step` days of the history, one starting where the other ends, beginning at day `first`. */
export function curveMoves(
  history: PriceHistory,
  dynamics: PriceDynamics,
  { first = 0, end = history.days.length, step = 1 } = {},
): CurveMove[] {
  const moves: CurveMove[] = [];
  for (let day = first; day + step < end; day += step) moves.push(moveOf(history, dynamics, day, day + step));
  return moves;
}

/** @throws AurumError (refused) `history_refused`. */
export function checkHistory({ days, months, prices }: PriceHistory): void {
  const refused = (message: string, field: string) =>
    refusal('history_refused', message, { field, remedy: 'Give days and months in ascending order.' });
  const unordered = (dates: readonly string[]) =>
    dates.findIndex(
      (date, index) => Number.isNaN(Date.parse(date)) || (index > 0 && date <= dates[index - 1]!),
    );
  const day = unordered(days);
  if (day >= 0) throw refused(`The day ${days[day]} does not follow the one before`, `history.days[${day}]`);
  const month = unordered(months);
  if (month >= 0) throw refused(`The month ${months[month]} does not follow`, `history.months[${month}]`);
  if (prices.length !== days.length * months.length)
    throw refused(`${prices.length} prices for ${days.length} x ${months.length}`, 'history.prices');
}

function moveOf(history: PriceHistory, dynamics: PriceDynamics, from: number, to: number): CurveMove {
  const { days, months, prices } = history;
  const start = days[from]!;
  const end = days[to]!;
  const maturities: number[] = [];
  const returns: number[] = [];
  months.forEach((month, index) => {
    const before = prices[from * months.length + index]!;
    const after = prices[to * months.length + index]!;
    if (month <= end || Number.isNaN(before) || Number.isNaN(after)) return;
    maturities.push(yearsTo(start, month));
    returns.push(returnOf(before, after, dynamics, `${month} between ${start} and ${end}`));
  });
  const years = Math.max(1, weekdaysBetween(start, end)) / WEEKDAYS_PER_YEAR;
  return {
    from: start,
    to: end,
    years,
    maturities: Float64Array.from(maturities),
    returns: Float64Array.from(returns),
  };
}

function returnOf(before: number, after: number, dynamics: PriceDynamics, where: string): number {
  if (dynamics.kind === 'normal') return after - before;
  const shift = shiftOf(dynamics);
  if (before + shift > 0 && after + shift > 0) return log((after + shift) / (before + shift));
  throw refusal('forward_not_positive', `A price of ${where} is not above 0, as ${dynamics.kind} needs`, {
    field: 'history.prices',
    remedy: 'Use shifted_lognormal with a shift that lifts all prices above 0, or normal.',
  });
}

/** Mondays to Fridays after `from` up to and including `to`. */
export function weekdaysBetween(from: string, to: string): number {
  // Day 0 of the epoch is a Thursday; counted from the Monday before it, a week has five.
  const count = (date: string) => {
    const day = Math.round(Date.parse(date) / DAY_MS) + 4;
    return Math.floor(day / 7) * 5 + Math.min(5, day - Math.floor(day / 7) * 7);
  };
  return count(to) - count(from);
}
