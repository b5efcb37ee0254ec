/**
 * Days as whole numbers since 1970-01-01 in the proleptic Gregorian calendar, and back. Knows no time zone, no market.
 */
import { refusal } from '../errors.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** Outside these years a date is a slip of the pen, and the loops over days stay short. */
const YEARS = { first: 1970, last: 2199 };
const FORM = /^\d{4}-\d\d-\d\d$/;
const DAYS_OF_MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Number of the day of a `YYYY-MM-DD`.
 * @throws date_impossible when it is no day of the calendar or outside 1970..2199; `field` says where it came from.
 */
export function dayNumber(date: string, field?: string): number {
  const [year, month, day] = [Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8))];
  if (
    FORM.test(date) &&
    year >= YEARS.first &&
    year <= YEARS.last &&
    day >= 1 &&
    day <= daysOfMonth(year, month)
  ) {
    return Date.UTC(year, month - 1, day) / DAY_MS;
  }
  throw refusal('date_impossible', `"${date.slice(0, 40)}" is no day of ${YEARS.first} to ${YEARS.last}`, {
    remedy: 'Give a day of the calendar as YYYY-MM-DD.',
    ...(field === undefined ? {} : { field }),
  });
}

/** 0 for a month that is none. */
function daysOfMonth(year: number, month: number): number {
  if (month !== 2) return DAYS_OF_MONTHS[month - 1] ?? 0;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

export function dateOfDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** 0 Monday .. 6 Sunday. Day 0 was a Thursday. */
export function weekdayOf(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

/** Day number of the `nth` (1..) `weekday` of a month; `nth` -1 is the last. `month` 1..12. */
export function nthWeekday(year: number, month: number, weekday: number, nth: number): number {
  if (nth === -1) {
    const last = Date.UTC(year, month, 0) / DAY_MS;
    return last - ((weekdayOf(last) - weekday + 7) % 7);
  }
  const first = Date.UTC(year, month - 1, 1) / DAY_MS;
  return first + ((weekday - weekdayOf(first) + 7) % 7) + 7 * (nth - 1);
}
