/** Hours of every North American block, counted a second way: from the local clock as Intl writes it, hour after hour. */
import { expect, test } from 'vitest';
import { dateOfDay } from '#lib/domain/calendar/days.ts';
import { nercHolidays } from '#lib/domain/calendar/holidays.ts';
import { blockHours, marketCalendar, monthHours } from '#lib/domain/calendar/market-calendar.ts';

const MARKETS = [
  ['PJM', 'America/New_York', 7, 5],
  ['ERCOT', 'America/Chicago', 6, 5],
  ['CAISO', 'America/Los_Angeles', 6, 6],
  ['AESO', 'America/Edmonton', 7, 6],
] as const;
const HOUR_MS = 3_600_000;

function countedOnPeak(time_zone: string, from: number, days: number, year: number): number {
  const clock = new Intl.DateTimeFormat('en-CA', {
    timeZone: time_zone,
    dateStyle: 'short',
    timeStyle: 'short',
    hour12: false,
  });
  const holidays = new Set(nercHolidays(year).map(dateOfDay));
  let count = 0;
  for (let ms = Date.UTC(year, 0, 1); ms < Date.UTC(year + 1, 0, 2); ms += HOUR_MS) {
    const [date, time] = clock.format(ms).split(', ') as [string, string];
    const hour = Number(time.slice(0, 2)) % 24;
    const weekday = new Date(date).getUTCDay() || 7;
    if (!date.startsWith(String(year)) || weekday > days || holidays.has(date)) continue;
    if (hour >= from && hour < from + 16) count++;
  }
  return count;
}

test.each(MARKETS)('%s has the on-peak hours its local clock shows', (name, time_zone, from, days) => {
  const calendar = marketCalendar(name);
  const on_peak = blockHours(calendar, 'ON_PEAK', '2026-01-01', '2027-01-01');
  expect(on_peak).toBe(countedOnPeak(time_zone, from, days, 2026));
  const off_peak = blockHours(calendar, 'OFF_PEAK', '2026-01-01', '2027-01-01');
  expect(on_peak + off_peak).toBe(blockHours(calendar, 'ATC', '2026-01-01', '2027-01-01'));
});

test('5x16, 2x16 and 7x8 are all hours of any month, of 23- and 25-hour days too', () => {
  for (const [name] of MARKETS) {
    const calendar = marketCalendar(name);
    for (let month = 1; month <= 12; month++) {
      const first = `2026-${String(month).padStart(2, '0')}-01`;
      const parts = ['5x16', '2x16', '7x8'].map((block) => monthHours(calendar, block, first));
      expect(parts.reduce((sum, hours) => sum + hours, 0)).toBe(monthHours(calendar, 'ATC', first));
    }
  }
});

test.each(['2021-07-05', '2022-12-26', '2023-01-02'])('%s is a NERC holiday kept on Monday', (day) => {
  const after = dateOfDay(Date.parse(day) / 86_400_000 + 1);
  expect(blockHours(marketCalendar('PJM'), '5x16', day, after)).toBe(0);
  expect(blockHours(marketCalendar('PJM'), '2x16', day, after)).toBe(16);
});
