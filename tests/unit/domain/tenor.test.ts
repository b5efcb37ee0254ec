import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tenor } from '#lib/domain/curve.ts';
import {
  addMonths,
  coveredMonths,
  deliveryMonths,
  monthsBetween,
  monthTenor,
  OTC_SEASONS,
  parseTenor,
} from '#lib/domain/tenor.ts';

const ASOF = '2025-09-12';
const parse = (text: string, asof = ASOF) => parseTenor(text, asof, OTC_SEASONS);
const period = (tenor: Tenor | undefined) => {
  const months = deliveryMonths(tenor!, OTC_SEASONS);
  return [tenor!.tenor_type, tenor!.contract_month, months[0], months.at(-1), months.length];
};

describe('a tenor text', () => {
  it.each([
    ['Calendar 2027', 'CALENDAR', '2027-01-01', '2027-12-01', 12],
    ['calendar 2025', 'CALENDAR', '2025-01-01', '2025-12-01', 12],
    ['Cal 27', 'CALENDAR', '2027-01-01', '2027-12-01', 12],
    ['Cal-27', 'CALENDAR', '2027-01-01', '2027-12-01', 12],
    ['CAL 2027', 'CALENDAR', '2027-01-01', '2027-12-01', 12],
    ['Summer 2026', 'SEASON', '2026-04-01', '2026-10-01', 7],
    ['Winter 2026', 'SEASON', '2025-11-01', '2026-03-01', 5],
    ['Winter 2025-2026', 'SEASON', '2025-11-01', '2026-03-01', 5],
    ['Winter 25/26', 'SEASON', '2025-11-01', '2026-03-01', 5],
    ['Q3 2026', 'QUARTER', '2026-07-01', '2026-09-01', 3],
    ['3Q26', 'QUARTER', '2026-07-01', '2026-09-01', 3],
    ['Q1-26', 'QUARTER', '2026-01-01', '2026-03-01', 3],
    ['H1 2026', 'SEASON', '2026-01-01', '2026-06-01', 6],
    ['H2 2026', 'SEASON', '2026-07-01', '2026-12-01', 6],
    ['Bal 2025', 'CALENDAR', '2025-09-01', '2025-12-01', 4],
    ['Sep-25', 'MONTHLY', '2025-09-01', '2025-09-01', 1],
    ['Sep 2025', 'MONTHLY', '2025-09-01', '2025-09-01', 1],
    ['december 2026', 'MONTHLY', '2026-12-01', '2026-12-01', 1],
    ['  Calendar 2027\u00a0', 'CALENDAR', '2027-01-01', '2027-12-01', 12],
  ])('%j names its period', (text, type, first, last, count) => {
    expect(period(parse(text))).toEqual([type, first, first, last, count]);
    expect(parse(text)!.tenor_label).toBe(type === 'MONTHLY' ? first.slice(0, 7) : text.trim());
  });

  it.each([
    '',
    'Calendar',
    'Calendar 1999',
    'Calendar 20270',
    'Kal 27',
    'Winter 2025-2027',
    'Winter 2026-2025',
    'Winter',
    'Spring 2026',
    'Q5 2026',
    'Q0 2026',
    'Q 2026',
    '5Q26',
    'H3 2026',
    'Bal 2026',
    'Bal Month',
    'BOM',
    'Prompt',
    'Mid',
    'Total',
    'Foo 2026',
    '13-25',
    'Mai 2025',
    '2025',
    '2025-09-01',
    '09/2025',
    'Calendar 2027 Calendar 2028',
    `Calendar ${' '.repeat(1_000_000)}2027`,
  ])('%j is not understood, never a month', (text) => {
    expect(parse(text)).toBeUndefined();
  });

  it('has the seasons the vendor says it has', () => {
    const gasYear = { summer: { firstMonth: 4, months: 6 }, winter: { firstMonth: 10, months: 6 } };
    const winter = parseTenor('Winter 2026', ASOF, gasYear)!;
    expect(deliveryMonths(winter, gasYear)).toEqual(
      ['2025-10', '2025-11', '2025-12', '2026-01', '2026-02', '2026-03'].map((month) => `${month}-01`),
    );
  });

  it('the balance of the year is understood in its year alone', () => {
    expect(parse('Bal 2025', '2025-12-31')!.contract_month).toBe('2025-12-01');
    expect(parse('Bal 2025', '2025-01-02')!.contract_month).toBe('2025-01-01');
    expect(parse('Bal 2025', '2026-01-02')).toBeUndefined();
  });
});

