import { describe, expect, it } from 'vitest';
import { adapter } from '#lib/vendors/eugp.ts';
import { curveObservation } from '#schemas/curve-observation.ts';
import { framedSheet, sheetOf, workbookOf } from '#tests/fixtures/sheet-builder.ts';
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

describe('an EUGP workbook in order', () => {
  const parsed = parseWith(adapter, eugpBook());

  it('gives one row for each curve and tenor, no failure, and every cell accounted for', () => {
    expect(parsed.table.length).toBe(4 * 4 + 2);
    expect(parsed.failures).toEqual([]);
    for (const row of rows(parsed)) expect(() => curveObservation.parse(row)).not.toThrow();
    for (const coverage of parsed.coverage) {
      expect(coverage.unaccounted_prices).toBe(0);
      expect([...coverage.roles]).not.toContain(0);
    }
    expect(roleCounts(parsed, 'Strips - Mid')).toEqual({
      label: 4,
      header: 1 + 12 + 4,
      tenor: 2,
      price: 8,
      ignored: 4,
    });
    expect(parsed.coverage[1]!.ignored).toEqual({ 'blank text': 4 });
  });

  it('joins mid and bid/ask and keeps the cell of each', () => {
    expect(rowOf(parsed, 'Fixed Prices - Mid!D12')).toMatchObject({
      asset_class: 'power',
      region: 'EU',
      location: 'Belgium',
      market: 'Belgium',
      product: 'power',
      block: 'BASE',
      tenor_type: 'MONTHLY',
      contract_month: '2025-09-01',
      tenor_label: '2025-09',
      price_type: 'Mid',
      value: 70.25,
      mid: 70.25,
      bid: 70.15,
      ask: 70.35,
      source_cell_bid_ask: 'Fixed Prices - BidAsk!D12',
      units_raw: null,
      currency: 'EUR',
      per_unit: 'MWh',
    });
  });

  it('tells gas from power and emissions by the row PEAK, and names their units', () => {
    const facts = ['C12', 'D12', 'E12', 'F12'].map((cell) => {
      const row = rowOf(parsed, `Fixed Prices - Mid!${cell}`)!;
      return [row.asset_class, row.product, row.block, row.currency, row.per_unit];
    });
    expect(facts).toEqual([
      ['gas', 'gas', null, 'EUR', 'MWh'],
      ['power', 'power', 'BASE', 'EUR', 'MWh'],
      ['gas', 'gas', null, 'GBp', 'therm'],
      ['carbon', 'emissions', null, 'EUR', 'tonne'],
    ]);
  });

  it('a month and a strip of one curve share the key; a spark has its own', () => {
    const month = rowOf(parsed, 'Fixed Prices - Mid!C12')!;
    const strip = rowOf(parsed, 'Strips - Mid!C14')!;
    expect(strip).toMatchObject({
      tenor_type: 'SEASON',
      contract_month: '2025-11-01',
      curve_key: month.curve_key,
    });
    expect(strip.version_hash).not.toBe(month.version_hash);
    expect(rowOf(parsed, 'Spark Spread!C12')).toMatchObject({
      product: 'spark_spread',
      block: 'PEAK',
      spark_location: 'NBP',
      source_cell_bid_ask: null,
      bid: null,
    });
  });

  it('a strip without bid/ask is a row with its mid alone', () => {
    expect(rowOf(parsed, 'Strips - Mid!C14')).toMatchObject({
      mid: 33,
      bid: null,
      ask: null,
      source_cell_bid_ask: null,
    });
  });
});

