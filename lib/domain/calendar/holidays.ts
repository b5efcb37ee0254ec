/**
 * Off-peak holidays by rule. Knows the rules, no market.
 * NERC: New Year's Day, Memorial Day (last Monday of May), Independence Day, Labor Day (first Monday of September),
 * Thanksgiving Day (fourth Thursday of November), Christmas Day. One that falls on a Sunday is kept on the Monday after; one
 * on a Saturday stays there. Source: NERC Resources Subcommittee, "Additional Off-peak Days"; now NAESB WEQ.
 */
import { DAY_MS, nthWeekday, weekdayOf } from './days.ts';

const MONDAY = 0;
const THURSDAY = 3;
const SUNDAY = 6;

function fixedHoliday(year: number, month: number, day: number): number {
  const number = Date.UTC(year, month - 1, day) / DAY_MS;
  return weekdayOf(number) === SUNDAY ? number + 1 : number;
}

/** Day numbers of the six NERC holidays kept in the year, in order. None moves into another year. */
export function nercHolidays(year: number): readonly number[] {
  return [
    fixedHoliday(year, 1, 1),
    nthWeekday(year, 5, MONDAY, -1),
    fixedHoliday(year, 7, 4),
    nthWeekday(year, 9, MONDAY, 1),
    nthWeekday(year, 11, THURSDAY, 4),
    fixedHoliday(year, 12, 25),
  ];
}
