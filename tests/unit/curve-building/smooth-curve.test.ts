import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dayNumber, weekdayOf } from '#lib/domain/calendar/days.ts';
import { hourStarts, isInBlock, marketCalendar } from '#lib/domain/calendar/market-calendar.ts';
import { smoothDays, smoothHours } from '#lib/domain/smooth-curve.ts';
import { chain, contract, meanOver, month } from './contracts.ts';

const WEEKDAY_FACTORS = [0.95, 0.99, 1.05, 1.01, 0.98, 0.92, 0.91];
const byWeekday = (date: string) => WEEKDAY_FACTORS[weekdayOf(dayNumber(date))]!;
const QUOTES = [
  contract('Jul-19', '2019-07-01', '2019-08-01', 77.98),
  contract('Aug-19', '2019-08-01', '2019-09-01', 76.01),
  contract('Sep-19', '2019-09-01', '2019-10-01', 78.74),
  contract('Q4-19', '2019-10-01', '2020-01-01', 85.58),
  contract('Q1-20', '2020-01-01', '2020-04-01', 87.01),
];

describe('maximum smoothness by days', () => {
  test('the published example: 275 days with factors by weekday (cmdty/curves README)', () => {
    const { dates, prices } = smoothDays(QUOTES, { multiplicative: byWeekday });
    expect(dates).toHaveLength(275);
    const expected = [77.68539, 80.83184, 85.59869, 82.21079, 81.21869, 80.30742, 83.80771, 87.3055];
    const found = [...prices.slice(0, 4), ...prices.slice(-4)];
    found.forEach((price, index) => {
      expect(Math.abs(price - expected[index]!)).toBeLessThan(1e-5);
    });
  });

  const parts = fc.array(
    fc.record({
      months: fc.integer({ min: 1, max: 12 }),
      price: fc.double({ min: -80, max: 400, noNaN: true }),
    }),
    { minLength: 1, maxLength: 15 },
  );

  test('the mean of every contract comes back to 1e-10, with factors, additions and weights', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const quotes = chain('2026-01-01', given);
        const weight = (date: string) => 1 + (dayNumber(date) % 3);
        const shape = {
          multiplicative: byWeekday,
          additive: (date: string) => 5 * (dayNumber(date) % 7),
          weight,
        };
        const { dates, prices } = smoothDays(quotes, shape);
        for (const quote of quotes) {
          expect(Math.abs(meanOver(quote, dates, prices, weight) - quote.price)).toBeLessThan(1e-10);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('equal quotes give a flat curve to 1e-12', () => {
    fc.assert(
      fc.property(parts, fc.double({ min: -500, max: 500, noNaN: true }), (given, price) => {
        const { prices } = smoothDays(
          chain(
            '2026-01-01',
            given.map(({ months }) => ({ months, price })),
          ),
        );
        for (const found of prices) expect(Math.abs(found - price)).toBeLessThanOrEqual(1e-12);
      }),
      { numRuns: 40 },
    );
  });

  test('the order of the quotes does not show', () => {
    expect(smoothDays(QUOTES.toReversed(), { multiplicative: byWeekday })).toEqual(
      smoothDays(QUOTES, { multiplicative: byWeekday }),
    );
  });

  test('a straight line of prices stays straight: nothing bends that need not', () => {
    const start = dayNumber('2026-01-01');
    const line = (from: string, to: string) => {
      const [first, end] = [dayNumber(from) - start, dayNumber(to) - start];
      return 40 + 0.1 * ((first + end - 1) / 2);
    };
    const periods = [
      ['2026-01-01', '2026-02-01'],
      ['2026-02-01', '2026-05-01'],
      ['2026-05-01', '2027-05-01'],
    ] as const;
    const { prices } = smoothDays(periods.map(([from, to]) => contract(from, from, to, line(from, to))));
    prices.forEach((price, day) => {
      expect(Math.abs(price - (40 + 0.1 * day))).toBeLessThan(1e-9);
    });
  });

  test('value, slope and bend go over from one contract to the next', () => {
    const { prices } = smoothDays(QUOTES);
    const bends = [...prices].slice(2).map((price, day) => price - 2 * prices[day + 1]! + prices[day]!);
    const jumps = bends.slice(1).map((bend, day) => Math.abs(bend - bends[day]!));
    // p''' may jump at a knot, p'' may not: third differences stay of the size they have inside a month.
    expect(Math.max(...jumps)).toBeLessThan(0.02);
  });

  test('no other curve with these means bends less', () => {
    const bending = (prices: ArrayLike<number>) =>
      Array.from(prices)
        .slice(2)
        .reduce((sum, price, day) => sum + (price - 2 * prices[day + 1]! + prices[day]!) ** 2, 0);
    const { dates, prices } = smoothDays(QUOTES);
    // A nudge with mean zero over August and its neighbour's edge kept: the sum of squares must grow.
    const nudged = prices.map((price, day) => {
      const date = dates[day]!;
      return date >= '2019-08-01' && date < '2019-09-01'
        ? price + 0.05 * Math.sin((2 * Math.PI * (dayNumber(date) - dayNumber('2019-08-01'))) / 31)
        : price;
    });
    expect(bending(prices)).toBeLessThan(bending(nudged));
  });

  test('overlapping contracts need no bootstrap first: a month within its year', () => {
    const quotes = [contract('Cal-26', '2026-01-01', '2027-01-01', 50), month(2026, 8, 80)];
    const { dates, prices } = smoothDays(quotes);
    for (const quote of quotes) expect(meanOver(quote, dates, prices)).toBeCloseTo(quote.price, 10);
  });

  test('one contract gives one price, with factors one smooth level', () => {
    expect(new Set(smoothDays([month(2026, 1, 40)]).prices)).toEqual(new Set([40]));
    const { dates, prices } = smoothDays([month(2026, 1, 40)], { multiplicative: byWeekday });
    const levels = dates.map((date, day) => prices[day]! / byWeekday(date));
    for (const level of levels) expect(level).toBeCloseTo(levels[0]!, 10);
  });

  test('very short beside very long contracts: a day within ten years', () => {
    const quotes = [
      contract('day', '2026-01-01', '2026-01-02', 90),
      contract('rest', '2026-01-02', '2036-01-01', 50),
    ];
    const { dates, prices } = smoothDays(quotes);
    for (const quote of quotes)
      expect(Math.abs(meanOver(quote, dates, prices) - quote.price)).toBeLessThan(1e-10);
  });
});

describe('maximum smoothness by hours', () => {
  const pjm = marketCalendar('PJM');
  const quotes = [month(2026, 2, 55), month(2026, 3, 48), contract('Q2-26', '2026-04-01', '2026-07-01', 44)];

  test.each(['ON_PEAK', 'OFF_PEAK', 'ATC'])(
    '%s: means over the hours of the block, 23-hour day included',
    (block) => {
      const shape = {
        multiplicative: (start_ms: number) => 1 + 0.2 * Math.sin((start_ms / 3_600_000 / 24) * 2 * Math.PI),
      };
      const { starts_ms, prices } = smoothHours(pjm, block, quotes, shape);
      const prices_at = new Map(Array.from(starts_ms, (start, index) => [start, prices[index]!]));
      for (const { from, to, price } of quotes) {
        const hours = hourStarts(pjm, from, to).filter((hour) => isInBlock(pjm, block, hour));
        const mean = hours.reduce((sum, hour) => sum + prices_at.get(hour)!, 0) / hours.length;
        expect(Math.abs(mean - price)).toBeLessThan(1e-10);
      }
      expect(starts_ms.every((hour) => isInBlock(pjm, block, hour))).toBe(true);
    },
  );
});

describe('what is refused', () => {
  test.each([
    [
      () => smoothDays([...QUOTES, contract('H2', '2019-10-01', '2020-04-01', 86)]),
      'contract_conflict',
      'contracts[5]',
    ],
    [() => smoothDays([...QUOTES, QUOTES[2]!]), 'contract_redundant', 'contracts[5]'],
    [
      () => smoothDays(QUOTES, { multiplicative: () => Number.NaN }),
      'shape_impossible',
      'shape.multiplicative',
    ],
    [() => smoothDays(QUOTES, { weight: () => -1 }), 'shape_impossible', 'shape.weight'],
    [
      () => smoothDays(QUOTES, { additive: () => Number.POSITIVE_INFINITY }),
      'shape_impossible',
      'shape.additive',
    ],
    [() => smoothDays(QUOTES, { multiplicative: () => 0 }), 'curve_not_solvable', 'contracts'],
    [() => smoothDays([], {}, 'quotes'), 'contracts_empty', 'quotes'],
    [() => smoothHours(marketCalendar('EEX'), '5x16', QUOTES), 'block_unknown', 'block'],
  ])('%s: %s', (work, code, field) => {
    expect(work).toThrow(expect.objectContaining({ code, place: { field } }));
  });
});