describe('a strip that already runs', () => {
  it('covers the months from the as-of month on, which counts whole', () => {
    expect(coveredMonths(parse('Calendar 2025')!, ASOF, OTC_SEASONS)).toEqual([
      '2025-09-01',
      '2025-10-01',
      '2025-11-01',
      '2025-12-01',
    ]);
    expect(coveredMonths(parse('Summer 2025')!, ASOF, OTC_SEASONS)).toEqual(['2025-09-01', '2025-10-01']);
    expect(coveredMonths(parse('Winter 2026')!, ASOF, OTC_SEASONS)).toHaveLength(5);
    expect(coveredMonths(parse('Calendar 2024')!, ASOF, OTC_SEASONS)).toEqual([]);
  });

  it('keeps its nominal first month', () => {
    expect(parse('Calendar 2025')!.contract_month).toBe('2025-01-01');
  });
});

const year = fc.integer({ min: 2000, max: 2198 });
const asof = fc.date({ min: new Date('2000-01-01'), max: new Date('2150-12-31'), noInvalidDate: true });
const label = fc.oneof(
  year.map((y) => `Calendar ${y}`),
  year.map((y) => `Summer ${y}`),
  year.map((y) => `Winter ${y + 1}`),
  year.map((y) => `Winter ${y}-${y + 1}`),
  fc.tuple(year, fc.integer({ min: 1, max: 4 })).map(([y, q]) => `Q${q} ${y}`),
  fc.tuple(year, fc.integer({ min: 1, max: 2 })).map(([y, h]) => `H${h} ${y}`),
);

describe('every tenor', () => {
  it('names consecutive months from its contract month, and covers the tail of them', () => {
    fc.assert(
      fc.property(label, asof, (text, when) => {
        const asof_date = when.toISOString().slice(0, 10);
        const tenor = parse(text, asof_date)!;
        const months = deliveryMonths(tenor, OTC_SEASONS);
        expect(months[0]).toBe(tenor.contract_month);
        months.forEach((month, offset) => {
          expect(month).toBe(addMonths(tenor.contract_month, offset));
        });
        const covered = coveredMonths(tenor, asof_date, OTC_SEASONS);
        expect(covered).toEqual(months.slice(months.length - covered.length));
        for (const month of covered) expect(monthsBetween(asof_date, month)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('gives the same months again from what is stored of it', () => {
    fc.assert(
      fc.property(label, (text) => {
        const { tenor_type, contract_month, tenor_label } = parse(text)!;
        const stored: Tenor = { tenor_type, contract_month, tenor_label };
        expect(deliveryMonths(stored, OTC_SEASONS)).toEqual(deliveryMonths(parse(tenor_label)!, OTC_SEASONS));
      }),
    );
  });

  it('four quarters, two halves and twelve months make the calendar', () => {
    fc.assert(
      fc.property(year, (y) => {
        const months = (text: string) => deliveryMonths(parse(text)!, OTC_SEASONS);
        const calendar = months(`Calendar ${y}`);
        expect([1, 2, 3, 4].flatMap((q) => months(`Q${q} ${y}`))).toEqual(calendar);
        expect([1, 2].flatMap((h) => months(`H${h} ${y}`))).toEqual(calendar);
        expect(calendar.flatMap((month) => deliveryMonths(monthTenor(month), OTC_SEASONS))).toEqual(calendar);
        expect(months(`Summer ${y}`).some((month) => months(`Winter ${y}`).includes(month))).toBe(false);
      }),
    );
  });

  it('and any other text is refused without an exception', () => {
    fc.assert(fc.property(fc.string(), (text) => void parse(text)));
  });
});
