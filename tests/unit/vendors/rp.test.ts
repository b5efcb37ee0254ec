import { describe, expect, it } from 'vitest';
import { adapter } from '#lib/vendors/rp.ts';
import { framedSheet } from '#tests/fixtures/sheet-builder.ts';
import { failed, OCT, parseWith, RP_HEADERS, roleCounts, rowOf, rows, rpBook, SEP } from './vendor-books.ts';

const DUPLICATED = [
  [null, 'AP', 'AP', 'EU'],
  ['Location', 'Singapore', 'Singapore', 'Rotterdam'],
  ['Product', 'Marine Fuel vs Brent', 'Marine Fuel  vs Brent ', 'ULSD'],
] as const;

describe('an RP workbook in order', () => {
  const parsed = parseWith(adapter, rpBook());

  it('gives one row for each curve and tenor; the regional copy is proved equal and not ingested', () => {
    expect(parsed.table.length).toBe(3 * 3);
    expect(parsed.failures).toEqual([]);
    expect(rows(parsed).filter((row) => row.sheet_name === 'Europe')).toEqual([]);
    expect(parsed.coverage[4]!.ignored).toEqual({ 'regional copy, equal to Fixed Prices - Mid': 4 });
    expect(parsed.coverage.every((sheet) => sheet.unaccounted_prices === 0)).toBe(true);
    expect(parsed.table.sheets.map((sheet) => sheet.sheet_name)).not.toContain('Europe');
  });

  it('takes the region from the unlabelled row and asset class, ISO and unit by rule', () => {
    expect(rowOf(parsed, 'Fixed Prices - Mid!C12')).toMatchObject({
      asset_class: 'renewable',
      iso: 'PJM',
      region: 'US',
      location: 'PJM',
      market: 'PJM',
      currency: 'USD',
      per_unit: 'MWh (certificate)',
    });
    expect(rowOf(parsed, 'Fixed Prices - Mid!D12')).toMatchObject({
      asset_class: 'fuel',
      iso: null,
      currency: null,
      per_unit: null,
    });
    expect(parsed.notes).toContain('units unknown for 2 of 3 curves: currency and per_unit stay empty');
  });

  it('zero is a price, a negative differential too, and a trailing blank is no part of a name', () => {
    expect(rowOf(parsed, 'Fixed Prices - Mid!E12')).toMatchObject({
      mid: 0,
      product: 'Fuel-Oil 1% FOB Barge',
    });
    expect(rowOf(parsed, 'Fixed Prices - Mid!E13')).toMatchObject({ mid: -1.5, bid: -1.6, ask: -1.4 });
  });

  it.each([
    ['Maryland Solar Renewable Energy Credit', 'renewable', 'MWh (certificate)'],
    ['Pennsylvania Compliance Alternative Energy Credit Tier I', 'renewable', 'MWh (certificate)'],
    ['D4 Biodiesel (Current)', 'renewable', 'gal (RIN)'],
    ['RVO Current', 'renewable', 'gal (RIN)'],
    ['Regional Greenhouse Gas Initiative 2023', 'carbon', 'short_ton'],
    ['CCA 2025', 'carbon', 'tonne'],
    ['CCA AAC', 'carbon', null],
    ['Washington Carbon Allow Current', 'carbon', null],
    ['California Low Carbon Fuel Standard Credit', 'carbon', 'tonne'],
    ['Japan Korea LNG', 'gas', null],
    ['LA CARBOB Gasoline', 'fuel', null],
    ['Biodiesel (Soybean)', 'fuel', null],
  ])('%s is %s per %s', (product, asset_class, per_unit) => {
    const headers = [
      [null, 'US'],
      ['Location', 'Anywhere'],
      ['Product', product],
    ] as const;
    const one = parseWith(adapter, rpBook({ headers, mid: [[SEP, 1]], bidAsk: [], copy: [] }));
    expect(rowOf(one, 'Fixed Prices - Mid!C12')).toMatchObject({ asset_class, per_unit });
  });
});

describe('regional copies', () => {
  it('a cell that differs from its original is a failure', () => {
    const parsed = parseWith(
      adapter,
      rpBook({
        copy: [
          [SEP, 0, 2.25],
          [OCT, -1.5, 2.5000001],
        ],
      }),
    );
    expect(failed(parsed)).toEqual(['Europe!D13 copy_differs']);
    expect(parsed.table.length).toBe(9);
  });

  it('a month the original does not have is a failure', () => {
    const parsed = parseWith(adapter, rpBook({ copy: [[{ date: '2030-01-01' }, 0, null]] }));
    expect(failed(parsed)).toEqual(['Europe!C12 copy_differs']);
  });

  it('a column the mid sheets do not have is a failure', () => {
    const book = rpBook();
    const copy = framedSheet('Asia', {
      headers: [[null], ['Location', 'Atlantis'], ['Product', 'ULSD']],
      side: 'Mid',
      rows: [[SEP, 1]],
    });
    expect(failed(parseWith(adapter, { ...book, sheets: [...book.sheets, copy] }))).toEqual([
      'Asia!C12 copy_without_original',
    ]);
  });
});

