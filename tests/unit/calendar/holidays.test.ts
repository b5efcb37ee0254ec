import { expect, test } from 'vitest';
import { dateOfDay } from '#lib/domain/calendar/days.ts';
import { nercHolidays } from '#lib/domain/calendar/holidays.ts';

// 2010 to 2015 as NERC published them ("Additional Off-peak Days"), later years by the same rule.
test.each([
  [2010, '01-01 05-31 07-05 09-06 11-25 12-25'],
  [2011, '01-01 05-30 07-04 09-05 11-24 12-26'],
  [2012, '01-02 05-28 07-04 09-03 11-22 12-25'],
  [2021, '01-01 05-31 07-05 09-06 11-25 12-25'],
  [2022, '01-01 05-30 07-04 09-05 11-24 12-26'],
  [2023, '01-02 05-29 07-04 09-04 11-23 12-25'],
  [2026, '01-01 05-25 07-04 09-07 11-26 12-25'],
])('NERC holidays of %i: a Sunday moves to Monday, a Saturday stays', (year, days) => {
  expect(
    nercHolidays(year)
      .map((day) => dateOfDay(day).slice(5))
      .join(' '),
  ).toBe(days);
});
