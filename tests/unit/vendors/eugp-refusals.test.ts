/** EUGP workbooks with something wrong: a cell, a tenor, a column, or the whole. */
import { describe, expect, it } from 'vitest';
import { adapter } from '#lib/vendors/eugp.ts';
import { framedSheet } from '#tests/fixtures/sheet-builder.ts';
import {
  EUGP_HEADERS,
  eugpBook,
  failed,
  OCT,
  parseWith,
  roleCounts,
  rowOf,
  rows,
  SEP,
} from './vendor-books.ts';

describe('a bad cell is exactly one failure', () => {
  it.each([
    ['text', 'call desk', 'unreadable_price'],
    ['an error', { error: '#REF!' }, 'error_cell'],
    ['a formula without value', { formula: 'A1' }, 'formula_without_value'],
    ['a truth value', true, 'unreadable_price'],
    ['a date', { date: '2025-09-12' }, 'unreadable_price'],
    ['a bid/ask', '30 / 31', 'unreadable_price'],
  ])('%s among the mids', (_, value, code) => {
    const parsed = parseWith(
      adapter,
      eugpBook({ mid: [[SEP, value, 70, 80, 90]], bidAsk: [[SEP, '', '', '', '']] }),
    );
    expect(failed(parsed)).toEqual([`Fixed Prices - Mid!C12 ${code}`]);
    expect(roleCounts(parsed, 'Fixed Prices - Mid')).toMatchObject({ price: 3, failed: 1 });
  });

  it.each([
    ['a single number', 30, 'unreadable_price'],
    ['three sides', '30 / 31 / 32', 'unreadable_bid_ask'],
  ])('%s among the bid/asks', (_, value, code) => {
    const parsed = parseWith(adapter, eugpBook({ bidAsk: [[SEP, value, '', '', '']] }));
    expect(failed(parsed)).toEqual([`Fixed Prices - BidAsk!C12 ${code}`]);
    expect(parsed.failures[0]!.raw).toBe(String(value));
    expect(rowOf(parsed, 'Fixed Prices - Mid!C12')).toMatchObject({ bid: null, mid: 30.5 });
  });

  it('a price written as text is that price', () => {
    const parsed = parseWith(adapter, eugpBook({ mid: [[SEP, '(1,234.50)', 70, 80, 90]] }));
    expect(rowOf(parsed, 'Fixed Prices - Mid!C12')).toMatchObject({ mid: -1234.5 });
  });

  it('a tenor that is not understood fails with each price of its row, the first row too', () => {
    const mid = [
      ['Foo 2026', 1, 2, null, 4],
      [OCT, 1, 2, 3, 4],
      [null, 7, null, null, null],
      [{ error: '#N/A' }, null, 8, null, null],
    ] as const;
    const parsed = parseWith(adapter, eugpBook({ mid, bidAsk: [[OCT, '', '', '', '']] }));
    expect(failed(parsed)).toEqual(
      [
        'B12 unknown_tenor',
        'B15 unknown_tenor',
        'C12 unknown_tenor',
        'C14 missing_tenor',
        'D12 unknown_tenor',
        'D15 unknown_tenor',
        'F12 unknown_tenor',
      ].map((text) => `Fixed Prices - Mid!${text}`),
    );
    expect(roleCounts(parsed, 'Fixed Prices - Mid')).toMatchObject({ price: 4, failed: 7 });
  });

  it('a note below or beside the prices is no failure', () => {
    const mid = [[SEP, 1, 2, 3, 4, 'see note'], ['Source: desk'], [null, 'indicative']] as const;
    const parsed = parseWith(adapter, eugpBook({ mid }));
    expect(parsed.failures).toEqual([]);
    expect(parsed.coverage[0]!.ignored).toEqual({
      'text beside the prices': 2,
      'text below or between the prices': 1,
    });
  });

  it('a price without header, and every price of a column whose headers are not understood', () => {
    const headers = [
      ['Location', 'EU', 'EU', null],
      ['Product', 'Belgium', 'Belgium', 'NBP'],
      ['PEAK', 'NA', 'EVENINGS', 'NA'],
    ] as const;
    const parsed = parseWith(
      adapter,
      eugpBook({
        headers,
        mid: [[SEP, 1, 2, 3, 4]],
        strips: [],
        bidAsk: [[SEP, '', '1   /   2']],
        stripsBidAsk: [],
      }),
    );
    expect(failed(parsed)).toEqual([
      'Fixed Prices - BidAsk!D12 unknown_block',
      'Fixed Prices - Mid!D12 unknown_block',
      'Fixed Prices - Mid!E12 missing_header',
      'Fixed Prices - Mid!F12 missing_header',
    ]);
  });
});

