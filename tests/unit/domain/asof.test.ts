import { describe, expect, it } from 'vitest';
import { asofOfFileName, datesOfText, resolveAsof } from '#lib/domain/asof.ts';
import type { CellValue } from '#tests/fixtures/sheet-builder.ts';
import { day, sheetOf, workbookOf } from '#tests/fixtures/sheet-builder.ts';

const FILE = 'EOD_RP_20250912_1430.xlsx';
const book = (...rows: (readonly CellValue[])[]) => workbookOf(sheetOf('Fixed Prices - Mid', rows));
const blankRows = (count: number) => Array.from({ length: count }, (): CellValue[] => []);

describe('the as-of day', () => {
  it('stands in the date cell beside its label', () => {
    expect(resolveAsof(book([], ['Date:', day('2025-09-12')]), FILE, '2025-09-12')).toEqual({
      asof_date: '2025-09-12',
      notes: [],
    });
  });

  it.each([
    'As of: 2025-09-12',
    '2025/09/12',
    '12 Sep 2025',
    'Sep 12, 2025',
    'As-of Date: 12-September-2025',
    '9/13/2025',
  ])('or in a text: %s', (text) => {
    const expected = text.startsWith('9/13') ? '2025-09-13' : '2025-09-12';
    expect(resolveAsof(book([null, text]), 'any.xlsx').asof_date).toBe(expected);
  });

  it('is looked for in the first twelve rows', () => {
    expect(resolveAsof(book(...blankRows(11), ['Date:', day('2025-09-12')]), 'any.xlsx').asof_date).toBe(
      '2025-09-12',
    );
    expect(() => resolveAsof(book(...blankRows(12), ['Date:', day('2025-09-12')]), 'any.xlsx')).toThrow(
      expect.objectContaining({ code: 'asof_missing' }),
    );
  });

  it('is not the date of a tenor, nor an unlabelled text where a labelled date stands', () => {
    const workbook = book(['Revised', '2025-01-01'], ['Date:', day('2025-09-12')], [null, day('2026-01-01')]);
    expect(resolveAsof(workbook, FILE).asof_date).toBe('2025-09-12');
  });

  it('is taken from file name or path, with a note, when the cells have none', () => {
    for (const [file, path] of [
      [FILE, undefined],
      ['any.xlsx', '2025-09-12'],
    ] as const) {
      const found = resolveAsof(book(['x']), file, path);
      expect(found.asof_date).toBe('2025-09-12');
      expect(found.notes[0]).toContain('no as-of date');
    }
  });

  it.each([
    ['path', FILE, '2025-09-11'],
    ['file name', 'EOD_RP_20250911_1430.xlsx', '2025-09-12'],
    ['both', 'EOD_RP_20250911_1430.xlsx', '2025-09-10'],
  ])('is refused when the %s differs, naming all', (_, file, path) => {
    const attempt = () => resolveAsof(book(['Date:', day('2025-09-12')]), file, path);
    expect(attempt).toThrow(expect.objectContaining({ code: 'asof_mismatch', kind: 'refused' }));
    expect(attempt).toThrow(/2025-09-12 in Fixed Prices - Mid!B1.*2025-09-1[01]/);
  });

  it('is refused when two sheets differ', () => {
    const workbook = workbookOf(
      sheetOf('A', [['Date:', day('2025-09-12')]]),
      sheetOf('B', [['Date:', day('2025-09-11')]]),
    );
    expect(() => resolveAsof(workbook, FILE)).toThrow(
      /2025-09-12 in A!B1 and the file name, 2025-09-11 in B!B1/,
    );
  });

  it('a date of open order counts for the reading the others confirm', () => {
    const workbook = book(['Date:', '09/12/2025']);
    expect(resolveAsof(workbook, FILE).asof_date).toBe('2025-09-12');
    expect(resolveAsof(workbook, 'EOD_RP_20251209_1430.xlsx').asof_date).toBe('2025-12-09');
    expect(() => resolveAsof(workbook, 'any.xlsx')).toThrow(
      expect.objectContaining({ code: 'asof_ambiguous' }),
    );
  });
});

describe('dates in texts and names', () => {
  it('must exist', () => {
    expect(datesOfText('2025-02-29')).toEqual([]);
    expect(datesOfText('31/31/2025')).toEqual([]);
    expect(datesOfText('12 Foo 2025')).toEqual([]);
    expect(asofOfFileName('EOD_RP_20250230_1430.xlsx')).toBeUndefined();
  });

  it('are read from the vendors’ file names alone', () => {
    expect(asofOfFileName(FILE)).toBe('2025-09-12');
    expect(asofOfFileName('prices 20250912.xlsx')).toBeUndefined();
  });

  it('no long text costs time', () => {
    const start = performance.now();
    expect(datesOfText(`Date: ${' '.repeat(5_000_000)}`)).toEqual([]);
    expect(performance.now() - start).toBeLessThan(100);
  });
});
