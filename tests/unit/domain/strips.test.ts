import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hoursOfCurve } from '#lib/domain/calendar/curve-hours.ts';
import { monthHours } from '#lib/domain/calendar/market-calendar.ts';
import { deriveStrips, hourWeighted, stableSum } from '#lib/domain/strips.ts';
import { OTC_SEASONS } from '#lib/domain/tenor.ts';
import { months } from '#tests/fixtures/rows.ts';

const byLabel = (strips: ReturnType<typeof deriveStrips>) =>
  new Map(strips.map((strip) => [strip.tenor_label, strip]));

test('a running calendar year is the mean of its months from the as-of month on', () => {
  const strips = byLabel(deriveStrips(months('2025-09-01', [10, 20, 30, 40]), OTC_SEASONS));
  expect(strips.get('Calendar 2025')).toMatchObject({
    value: 25,
    mid: 25,
    bid: 24.75,
    ask: 25.25,
    contract_month: '2025-01-01',
    strip_source: 'derived',
  });
  expect(strips.get('Calendar 2025')?.source_cells).toEqual([
    'Fixed Prices - Mid!C12',
    'Fixed Prices - Mid!C13',
    'Fixed Prices - Mid!C14',
    'Fixed Prices - Mid!C15',
  ]);
});

test('a winter ends in its year and begins in November before it', () => {
  const strips = byLabel(deriveStrips(months('2025-09-01', [1, 1, 10, 20, 30, 40, 50]), OTC_SEASONS));
  expect(strips.get('Winter 2026')).toMatchObject({
    value: 30,
    contract_month: '2025-11-01',
    tenor_type: 'SEASON',
  });
});

test('a quarter is three months, and a strip with a month missing is not derived', () => {
  const strips = byLabel(deriveStrips(months('2025-09-01', [7, 10, 20, 60]), OTC_SEASONS));
  expect(strips.get('Q4 2025')).toMatchObject({
    value: 30,
    tenor_type: 'QUARTER',
    contract_month: '2025-10-01',
  });
  expect(strips.get('Q3 2025')).toMatchObject({ value: 7 });
  expect(strips.has('Q1 2026')).toBe(false);
  expect(strips.has('Calendar 2026')).toBe(false);
});

test('a plain mean says that it is one, and that each month counts the same', () => {
  const strips = byLabel(deriveStrips(months('2026-01-01', [60, 54, 42]), OTC_SEASONS));
  expect(strips.get('Q1 2026')).toMatchObject({
    value: 52,
    strip_rule: 'plain_mean',
    rule: 'plain mean of its months from the as-of month on',
    weights: [1, 1, 1],
  });
});

test('weighted by hours of the block: 336, 320 and 352 on peak in PJM', () => {
  const rows = months('2026-01-01', [60, 54, 42]);
  const { calendar, block } = hoursOfCurve(rows[0]!)!;
  const weighting = hourWeighted(
    (month) => monthHours(calendar, block, month),
    `${block} of ${calendar.name}`,
  );
  const strips = byLabel(deriveStrips(rows, OTC_SEASONS, weighting));
  expect(strips.get('Q1 2026')).toMatchObject({
    value: (60 * 336 + 54 * 320 + 42 * 352) / 1008,
    bid: (59.75 * 336 + 53.75 * 320 + 41.75 * 352) / 1008,
    strip_rule: 'hour_weighted',
    rule: 'mean of its months from the as-of month on, weighted by their hours of delivery (ON_PEAK of PJM)',
    weights: [336, 320, 352],
  });
});

test.each([
  ['an allowance', { asset_class: 'carbon', iso: null, region: 'EU', block: null }],
  ['a block that its market does not have', { block: '5x77' }],
  ['a region that no calendar is of', { asset_class: 'power', iso: null, region: 'Atlantis' }],
])('%s has no hours of delivery', (_, part) => {
  expect(hoursOfCurve({ ...months('2026-01-01', [1])[0]!, ...part })).toBeUndefined();
});

test('gas without a block is delivered in every hour of its days', () => {
  const gas = { asset_class: 'gas', iso: null, region: 'UK', location: 'NBP', block: null };
  const hours = hoursOfCurve(gas)!;
  expect([hours.calendar.name, hours.block]).toEqual(['GAS_UK', 'ATC']);
});

test('one side missing in a month leaves that side of the strip empty and keeps the mid', () => {
  const [first, ...rest] = months('2025-10-01', [10, 20, 30], { asof_date: '2025-10-03' });
  const strips = byLabel(deriveStrips([{ ...first!, bid: null }, ...rest], OTC_SEASONS));
  expect(strips.get('Q4 2025')).toMatchObject({ mid: 20, bid: null, ask: 20.25 });
});

test('the order of the months does not show in a strip', () => {
  const prices = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(prices, (values) => {
      const rows = months('2026-01-01', values, { asof_date: '2025-12-30' });
      const forward = byLabel(deriveStrips(rows, OTC_SEASONS)).get('Calendar 2026')!.value;
      const backward = byLabel(deriveStrips([...rows].reverse(), OTC_SEASONS)).get('Calendar 2026')!.value;
      expect(Math.abs(forward - backward)).toBeLessThanOrEqual(1e-9);
    }),
  );
});

test('the compensated sum keeps what a plain sum loses', () => {
  expect(stableSum([1, 1e100, 1, -1e100])).toBe(2);
});
