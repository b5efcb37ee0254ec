import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dateOfDay, dayNumber } from '#lib/domain/calendar/days.ts';
import {
  blockHours,
  hourStarts,
  isInBlock,
  type MarketCalendar,
  marketCalendar,
  monthHours,
} from '#lib/domain/calendar/market-calendar.ts';

const NAMES = ['PJM', 'NYISO', 'ISONE', 'MISO', 'ERCOT', 'SPP', 'CAISO', 'AESO', 'IESO', 'EEX', 'UK'];
const GAS_NAMES = ['GAS_EU', 'GAS_UK', 'GAS_US'];
const year2026 = (calendar: string, block: string) =>
  blockHours(marketCalendar(calendar), block, '2026-01-01', '2027-01-01');
const localTime = ({ time_zone }: MarketCalendar, start_ms: number) =>
  new Date(start_ms).toLocaleString('sv-SE', { timeZone: time_zone });

describe('hours of a year', () => {
  test('PJM 5x16 of 2026 has 4,096 hours on peak and 4,664 off (NERC rules)', () => {
    expect(year2026('PJM', '5x16')).toBe(4096);
    expect(year2026('PJM', 'ON_PEAK')).toBe(4096);
    expect(year2026('PJM', 'OFF_PEAK')).toBe(4664);
  });

  test.each([
    ['ERCOT', 'ON_PEAK', 4096],
    // 104 weekend days and five holidays on weekdays; Independence Day is a Saturday.
    ['ERCOT', '2x16', 109 * 16],
    ['ERCOT', '7x8', 365 * 8],
    // 313 days from Monday to Saturday, less six holidays: a Saturday one counts here.
    ['CAISO', 'ON_PEAK', 307 * 16],
    ['CAISO', '5x16', 4096],
    ['CAISO', '1x16', 58 * 16],
    ['AESO', 'ON_PEAK', 307 * 16],
    ['AESO', '7x16', 365 * 16],
    // 261 weekdays; public holidays count in Europe.
    ['EEX', 'PEAK', 261 * 12],
    ['UK', 'PEAK', 261 * 12],
    ['UK', 'OFF_PEAK', 8760 - 261 * 12],
  ])('%s %s of 2026: %i', (calendar, block, hours) => {
    expect(year2026(calendar, block)).toBe(hours);
  });
});

describe('days of 23 and 25 hours', () => {
  test.each([
    ['PJM', '2026-03-08', 23],
    ['PJM', '2026-11-01', 25],
    ['PJM', '2026-03-09', 24],
    ['EEX', '2026-03-29', 23],
    ['EEX', '2026-10-25', 25],
    ['UK', '2026-03-29', 23],
    ['UK', '2026-10-25', 25],
    ['GAS_EU', '2026-03-28', 23],
    ['GAS_US', '2026-10-31', 25],
    // The gas day that begins on the Saturday holds the night of the change.
    ['GAS_UK', '2026-03-29', 24],
    // Before 2007 daylight saving began in April.
    ['PJM', '2006-04-02', 23],
    ['PJM', '2006-03-12', 24],
    // Traded in prevailing time, though the market's own clock keeps standard time.
    ['IESO', '2026-03-08', 23],
    ['MISO', '2026-11-01', 25],
  ])('%s %s has %i', (calendar, day, hours) => {
    const next = dateOfDay(dayNumber(day) + 1);
    expect(hourStarts(marketCalendar(calendar), day, next)).toHaveLength(hours);
    expect(blockHours(marketCalendar(calendar), 'ATC', day, next)).toBe(hours);
  });

  test('the month that loses an hour loses it from the night', () => {
    const pjm = marketCalendar('PJM');
    expect(monthHours(pjm, 'ATC', '2026-03-01')).toBe(743);
    expect(monthHours(pjm, '7x16', '2026-03-01')).toBe(31 * 16);
    expect(monthHours(pjm, '7x8', '2026-03-01')).toBe(31 * 8 - 1);
  });
});

