/** The change of a curve and its parts: they sum for any curve, and each takes what is its own. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DIFF_PARTS, explainChange, type QuotedPoint } from '#lib/domain/curve-diff.ts';
import { addMonths } from '#lib/domain/tenor.ts';

const month = (contract_month: string, value: number): QuotedPoint => ({
  tenor_type: 'MONTHLY',
  contract_month,
  tenor_label: contract_month.slice(0, 7),
  price_type: 'Mid',
  value,
});

/** Months from a first one on. */
const months = (first: string, values: readonly number[]) =>
  values.map((value, index) => month(addMonths(first, index), value));

const DAY = '2025-09-12';
/** Four years with a season of its own, level from year to year. */
const SEASONAL = Array.from({ length: 48 }, (_, index) => 50 + 20 * Math.cos((index * Math.PI) / 6));
const quoted = (values: readonly number[], asof_date = DAY, first = '2025-10-01') => ({
  asof_date,
  points: months(first, values),
});
const sumOf = (parts: Readonly<Record<string, number>>) =>
  Object.values(parts).reduce((sum, part) => sum + part, 0);

describe('each part takes what is its own', () => {
  test('a shift of all months is parallel', () => {
    const { fit, tenors, totals } = explainChange(
      quoted(SEASONAL),
      quoted(SEASONAL.map((value) => value + 1.5)),
    );
    expect(fit).toMatchObject({ parallel: expect.closeTo(1.5, 9), slope_per_year: expect.closeTo(0, 9) });
    expect(totals.parts).toMatchObject({ parallel: expect.closeTo(72, 9), spike: 0, new: 0, dropped: 0 });
    expect(tenors.every(({ parts }) => Math.abs(parts.parallel - 1.5) < 1e-9)).toBe(true);
  });

  test('a tilt is slope, and its pivot is the median month', () => {
    const { fit, tenors } = explainChange(
      quoted(SEASONAL),
      quoted(SEASONAL.map((value, index) => value + 0.1 * (index - 23.5))),
    );
    expect(fit!.slope_per_year).toBeCloseTo(1.2, 1);
    expect(Math.abs(fit!.parallel)).toBeLessThan(0.02);
    expect(tenors[0]!.parts.slope).toBeCloseTo(-2.35, 1);
    expect(tenors[47]!.parts.slope).toBeCloseTo(2.35, 1);
    expect(tenors.filter(({ parts }) => parts.spike !== 0)).toEqual([]);
  });

  test('one month that jumps is a spike and tilts nothing', () => {
    const jumped = SEASONAL.map((value, index) => value + (index === 4 ? 30 : 0.5));
    const { fit, tenors, totals } = explainChange(quoted(SEASONAL), quoted(jumped));
    expect(fit).toMatchObject({ parallel: expect.closeTo(0.5, 9), slope_per_year: expect.closeTo(0, 9) });
    expect(totals.spikes).toBe(1);
    expect(tenors[4]).toMatchObject({
      contract_month: '2026-02-01',
      parts: { spike: expect.closeTo(29.5, 9), rest: 0 },
    });
  });

  test('noise is rest', () => {
    const noisy = SEASONAL.map((value, index) => value + [0.1, -0.1, 0.05, -0.05, 0][index % 5]!);
    const { totals, tenors } = explainChange(quoted(SEASONAL), quoted(noisy));
    expect(totals.spikes).toBe(0);
    expect(Math.max(...tenors.map(({ parts }) => Math.abs(parts.rest)))).toBeGreaterThan(0.05);
  });

  test('roll is the slide along the same month of other years, not into another season', () => {
    const rising = SEASONAL.map((value, index) => value + index / 12);
    const { tenors, fit } = explainChange(quoted(rising), quoted(rising, '2025-10-12'));
    const years = 30 / 365.25;
    for (const { parts, change } of tenors) {
      expect(change).toBe(0);
      expect(parts.roll).toBeCloseTo(-years, 3);
    }
    expect(fit!.parallel).toBeCloseTo(years, 3);
  });

  test('two versions of one day have no roll', () => {
    const rising = SEASONAL.map((value, index) => value + index);
    const { totals } = explainChange(quoted(rising), quoted(rising.map((value) => value * 1.01)));
    expect(totals.parts.roll).toBe(0);
  });

  test('strips are explained by the fit of the months', () => {
    const year = (value: number): QuotedPoint => ({
      ...month('2026-01-01', value),
      tenor_type: 'CALENDAR',
      tenor_label: 'Calendar 2026',
    });
    const a = { asof_date: DAY, points: [...months('2025-10-01', SEASONAL), year(50)] };
    const b = {
      asof_date: DAY,
      points: [
        ...months(
          '2025-10-01',
          SEASONAL.map((value) => value + 2),
        ),
        year(60),
      ],
    };
    const strip = explainChange(a, b).tenors.find(({ tenor_type }) => tenor_type === 'CALENDAR');
    expect(strip?.parts).toMatchObject({ parallel: expect.closeTo(2, 9), spike: expect.closeTo(8, 9) });
  });
});

