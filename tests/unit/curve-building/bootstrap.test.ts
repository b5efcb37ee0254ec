import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blockHours, marketCalendar, monthHours } from '#lib/domain/calendar/market-calendar.ts';
import { bootstrapMonths } from '#lib/domain/curve-bootstrap.ts';
import { chain, contract, days, month } from './contracts.ts';

const price = (result: ReturnType<typeof bootstrapMonths>, of: string) =>
  result.find((found) => found.month === of)!.price;

describe('bootstrap of months', () => {
  test('January and the quarter give February and March (cmdty/curves README)', () => {
    const result = bootstrapMonths(
      [month(2020, 1, 19.05), contract('Q1-20', '2020-01-01', '2020-04-01', 17.22)],
      days,
    );
    expect(result.map((found) => found.month)).toEqual(['2020-01-01', '2020-02-01', '2020-03-01']);
    expect(price(result, '2020-01-01')).toBe(19.05);
    expect(price(result, '2020-02-01')).toBeCloseTo(16.2745, 10);
    expect(price(result, '2020-03-01')).toBeCloseTo(16.2745, 10);
    expect(result.every(({ determined }) => determined)).toBe(true);
  });

  test('weighted by hours of a block it returns the quotes by those hours', () => {
    const pjm = marketCalendar('PJM');
    const hours = (from: string, to: string) => blockHours(pjm, 'ON_PEAK', from, to);
    const quarter = contract('Q1-26', '2026-01-01', '2026-04-01', 60);
    const result = bootstrapMonths([month(2026, 1, 75), quarter], hours);
    const weights = result.map((found) => monthHours(pjm, 'ON_PEAK', found.month));
    const mean = result.reduce((sum, found, index) => sum + found.price * weights[index]!, 0);
    expect(mean / weights.reduce((a, b) => a + b)).toBeCloseTo(60, 10);
    // By hand: 336, 320 and 352 hours on peak in January (one holiday), February and March.
    expect(weights).toEqual([336, 320, 352]);
    expect(price(result, '2026-02-01')).toBeCloseTo((60 * 1008 - 75 * 336) / 672, 10);
  });

  test('contracts that only overlap leave prices open: the levelled ones, and said so', () => {
    const result = bootstrapMonths(
      [
        contract('Jan+Feb', '2026-01-01', '2026-03-01', 50),
        contract('Feb+Mar', '2026-02-01', '2026-04-01', 50),
      ],
      days,
    );
    expect(result.map((found) => found.determined)).toEqual([false, false, false]);
    for (const found of result) expect(found.price).toBeCloseTo(50, 12);
  });

  test('a gap no contract covers has no months', () => {
    const result = bootstrapMonths([month(2026, 1, 50), month(2026, 4, 40)], days);
    expect(result.map((found) => found.month)).toEqual(['2026-01-01', '2026-04-01']);
    expect(result.map((found) => found.price)).toEqual([50, 40]);
  });

  test('every quote comes back, whatever the order in which they are given', () => {
    const parts = fc.array(
      fc.record({
        months: fc.integer({ min: 1, max: 6 }),
        price: fc.double({ min: -50, max: 300, noNaN: true }),
      }),
      { minLength: 2, maxLength: 12 },
    );
    fc.assert(
      fc.property(parts, fc.double({ min: -20, max: 20, noNaN: true }), (given, other) => {
        const pieces = chain('2026-01-01', given);
        // All but the last, and a contract over everything that fixes the last.
        const whole = contract('whole', pieces[0]!.from, pieces.at(-1)!.to, other);
        const quotes = [...pieces.slice(0, -1), whole];
        const result = bootstrapMonths(quotes, days);
        const again = bootstrapMonths(quotes.toReversed(), days);
        expect(again).toEqual(result);
        for (const quote of quotes) {
          const inside = result.filter((found) => found.month >= quote.from && found.month < quote.to);
          const weights = inside.map((found) => days(found.month, nextMonth(found.month)));
          const sum = inside.reduce((total, found, index) => total + found.price * weights[index]!, 0);
          expect(sum / days(quote.from, quote.to)).toBeCloseTo(quote.price, 8);
        }
      }),
      { numRuns: 40 },
    );
  });
});

