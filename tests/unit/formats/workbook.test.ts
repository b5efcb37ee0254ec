/** A workbook written from rows and read again says the same; of the real workbooks in tests/stack. */
import { describe, expect, it } from 'vitest';
import { workbookOf } from '#lib/formats/workbook.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { differences, read, roundTrip } from './round-trip.ts';

describe.each([
  ['pw', '2025-02-14'],
  ['pw', '2025-09-12'],
  ['eugp', '2025-02-14'],
  ['rp', '2025-09-12'],
])('a workbook of %s of %s', (vendor, asof_date) => {
  it('says the same after a round trip, its columns in their order', async () => {
    const { file, bytes } = await sampleFile(vendor, asof_date);
    const before = await read(file, bytes);
    const after = await roundTrip(file, before.rows, vendor);
    expect(after.vendor).toBe(vendor);
    expect(after.failures).toEqual([]);
    expect(differences(after.rows, before.rows)).toBe(0);
    expect(after.rows.length).toBeGreaterThan(2_000);
    const order = (of: readonly CurveObservation[]) => [...new Set(of.map(({ curve_key }) => curve_key))];
    expect(order(after.rows)).toEqual(order(before.rows));
  });
});

describe('what generated workbooks do not hold', () => {
  it('survives too: one side alone, no mid, long fractions, gaps, a location beside its market', async () => {
    const { file, bytes } = await sampleFile('pw', '2025-09-12');
    const { rows } = await read(file, bytes);
    const sideless = { bid: null, ask: null, source_cell_bid_ask: null };
    const odd = rows.slice(0, 400).flatMap((row, at): CurveObservation[] => {
      if (at % 7 === 0) return [];
      if (at % 7 === 1) return [{ ...row, ...sideless }];
      if (at % 7 === 2) return [{ ...row, ask: null }];
      if (at % 7 === 3) return [bidAskOnly(row, 0.1 + 0.2, 12_345_678.000_000_1)];
      if (at % 7 === 4) return [bidAskOnly(row, -2.5e-7, 1e21)];
      if (at % 7 === 5) return [{ ...row, value: -1e-9, mid: -1e-9 }];
      return [row];
    });
    const after = await roundTrip(file, odd, 'pw');
    expect(after.failures).toEqual([]);
    expect(differences(after.rows, odd)).toBe(0);
  });

  it('is refused: no rows, rows of two workbooks, a vendor without a layout', async () => {
    const { file, bytes } = await sampleFile('pw', '2025-09-12');
    const [row] = (await read(file, bytes)).rows;
    const code = (wanted: string) => expect.objectContaining({ code: wanted });
    expect(() => workbookOf([], 'pw')).toThrowError(code('rows_mixed'));
    const other = { ...row!, asof_date: '2025-09-13', version_hash: 'f'.repeat(64) };
    expect(() => workbookOf([row!, other], 'pw')).toThrowError(code('rows_mixed'));
    expect(() => workbookOf([row!], 'constructor')).toThrowError(code('vendor_unknown'));
  });
});

/** As a point is read that stands in the bid/ask sheet alone. */
function bidAskOnly(row: CurveObservation, bid: number, ask: number): CurveObservation {
  const mid = (bid + ask) / 2;
  const cell = row.source_cell_bid_ask!;
  return { ...row, bid, ask, mid, value: mid, source_cell: cell };
}