describe('two columns with the same headers', () => {
  const equalBook = (second: number | null, bidAsk = '0   /   2') => {
    const book = rpBook({
      headers: DUPLICATED,
      mid: [
        [SEP, 1, second, 9],
        [OCT, 2, 2, 8],
      ],
      bidAsk: [[SEP, '0   /   2', bidAsk, '8   /   10']],
      copy: [],
    });
    const strips = framedSheet('Seasonal Blocks - Mid', {
      headers: DUPLICATED,
      side: 'Mid',
      rows: [['Summer 2026', 5, 5, 6]],
    });
    return { ...book, sheets: book.sheets.with(1, strips).slice(0, 4) };
  };

  it('are read once when they are equal, and the note says so', () => {
    const parsed = parseWith(adapter, equalBook(1));
    expect(parsed.failures).toEqual([]);
    expect(parsed.table.length).toBe(6);
    expect(roleCounts(parsed, 'Fixed Prices - Mid')).toMatchObject({ price: 4, ignored: 2 });
    expect(parsed.notes).toContain(
      'Fixed Prices - Mid: column D repeats C, headers and prices, and is read once',
    );
  });

  it('one price differs: no row of the curve in any sheet, every cell of it a failure', () => {
    const parsed = parseWith(adapter, equalBook(1.001));
    expect(failed(parsed)).toEqual(
      [
        'Fixed Prices - BidAsk!C12',
        'Fixed Prices - BidAsk!D12',
        'Fixed Prices - Mid!C12',
        'Fixed Prices - Mid!C13',
        'Fixed Prices - Mid!D12',
        'Fixed Prices - Mid!D13',
        'Seasonal Blocks - Mid!C12',
        'Seasonal Blocks - Mid!D12',
      ].map((cell) => `${cell} duplicate_key`),
    );
    expect(new Set(rows(parsed).map((row) => row.product))).toEqual(new Set(['ULSD']));
    expect(parsed.table.series).toHaveLength(1);
  });

  it('a price in one and none in the other is a difference as well', () => {
    expect(rows(parseWith(adapter, equalBook(null))).map((row) => row.product)).toEqual([
      'ULSD',
      'ULSD',
      'ULSD',
    ]);
  });

  it('a differing bid/ask is a difference as well', () => {
    const parsed = parseWith(adapter, equalBook(1, '0   /   3'));
    expect(rows(parsed).map((row) => row.product)).toEqual(['ULSD', 'ULSD', 'ULSD']);
  });
});

describe('drift', () => {
  it('columns inserted in the middle change no row of the others but its cells', () => {
    const before = rows(parseWith(adapter, rpBook()));
    const insert = <T>(row: readonly T[], value: T): T[] => [...row.slice(0, 2), value, ...row.slice(2)];
    const [regions, locations, products] = RP_HEADERS;
    const headers = [
      insert(regions!, 'ME') as unknown as typeof regions,
      insert(locations!, 'Middle East') as unknown as typeof regions,
      insert(products!, 'Naphtha FOB') as unknown as typeof regions,
    ] as unknown as typeof RP_HEADERS;
    const book = rpBook();
    const sheets = rpBook({
      headers,
      mid: [
        [SEP, 35, 7, 2.25, 0],
        [OCT, 36, 8, 2.5, -1.5],
      ],
      bidAsk: [
        [SEP, '34.9   /   35.1', '', '2.2   /   2.3', '-0.1   /   0.1'],
        [OCT, '35.9   /   36.1', '', '2.45   /   2.55', '-1.6   /   -1.4'],
      ],
    })
      .sheets.with(1, book.sheets[1]!)
      .with(3, book.sheets[3]!);
    const after = rows(parseWith(adapter, { ...book, sheets })).filter((row) => row.region !== 'ME');
    const facts = (all: typeof before) =>
      all.map(({ curve_key, contract_month, mid, bid, ask }) => [curve_key, contract_month, mid, bid, ask]);
    expect(facts(after)).toEqual(facts(before));
  });
});