describe('sides', () => {
  it('without a mid the middle of bid and ask is the mid, and one side alone is itself', () => {
    const parsed = parseWith(
      adapter,
      eugpBook({
        mid: [[SEP, null, '', '-', 5]],
        bidAsk: [[SEP, '30   /   31', '70   /   ', ' /   81', '4   /   6']],
      }),
    );
    const sides = ['C12', 'D12', 'E12'].map((cell) => rowOf(parsed, `Fixed Prices - BidAsk!${cell}`));
    expect(sides).toMatchObject([
      {
        price_type: 'Mid',
        value: 30.5,
        mid: 30.5,
        bid: 30,
        ask: 31,
        source_cell_bid_ask: 'Fixed Prices - BidAsk!C12',
      },
      { price_type: 'Bid', value: 70, mid: null, bid: 70, ask: null },
      { price_type: 'Ask', value: 81, mid: null, bid: null, ask: 81 },
    ]);
    expect(parsed.failures).toEqual([]);
  });

  it('meet by identity, never by column letter', () => {
    const book = eugpBook();
    const swapped = framedSheet('Fixed Prices - BidAsk', {
      headers: [
        ['Location', 'EU', 'EU'],
        ['Product', 'EUA', 'Belgium'],
        ['PEAK', 'EMISSIONS', 'NA'],
      ],
      side: 'Bid   /   Ask',
      rows: [[SEP, '72   /   73', '30   /   31']],
    });
    const parsed = parseWith(adapter, { ...book, sheets: book.sheets.with(2, swapped) });
    expect(rowOf(parsed, 'Fixed Prices - Mid!C12')).toMatchObject({
      bid: 30,
      source_cell_bid_ask: 'Fixed Prices - BidAsk!D12',
    });
    expect(rowOf(parsed, 'Fixed Prices - Mid!F12')).toMatchObject({ bid: 72, ask: 73 });
  });

  it('a crossed quotation is a row, for the gate to refuse', () => {
    const parsed = parseWith(adapter, eugpBook({ bidAsk: [[SEP, '31   /   30', '', '', '']] }));
    expect(rowOf(parsed, 'Fixed Prices - Mid!C12')).toMatchObject({ bid: 31, ask: 30 });
  });
});

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
    ['a single number', 30],
    ['three sides', '30 / 31 / 32'],
  ])('%s among the bid/asks', (_, value) => {
    const parsed = parseWith(adapter, eugpBook({ bidAsk: [[SEP, value, '', '', '']] }));
    expect(parsed.failures).toHaveLength(1);
    expect(parsed.failures[0]).toMatchObject({
      sheet: 'Fixed Prices - BidAsk',
      cell: 'C12',
      raw: String(value),
    });
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
  it('is read once when its prices are equal', () => {
    const parsed = parseWith(
      adapter,
      eugpBook({
        strips: [
          ['Calendar 2026', 1, 2, 3, 4],
          ['Cal 26', 1, 2, 3, 4],
        ],
      }),
    );
    expect(parsed.failures).toEqual([]);
    expect(parsed.coverage[1]!.ignored).toEqual({ 'repeats an equal cell': 4 });
  });

  it('is a failure of every cell of the point when they differ', () => {
    const parsed = parseWith(
      adapter,
      eugpBook({
        strips: [
          ['Calendar 2026', 1, 2, 3, 4],
          ['Cal 26', 1.5, 2, 3, 4],
        ],
      }),
    );
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

describe('tolerance', () => {
  it('labels may stand in A, with a colon, in any case, and units in a row of their own', () => {
    const sheet = (name: string, extra: readonly (readonly string[])[] = []) =>
      sheetOf(name, [
        ['location:', null, 'EU'],
        ['PRODUCT', null, 'Belgium'],
        ['Peak :', null, 'base'],
        ...extra.map((row) => [...row]),
        ['Units', null, '€/MWh'],
        [null, SEP, name.endsWith('BidAsk') ? '1 / 3' : 2],
      ]);
    const parsed = parseWith(
      adapter,
      workbookOf(
        sheet('Fixed Prices - Mid'),
        sheet('Strips - Mid'),
        sheet('Fixed Prices - BidAsk'),
        sheet('Strips - BidAsk'),
        sheet('Spark Spread', [['Spark', '', 'NBP']]),
      ),
    );
    expect(parsed.failures).toEqual([]);
    expect(rowOf(parsed, 'Fixed Prices - Mid!C5')).toMatchObject({
      block: 'BASE',
      units_raw: '€/MWh',
      currency: 'EUR',
      per_unit: 'MWh',
      bid: 1,
      ask: 3,
    });
  });

  it('a product the vendor never had is read, its unit unknown and said so', () => {
    const headers = [
      ['Location', 'EU'],
      ['Product', 'Utopia'],
      ['PEAK', 'BASE'],
    ] as const;
    const parsed = parseWith(
      adapter,
      eugpBook({ headers, mid: [[SEP, 1]], strips: [], bidAsk: [], stripsBidAsk: [] }),
    );
    expect(rowOf(parsed, 'Fixed Prices - Mid!C12')).toMatchObject({ currency: null, per_unit: null });
    expect(parsed.notes).toContain('units unknown for 1 of 2 curves: currency and per_unit stay empty');
  });

  it('a sheet that is not part of the layout is ignored, its numbers noted', () => {
    const book = eugpBook();
    const parsed = parseWith(adapter, {
      ...book,
      sheets: [...book.sheets, sheetOf('Scratch', [['x', 1, '2 / 3']])],
    });
    expect(parsed.notes).toContain(
      'sheet Scratch is not part of the layout; its 2 priced cells were not read',
    );
    expect(parsed.coverage.at(-1)).toMatchObject({
      ignored: { 'sheet is not part of the layout': 3 },
      unaccounted_prices: 0,
    });
  });

  it('a side that contradicts its sheet fails the column', () => {
    const book = eugpBook();
    const sheet = framedSheet('Strips - Mid', {
      headers: EUGP_HEADERS,
      side: 'Bid   /   Ask',
      rows: [['Calendar 2026', 1, 2, 3, 4]],
    });
    const parsed = parseWith(adapter, { ...book, sheets: book.sheets.with(1, sheet) });
    expect(parsed.failures.map(({ code }) => code)).toEqual(Array(4).fill('side_mismatch'));
  });
});