const nextMonth = (date: string): string => {
  const next = new Date(`${date}T00:00:00Z`);
  next.setUTCMonth(next.getUTCMonth() + 1);
  return next.toISOString().slice(0, 10);
};

describe('quotes that do not go together', () => {
  const months = [month(2026, 1, 50), month(2026, 2, 48), month(2026, 3, 46)];
  const implied = (50 * 31 + 48 * 28 + 46 * 31) / 90;
  const quarter = (at: number) => contract('Q1-26', '2026-01-01', '2026-04-01', at);

  test('a redundant quote is named with those it follows from', () => {
    expect(() => bootstrapMonths([quarter(implied), ...months], days)).toThrow(
      expect.objectContaining({
        code: 'contract_redundant',
        message: '"Q1-26" follows from "2026-01", "2026-02", "2026-03": it says nothing new',
        place: { field: 'contracts[0]' },
      }),
    );
  });

  test('where redundancy is allowed it changes nothing', () => {
    const with_it = bootstrapMonths([...months, quarter(implied)], days, { allow_redundant: true });
    expect(with_it).toEqual(bootstrapMonths(months, days));
  });

  test.each([true, false])(
    'a conflicting one is refused with what the others make it (allow_redundant %s)',
    (allow_redundant) => {
      expect(() =>
        bootstrapMonths([...months, quarter(48.5)], days, { allow_redundant, field: 'quotes' }),
      ).toThrow(
        expect.objectContaining({
          code: 'contract_conflict',
          message: '"Q1-26" is quoted 48.5, but "2026-01", "2026-02", "2026-03" make it 48',
          place: { field: 'quotes[3]' },
        }),
      );
    },
  );

  test('the same contract twice is one of the two', () => {
    expect(() => bootstrapMonths([month(2026, 1, 50), month(2026, 1, 50)], days)).toThrow(
      expect.objectContaining({ code: 'contract_redundant' }),
    );
    expect(() => bootstrapMonths([month(2026, 1, 50), month(2026, 1, 51)], days)).toThrow(
      expect.objectContaining({ code: 'contract_conflict' }),
    );
  });

  test('a difference of strips is found too: the year less a quarter', () => {
    const quotes = [
      contract('Cal-26', '2026-01-01', '2027-01-01', 50),
      contract('Q1-26', '2026-01-01', '2026-04-01', 60),
      contract('Apr-Dec', '2026-04-01', '2027-01-01', 40),
    ];
    expect(() => bootstrapMonths(quotes, days)).toThrow(
      /"Cal-26" is quoted 50, but "Q1-26", "Apr-Dec" make it 44\.9/,
    );
  });

  test.each([
    [[], 'contracts_empty', 'contracts'],
    [[contract('x', '2026-02-01', '2026-02-01', 1)], 'contract_period_reversed', 'contracts[0].to'],
    [
      [month(2026, 1, 1), contract('x', '2026-02-01', '2026-03-01', Number.NaN)],
      'contract_price_impossible',
      'contracts[1].price',
    ],
    [[contract('x', '2026-02-30', '2026-03-01', 1)], 'date_impossible', 'contracts[0].from'],
    [[contract('x', '2026-02-03', '2026-03-01', 1)], 'contract_not_of_months', 'contracts[0]'],
  ])('%o: %s', (quotes, code, field) => {
    expect(() => bootstrapMonths(quotes, days)).toThrow(expect.objectContaining({ code, place: { field } }));
  });

  test('a block without hours in the contract is refused', () => {
    expect(() => bootstrapMonths(months, () => 0)).toThrow(
      expect.objectContaining({ code: 'contract_without_hours', place: { field: 'contracts[0]' } }),
    );
  });
});