describe('a tenor that stands twice', () => {
  const twice = (again: number) =>
    parseWith(
      adapter,
      eugpBook({
        strips: [
          ['Calendar 2026', 1, 2, 3, 4],
          ['Cal 26', again, 2, 3, 4],
        ],
      }),
    );

  it('is read once when its prices are equal', () => {
    const parsed = twice(1);
    expect(parsed.failures).toEqual([]);
    expect(parsed.coverage[1]!.ignored).toEqual({ 'repeats an equal cell': 4 });
  });

  it('is a failure of every cell of the point when they differ', () => {
    const parsed = twice(1.5);
    expect(failed(parsed)).toEqual([
      'Strips - BidAsk!C12 duplicate_key',
      'Strips - Mid!C12 duplicate_key',
      'Strips - Mid!C13 duplicate_key',
    ]);
    expect(rowOf(parsed, 'Strips - Mid!D12')).toMatchObject({ mid: 2 });
    expect(rows(parsed).filter((row) => row.tenor_label === 'Calendar 2026')).toHaveLength(3);
  });
});

describe('a workbook that cannot be read as a whole', () => {
  it('is refused for a missing sheet, by name', () => {
    const book = eugpBook();
    const without = { ...book, sheets: book.sheets.filter((sheet) => sheet.name !== 'Spark Spread') };
    expect(adapter.fit(without).reasons).toContain('sheet Spark Spread missing');
    expect(() => parseWith(adapter, without)).toThrow(
      expect.objectContaining({
        code: 'sheet_missing',
        place: expect.objectContaining({ sheet: 'Spark Spread' }),
      }),
    );
  });

  it('is refused for a header row that is missing or stands twice', () => {
    const book = eugpBook();
    const broken = (headers: Parameters<typeof framedSheet>[1]['headers']) => ({
      ...book,
      sheets: book.sheets.with(
        1,
        framedSheet('Strips - Mid', { headers, side: 'Mid', rows: [['Calendar 2026', 1]] }),
      ),
    });
    expect(() => parseWith(adapter, broken(EUGP_HEADERS.slice(0, 2)))).toThrow(
      expect.objectContaining({
        code: 'header_row_missing',
        place: expect.objectContaining({ field: 'peak' }),
      }),
    );
    expect(() => parseWith(adapter, broken([...EUGP_HEADERS, EUGP_HEADERS[1]!]))).toThrow(
      expect.objectContaining({ code: 'header_row_repeated' }),
    );
  });

  it('is refused when it holds no price', () => {
    const empty = eugpBook({ mid: [], strips: [], bidAsk: [], stripsBidAsk: [] });
    const sheets = empty.sheets.map((sheet) =>
      sheet.name === 'Spark Spread'
        ? framedSheet(sheet.name, {
            headers: [
              ['Location', 'UK'],
              ['Product', 'X'],
              ['PEAK', 'BASE'],
              ['Spark Location', 'NBP'],
            ],
            side: 'Mid',
            rows: [],
          })
        : sheet,
    );
    expect(() => parseWith(adapter, { ...empty, sheets })).toThrow(
      expect.objectContaining({ code: 'no_prices' }),
    );
  });
});
