import { describe, expect, test } from 'vitest';
import { dayNumber, weekdayOf } from '#lib/domain/calendar/days.ts';
import { marketCalendar, monthHours } from '#lib/domain/calendar/market-calendar.ts';
import { curveKey } from '#lib/domain/curve.ts';
import type { Reader } from '#lib/flows/query-curves.ts';
import { type ShapePorts, shapeCurve } from '#lib/flows/shape-curve.ts';
import type { CurveQueries } from '#lib/ports/curve-queries.ts';
import type { Tables } from '#lib/ports/tables.ts';
import { adapters } from '#lib/vendors/registry.gen.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { type ShapeRow, shapeQuery } from '#schemas/shape.ts';
import { slicedNaively } from '#tests/contract/curve-queries/oracle.ts';
import { release } from '#tests/fixtures/release.ts';
import { months, row } from '#tests/fixtures/rows.ts';

const VERSION = '20250912-0000000000000001';
const STAFF: Reader = { entitlements: 'all' };

function portsWith(rows: readonly CurveObservation[]): ShapePorts {
  const { source_file } = rows[0]!;
  const one = release({ version: VERSION, vendor: 'pw', source_file });
  const queries: Pick<CurveQueries, 'slice'> = { slice: async (query) => slicedNaively(query, () => rows) };
  return {
    tables: { releases: async () => [one] } as unknown as Tables,
    queries: queries as CurveQueries,
    vendors: adapters,
  };
}

const shape = (rows: readonly CurveObservation[], query: Record<string, string> = {}, caller = STAFF) =>
  shapeCurve(shapeQuery.parse(query), portsWith(rows), caller);

const strip = (
  tenor_type: 'QUARTER' | 'CALENDAR' | 'SEASON',
  contract_month: string,
  tenor_label: string,
  value: number,
) =>
  row({ tenor_type, contract_month, tenor_label, value, source_cell: `Strips - Mid!C${tenor_label.length}` });

/** October to December by months, the first quarter, then a year. */
const QUOTES = [
  ...months('2025-10-01', [40, 44, 52]),
  strip('QUARTER', '2026-01-01', 'Q1 2026', 60),
  strip('QUARTER', '2026-04-01', 'Q2 2026', 41),
];

const mean = (rows: readonly ShapeRow[], weightOf: (row: ShapeRow) => number = () => 1) =>
  rows.reduce((sum, one) => sum + one.price * weightOf(one), 0) /
  rows.reduce((sum, one) => sum + weightOf(one), 0);
const inMonth = (rows: readonly ShapeRow[], month: string) =>
  rows.filter(({ delivery_date }) => delivery_date.startsWith(month));
const byHours = ({ hours }: ShapeRow) => hours!;

