import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Compounding,
  type DayCount,
  type Discounting,
  discountFactor,
  yearFraction,
} from '#lib/domain/discounting.ts';

const flat = (
  rate: number,
  compounding: Compounding = 'annual',
  day_count: DayCount = 'ACT/365F',
): Discounting => ({
  kind: 'flat',
  rate,
  compounding,
  day_count,
});
const curve = (
  points: readonly { date: string; rate: number }[],
  more: { asof?: string; extrapolation?: 'refused' | 'flat_forward'; compounding?: Compounding } = {},
): Discounting => ({ kind: 'curve', points, compounding: 'continuous', day_count: 'ACT/365F', ...more });

describe('flat rate', () => {
  // 2025-01-01 to 2027-01-01 is two years of 365 days.
  test.each([
    ['annual', 1.06 ** -2],
    ['semiannual', 1.03 ** -4],
    ['quarterly', 1.015 ** -8],
    ['monthly', 1.005 ** -24],
    ['continuous', Math.exp(-0.12)],
    ['simple', 1 / 1.12],
  ] as const)('6 %% %s over two years', (compounding, expected) => {
    expect(discountFactor(flat(0.06, compounding), '2025-01-01', '2027-01-01')).toBeCloseTo(expected, 14);
  });

  test('one on the day itself, above one for a negative rate', () => {
    expect(discountFactor(flat(0.06), '2026-05-05', '2026-05-05')).toBe(1);
    expect(discountFactor(flat(-0.01), '2025-01-01', '2026-01-01')).toBeCloseTo(1 / 0.99, 14);
  });

  test('two spans multiply to one', () => {
    const day = fc
      .integer({ min: 0, max: 4000 })
      .map((day) => new Date(Date.UTC(2025, 0, 1 + day)).toISOString().slice(0, 10));
    fc.assert(
      fc.property(day, day, day, (...dates) => {
        const [a, b, c] = dates.sort() as [string, string, string];
        const factor = (from: string, to: string) => discountFactor(flat(0.05, 'continuous'), from, to);
        expect(factor(a, b) * factor(b, c)).toBeCloseTo(factor(a, c), 13);
      }),
    );
  });
});

describe('day counts', () => {
  test.each([
    // ISDA, "EMU and market conventions: recent developments" (1998), first example.
    ['ACT/ACT ISDA', '2003-11-01', '2004-05-01', 61 / 365 + 121 / 366],
    ['ACT/ACT ISDA', '1999-02-01', '1999-07-01', 150 / 365],
    ['ACT/ACT ISDA', '2023-06-30', '2026-06-30', 185 / 365 + 2 + 180 / 365],
    ['ACT/365F', '2024-01-01', '2025-01-01', 366 / 365],
    ['ACT/360', '2025-01-01', '2026-01-01', 365 / 360],
    ['30/360', '2007-01-15', '2007-07-15', 0.5],
    ['30/360', '2007-01-31', '2007-03-31', 60 / 360],
    ['30/360', '2007-02-28', '2007-03-31', 33 / 360],
    ['30/360', '2007-01-31', '2007-02-28', 28 / 360],
  ] as const)('%s from %s to %s', (day_count, from, to, expected) => {
    expect(yearFraction(day_count, from, to)).toBeCloseTo(expected, 15);
  });
});

describe('curve of zero rates', () => {
  const points = [
    { date: '2026-01-01', rate: 0.03 },
    { date: '2027-01-01', rate: 0.04 },
  ];

  test('on its points it is the rate, between them the forward rate is constant', () => {
    const factor = (to: string) => discountFactor(curve(points), '2025-01-01', to);
    expect(factor('2026-01-01')).toBeCloseTo(Math.exp(-0.03), 14);
    expect(factor('2027-01-01')).toBeCloseTo(Math.exp(-0.08), 14);
    // Half a year in, 182 of 365 days: the logarithm runs from -0.03 to -0.08.
    expect(Math.log(factor('2026-07-02'))).toBeCloseTo(-0.03 - 0.05 * (182 / 365), 14);
    expect(Math.log(factor('2025-03-01'))).toBeCloseTo(-0.03 * (59 / 365), 14);
  });

  test('one point is a flat rate, as far as it reaches', () => {
    const point = curve([{ date: '2030-01-01', rate: 0.05 }]);
    expect(discountFactor(point, '2025-01-01', '2027-06-01')).toBeCloseTo(
      discountFactor(flat(0.05, 'continuous'), '2025-01-01', '2027-06-01'),
      14,
    );
  });

  test('the order of its points does not show', () => {
    const factor = (given: typeof points) => discountFactor(curve(given), '2025-01-01', '2026-05-05');
    expect(factor(points.toReversed())).toBe(factor(points));
  });

  test('with an as-of day of its own it is the forward factor between two days', () => {
    const dated = curve(points, { asof: '2025-01-01' });
    expect(discountFactor(dated, '2026-01-01', '2027-01-01')).toBeCloseTo(Math.exp(-0.05), 14);
    expect(discountFactor(dated, '2026-01-01', '2026-01-01')).toBe(1);
  });

  test('beyond the last point it refuses, or goes on with the last forward rate where that is said', () => {
    expect(() => discountFactor(curve(points), '2025-01-01', '2028-01-01', 'terms.discounting')).toThrow(
      expect.objectContaining({
        code: 'discount_curve_too_short',
        place: { field: 'terms.discounting.points' },
      }),
    );
    const further = curve(points, { extrapolation: 'flat_forward' });
    expect(Math.log(discountFactor(further, '2025-01-01', '2028-01-01'))).toBeCloseTo(-0.13, 14);
  });
});

describe('what is refused', () => {
  const from = '2025-01-01';
  test.each([
    [flat(0.05), '2024-12-31', 'discount_period_reversed', 'discounting'],
    [flat(-1), '2027-01-01', 'rate_impossible', 'discounting.rate'],
    [flat(Number.NaN), '2027-01-01', 'rate_impossible', 'discounting.rate'],
    [flat(Number.POSITIVE_INFINITY, 'simple'), '2027-01-01', 'rate_impossible', 'discounting.rate'],
    [flat(-0.6, 'simple'), '2027-01-01', 'rate_impossible', 'discounting.rate'],
    [flat(0.05), 'never', 'date_impossible', 'to'],
    [curve([]), '2027-01-01', 'discount_curve_empty', 'discounting.points'],
    [
      curve([{ date: from, rate: 0.05 }]),
      '2027-01-01',
      'discount_curve_point_past',
      'discounting.points.0.date',
    ],
    [
      curve([
        { date: '2026-01-01', rate: 0.05 },
        { date: '2026-01-01', rate: 0.06 },
      ]),
      '2026-01-01',
      'discount_curve_duplicate',
      'discounting.points',
    ],
    [
      curve([{ date: '2026-01-01', rate: Number.NaN }]),
      '2026-01-01',
      'rate_impossible',
      'discounting.points.0.rate',
    ],
    [
      curve([{ date: '2026-02-31', rate: 0.05 }]),
      '2026-01-01',
      'date_impossible',
      'discounting.points.0.date',
    ],
  ])('%o until %s: %s', (discounting, to, code, field) => {
    expect(() => discountFactor(discounting, from, to)).toThrow(
      expect.objectContaining({ code, place: { field } }),
    );
  });
});