test('new and dropped tenors are told apart and count as their price', () => {
  const a = quoted([40, 41, 42], '2025-09-12', '2025-10-01');
  const b = quoted([41, 42, 43], '2025-10-01', '2025-11-01');
  const { totals, tenors } = explainChange(a, b);
  expect(
    tenors.map(({ contract_month, status, a, b, change }) => [contract_month, status, a, b, change]),
  ).toEqual([
    ['2025-10-01', 'dropped', 40, null, -40],
    ['2025-11-01', 'changed', 41, 41, 0],
    ['2025-12-01', 'changed', 42, 42, 0],
    ['2026-01-01', 'new', null, 43, 43],
  ]);
  expect(totals).toMatchObject({ tenors: 4, shared: 2, new: 1, dropped: 1, change: 3 });
});

test('nothing against something is all new, and the fit is null', () => {
  const { fit, totals } = explainChange(quoted([]), quoted([1, 2, 3]));
  expect(fit).toBeNull();
  expect(totals).toMatchObject({ new: 3, shared: 0, change: 6 });
});

test('a side is compared with the same side only', () => {
  const asked = months('2025-10-01', [5]).map((point) => ({ ...point, price_type: 'Ask' as const }));
  const { tenors } = explainChange(quoted([4]), { asof_date: DAY, points: asked });
  expect(tenors.map(({ status }) => status)).toEqual(['new', 'dropped']);
});

const price = fc.oneof(
  fc.double({ min: -500, max: 5_000, noNaN: true }),
  fc.integer({ min: -2_000, max: 40_000 }).map((cents) => cents / 100),
);
const tenorType = fc.constantFrom('MONTHLY', 'CALENDAR', 'SEASON', 'QUARTER');
const point = fc
  .record({ tenor_type: tenorType, index: fc.integer({ min: -3, max: 140 }), value: price })
  .map(
    ({ tenor_type, index, value }): QuotedPoint => ({
      ...month(addMonths('2025-09-01', index), value),
      tenor_type,
    }),
  );
const quotation = fc.record({
  asof_date: fc
    .integer({ min: 0, max: 500 })
    .map((day) => new Date(Date.UTC(2025, 5, 1 + day)).toISOString().slice(0, 10)),
  points: fc.uniqueArray(point, {
    maxLength: 60,
    selector: ({ tenor_type, contract_month }) => tenor_type + contract_month,
  }),
});

test('for any two curves the parts sum to the change, of every tenor and of the curve', () => {
  const property = fc.property(quotation, quotation, (a, b) => {
    const { tenors, totals } = explainChange(a, b);
    for (const tenor of tenors) {
      expect(Object.keys(tenor.parts)).toEqual([...DIFF_PARTS]);
      expect(tenor.change).toBe((tenor.b ?? 0) - (tenor.a ?? 0));
      expect(Math.abs(sumOf(tenor.parts) - tenor.change)).toBeLessThan(1e-9);
    }
    expect(Math.abs(sumOf(totals.parts) - totals.change)).toBeLessThan(1e-9);
    const value = (points: readonly QuotedPoint[]) => points.reduce((sum, { value }) => sum + value, 0);
    expect(Math.abs(value(b.points) - value(a.points) - totals.change)).toBeLessThan(1e-8);
    expect(totals.shared + totals.new).toBe(b.points.length);
    expect(totals.shared + totals.dropped).toBe(a.points.length);
  });
  fc.assert(property, { numRuns: 500 });
});

test('the order of the points does not show', () => {
  const property = fc.property(quotation, quotation, (a, b) => {
    const turned = (one: typeof a) => ({ ...one, points: one.points.toReversed() });
    expect(explainChange(turned(a), turned(b))).toEqual(explainChange(a, b));
  });
  fc.assert(property, { numRuns: 100 });
});