describe('conventions', () => {
  const firstOnPeak = (calendar: string) => {
    const market = marketCalendar(calendar);
    const hours = [...hourStarts(market, '2026-07-06', '2026-07-07')].filter((hour) =>
      isInBlock(market, 'ON_PEAK', hour),
    );
    return [localTime(market, hours[0]!).slice(11, 16), hours.length];
  };

  test.each([
    ['PJM', '07:00', 16],
    ['MISO', '07:00', 16],
    ['ERCOT', '06:00', 16],
    ['SPP', '06:00', 16],
    ['CAISO', '06:00', 16],
    ['AESO', '07:00', 16],
    ['EEX', '08:00', 12],
    ['UK', '07:00', 12],
  ])('%s begins its peak at %s for %i hours', (calendar, start, length) => {
    expect(firstOnPeak(calendar)).toEqual([start, length]);
  });

  test('hours are given in UTC: a PJM day of July begins at 04:00Z', () => {
    expect(new Date(hourStarts(marketCalendar('PJM'), '2026-07-01', '2026-07-02')[0]!).toISOString()).toBe(
      '2026-07-01T04:00:00.000Z',
    );
  });

  test('a UK day is the EFA day: from 23:00 of the evening before', () => {
    const uk = marketCalendar('UK');
    const hours = hourStarts(uk, '2026-01-05', '2026-01-06');
    expect(new Date(hours[0]!).toISOString()).toBe('2026-01-04T23:00:00.000Z');
  });

  test('a holiday is off peak, in Europe it is not', () => {
    const christmas = ['2026-12-25', '2026-12-26'] as const;
    expect(blockHours(marketCalendar('PJM'), 'ON_PEAK', ...christmas)).toBe(0);
    expect(blockHours(marketCalendar('PJM'), '2x16', ...christmas)).toBe(16);
    expect(blockHours(marketCalendar('EEX'), 'PEAK', ...christmas)).toBe(12);
  });

  test.each(['On-Peak', 'on peak', 'ONPEAK', 'Peak'])('a block may be written "%s"', (block) => {
    expect(year2026('PJM', block)).toBe(4096);
  });

  test.each(['ISO-NE', 'iso ne', 'NEISO'])('ISO-NE may be written "%s"', (name) => {
    expect(marketCalendar(name).name).toBe('ISONE');
  });
});

const dayPair = fc
  .tuple(fc.integer({ min: 10957, max: 29000 }), fc.integer({ min: 0, max: 800 }))
  .map(([first, length]) => [dateOfDay(first), dateOfDay(first + length)] as const);

describe('properties', () => {
  test('on and off peak, and 5x16, 2x16 and 7x8, part all hours of any period', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), dayPair, (name, [from, to]) => {
        const calendar = marketCalendar(name);
        const hours = (block: string) => blockHours(calendar, block, from, to);
        expect(hours('ON_PEAK') + hours('OFF_PEAK')).toBe(hours('ATC'));
        if (name === 'EEX' || name === 'UK') return;
        expect(hours('5x16') + hours('2x16') + hours('7x8')).toBe(hours('ATC'));
        expect(hours('6x16') + hours('1x16')).toBe(hours('7x16'));
      }),
      { numRuns: 60 },
    );
  });

  test('hours counted by day are the hours listed one by one', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMES, ...GAS_NAMES), dayPair, (name, [from, to]) => {
        const calendar = marketCalendar(name);
        const block = name.startsWith('GAS') ? 'BASE' : 'ON_PEAK';
        const listed = hourStarts(calendar, from, to).filter((hour) => isInBlock(calendar, block, hour));
        expect(blockHours(calendar, block, from, to)).toBe(listed.length);
      }),
      { numRuns: 40 },
    );
  });

  test('periods add up wherever they are cut', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...NAMES),
        dayPair,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (name, [from, to], share) => {
          const calendar = marketCalendar(name);
          const cut = dateOfDay(Math.round(dayNumber(from) + share * (dayNumber(to) - dayNumber(from))));
          const hours = (a: string, b: string) => blockHours(calendar, 'ON_PEAK', a, b);
          expect(hours(from, cut) + hours(cut, to)).toBe(hours(from, to));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('what is refused', () => {
  const code = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      return error;
    }
    return undefined;
  };
  const pjm = marketCalendar('PJM');

  test.each([
    [() => marketCalendar('XYZ', 'terms.calendar'), 'calendar_unknown', 'terms.calendar'],
    [() => marketCalendar('__proto__'), 'calendar_unknown', 'calendar'],
    [() => blockHours(pjm, '9x5', '2026-01-01', '2026-02-01'), 'block_unknown', 'block'],
    [() => monthHours(marketCalendar('EEX'), '5x16', '2026-01-01'), 'block_unknown', 'block'],
    [() => monthHours(marketCalendar('GAS_EU'), 'ON_PEAK', '2026-01-01'), 'block_unknown', 'block'],
    [() => isInBlock(pjm, 'constructor', 0), 'block_unknown', 'block'],
    [() => blockHours(pjm, 'ATC', '2026-02-30', '2026-03-01'), 'date_impossible', 'from'],
    [() => blockHours(pjm, 'ATC', '2100-02-29', '2100-03-01'), 'date_impossible', 'from'],
    [() => blockHours(pjm, 'ATC', '2026-13-01', '2027-03-01'), 'date_impossible', 'from'],
    [() => blockHours(pjm, 'ATC', '2026-02-01', 'soon'), 'date_impossible', 'to'],
    [() => hourStarts(pjm, '2026-02-01', '9999-01-01'), 'date_impossible', 'to'],
    [() => blockHours(pjm, 'ATC', '2026-02-01', '2026-01-01'), 'period_reversed', 'to'],
  ])('%s: %s', (work, expected, field) => {
    expect(code(work)).toMatchObject({ kind: 'refused', code: expected, place: { field } });
  });
});
