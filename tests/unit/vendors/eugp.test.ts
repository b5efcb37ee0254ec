/** EUGP workbooks that are read: what each cell becomes, how sides meet, and what may be written otherwise. */
import { describe, expect, it } from 'vitest';
import { adapter } from '#lib/vendors/eugp.ts';
import { curveObservation } from '#schemas/curve-observation.ts';
import { framedSheet, sheetOf, workbookOf } from '#tests/fixtures/sheet-builder.ts';
import { EUGP_HEADERS, eugpBook, parseWith, roleCounts, rowOf, rows, SEP } from './vendor-books.ts';

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
    expect(parsed.notes).toContain(
      '1 point has no mid: it is the mean of bid and ask, first Fixed Prices - BidAsk!C12',
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
