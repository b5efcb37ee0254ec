import { describe, expect, test } from 'vitest';
import { calendarOf } from '#lib/domain/calendar/calendar-of.ts';
import { samplePw } from '#lib/samples/pw.ts';

const curve = (asset_class: string, iso: string | null, region: string | null = null) => ({
  asset_class,
  iso,
  region,
  location: null,
});

describe('calendar of a curve', () => {
  test.each([
    [curve('power', 'PJM'), 'PJM'],
    [curve('power', 'ISO-NE'), 'ISONE'],
    [curve('power', 'IESO'), 'IESO'],
    [curve('power', null, 'EU'), 'EEX'],
    [curve('power', null, 'EE'), 'EEX'],
    [curve('power', null, 'UK'), 'UK'],
    [curve('gas', null, 'EU'), 'GAS_EU'],
    [curve('gas', null, 'UK'), 'GAS_UK'],
    [curve('gas', null, 'US'), 'GAS_US'],
    [curve('gas', 'CAISO'), 'GAS_US'],
  ])('%o: %s', (of, name) => {
    expect(calendarOf(of).name).toBe(name);
  });

  test('every ISO of the generated North American workbook has one', () => {
    const sheet = samplePw({ asof_date: '2025-09-12', seed: 1 })[0]!;
    const isos = sheet.rows.find(({ row }) => row === 6)!.cells.filter(({ column }) => column > 2);
    expect(isos.length).toBeGreaterThan(10);
    for (const { value } of isos) expect(() => calendarOf(curve('power', String(value)))).not.toThrow();
  });

  test.each([
    curve('carbon', null, 'EU'),
    curve('fuel', null, 'US'),
    curve('power', null, 'AP'),
    curve('renewable', 'PJM'),
  ])('without hours of delivery, refused by name: %o', (of) => {
    expect(() => calendarOf(of, 'contract.curve')).toThrow(
      expect.objectContaining({ code: 'calendar_unknown', place: { field: 'contract.curve' } }),
    );
  });
});