describe('the shape of a curve', () => {
  test.each(['DAILY', 'HOURLY'])(
    '%s: months come back by hours, a quarter as the plain mean of its months',
    async (granularity) => {
      const factors = { weekday: '1.02,1.03,1.03,1.02,1,0.9,0.9' };
      const window = granularity === 'HOURLY' ? { from: '2025-10-01', to: '2026-06-30' } : {};
      const { meta, data } = await shape(QUOTES, { granularity, ...factors, ...window });
      expect(meta).toMatchObject({
        calendar: 'PJM',
        block: 'ON_PEAK',
        asof: '2025-09-12',
        rule: 'plain_mean',
      });
      for (const [month, price] of [
        ['2025-10', 40],
        ['2025-11', 44],
        ['2025-12', 52],
      ] as const) {
        expect(mean(inMonth(data, month), byHours)).toBeCloseTo(price, 9);
      }
      const quarter = ['2026-01', '2026-02', '2026-03'].map((month) => mean(inMonth(data, month), byHours));
      expect((quarter[0]! + quarter[1]! + quarter[2]!) / 3).toBeCloseTo(60, 9);
      const hours = monthHours(marketCalendar('PJM'), 'ON_PEAK', '2025-10-01');
      expect(inMonth(data, '2025-10').reduce((sum, one) => sum + byHours(one), 0)).toBe(hours);
    },
  );

  test('by the other rule a quarter is the mean over its hours', async () => {
    const { data } = await shape(QUOTES, { rule: 'hour_weighted' });
    const quarter = data.filter(
      ({ delivery_date }) => delivery_date >= '2026-01' && delivery_date < '2026-04',
    );
    expect(mean(quarter, byHours)).toBeCloseTo(60, 9);
  });

  test('a day without an hour of the block has no row, and every row names the quote that covers it', async () => {
    const { data } = await shape(QUOTES);
    expect(data.some(({ delivery_date }) => weekdayOf(dayNumber(delivery_date)) > 4)).toBe(false);
    expect(data.some(({ delivery_date }) => delivery_date === '2025-12-25')).toBe(false);
    expect(data.find(({ delivery_date }) => delivery_date === '2025-11-03')).toMatchObject({
      tenor_label: '2025-11',
      source_cell: 'Fixed Prices - Mid!C13',
      hours: 16,
    });
    expect(data.find(({ delivery_date }) => delivery_date === '2026-02-02')?.tenor_label).toBe('Q1 2026');
  });

  test('hours of the day follow their factors, named by their start in UTC', async () => {
    const hour = Array.from({ length: 24 }, (_, at) => (at === 17 ? 2 : 1)).join(',');
    const { data } = await shape(QUOTES, {
      granularity: 'HOURLY',
      from: '2025-10-01',
      to: '2025-10-01',
      hour,
    });
    expect(data).toHaveLength(16);
    expect(data[0]?.start).toBe('2025-10-01T11:00:00.000Z');
    const highest = data.reduce((top, one) => (one.price > top.price ? one : top));
    expect(highest.start).toBe('2025-10-01T21:00:00.000Z');
    expect(mean(data)).toBeGreaterThan(0);
  });

  test('by months a quarter is flat, and what overlapping quotes say is solved for where it is asked', async () => {
    const flat = await shape(QUOTES, { granularity: 'MONTHLY' });
    expect(flat.data.map(({ price }) => price)).toEqual([40, 44, 52, 60, 60, 60, 41, 41, 41]);
    const winter = [...QUOTES.slice(0, 3), strip('SEASON', '2025-11-01', 'Winter 2026', 50)];
    const finest = await shape(winter, { granularity: 'MONTHLY' });
    expect(finest.data).toHaveLength(3);
    expect(finest.meta.left_out).toMatchObject([
      { tenor_label: 'Winter 2026', reason: 'overlap', implied: null },
    ]);
    const { data, meta } = await shape(winter, { granularity: 'MONTHLY', quotes: 'independent' });
    expect(meta.left_out).toEqual([]);
    const rest = (5 * 50 - 44 - 52) / 3;
    expect(data.slice(3).map(({ delivery_date }) => delivery_date)).toEqual([
      '2026-01-01',
      '2026-02-01',
      '2026-03-01',
    ]);
    for (const { price, determined } of data.slice(3)) {
      expect(price).toBeCloseTo(rest, 10);
      expect(determined).toBe(true);
    }
  });

  test.each(['finest', 'independent'])(
    '%s: redundant and conflicting quotes are named, with what the others make them',
    async (quotes) => {
      const more = [
        strip('QUARTER', '2025-10-01', 'Q4 2025', 45.33),
        strip('CALENDAR', '2025-01-01', 'Calendar 2025', 45.4),
      ];
      const { meta, data } = await shape([...QUOTES, ...more], { granularity: 'MONTHLY', quotes });
      const left_out = meta.left_out.map(({ tenor_label, reason, implied }) => [
        tenor_label,
        reason,
        implied?.toFixed(4),
      ]);
      // September is not quoted, so the year is not made up by months and quarter: it overlaps, or says September.
      expect(left_out).toContainEqual(['Q4 2025', 'redundant', '45.3333']);
      expect(left_out.some(([label, reason]) => label === 'Calendar 2025' && reason === 'overlap')).toBe(
        quotes === 'finest',
      );
      expect(
        data.filter(({ delivery_date }) => delivery_date >= '2025-10').map(({ price }) => price),
      ).toEqual((await shape(QUOTES, { granularity: 'MONTHLY' })).data.map(({ price }) => price));
    },
  );

  test('a strip that its months contradict is left out as a conflict', async () => {
    const { meta } = await shape([...QUOTES, strip('QUARTER', '2025-10-01', 'Q4 2025', 46)]);
    expect(meta.left_out).toMatchObject([{ tenor_label: 'Q4 2025', reason: 'conflict', price: 46 }]);
    expect(meta.left_out[0]!.implied).toBeCloseTo(136 / 3, 10);
    expect(meta.used).toHaveLength(5);
  });

  test('an allowance is shaped by days, has no hours, and is refused by hours', async () => {
    const identity = {
      asset_class: 'carbon',
      iso: null,
      region: 'EU',
      location: 'EUA',
      market: 'EU ETS',
      block: null,
    };
    const carbon = months('2025-10-01', [70, 71], {
      ...identity,
      curve_key: curveKey({ ...row({}), ...identity }),
    });
    const { meta, data } = await shape(carbon);
    expect(meta.calendar).toBeNull();
    expect(mean(inMonth(data, '2025-10'))).toBeCloseTo(70, 9);
    await expect(shape(carbon, { granularity: 'HOURLY' })).rejects.toMatchObject({
      code: 'curve_without_hours',
    });
  });

  test('another tenant’s curve is as absent as one that is not', async () => {
    const sold = { entitlements: [{ vendor: 'pw', asset_class: 'gas', region: null }] };
    await expect(shape(QUOTES, {}, sold)).rejects.toMatchObject({ code: 'curve_not_found' });
    await expect(shape(QUOTES, { location: 'Nowhere' })).rejects.toMatchObject({ code: 'curve_not_found' });
  });

  test('two curves, and a window of years by hours, are refused with the remedy', async () => {
    const east = months('2025-10-01', [40], { location: 'East', curve_key: 'e'.repeat(64) });
    await expect(shape([...QUOTES, ...east])).rejects.toMatchObject({ code: 'curve_ambiguous' });
    const window = { granularity: 'HOURLY', from: '2025-10-01', to: '2026-10-02' };
    await expect(shape(QUOTES, window)).rejects.toMatchObject({ code: 'window_too_wide' });
  });

  test.each([
    [{ granularity: 'HOURLY', from: '2050-01-01' }, 'from'],
    [{ granularity: 'DAILY', from: '2050-01-01' }, 'from'],
    [{ granularity: 'DAILY', to: '2020-01-31' }, 'to'],
    [{ granularity: 'DAILY', from: '2020-01-01', to: '2020-01-31' }, 'to'],
    [{ granularity: 'MONTHLY', from: '2025-10-05', to: '2025-10-20' }, 'from'],
    // A weekend has no hour on peak.
    [{ granularity: 'HOURLY', from: '2025-10-04', to: '2025-10-05' }, 'from'],
  ])('a window without delivery is refused by its field: %o', async (query, field) => {
    await expect(shape(QUOTES, query)).rejects.toMatchObject({ code: 'window_empty', place: { field } });
  });
});

describe('what is asked of a shape', () => {
  test.each([
    [{ weekday: '1,1,1' }, 'weekday'],
    [{ weekday: '1,1,1,1,1,1,x' }, 'weekday'],
    [{ weekday: '1,1,1,1,1,1,0' }, 'weekday'],
    [{ weekday: '1,1,1,1,1,1,' }, 'weekday'],
    [{ weekday: '1,1,1,1,1,1,1', granularity: 'MONTHLY' }, 'weekday'],
    [{ hour: '1' }, 'hour'],
    [{ from: '2026-02-30' }, 'from'],
    [{ from: '2026-03-01', to: '2026-02-01' }, 'from'],
    [{ granularity: 'WEEKLY' }, 'granularity'],
  ])('%o is refused at %s', (query, field) => {
    const found = shapeQuery.safeParse(query);
    expect(found.error?.issues[0]?.path[0]).toBe(field);
  });
});
