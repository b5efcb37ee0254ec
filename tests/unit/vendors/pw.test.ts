import { describe, expect, it } from 'vitest';
import { adapter } from '#lib/vendors/pw.ts';
import {
  type CellValue,
  type FrameOptions,
  framedSheet,
  sheetOf,
  workbookOf,
} from '#tests/fixtures/sheet-builder.ts';
import { failed, OCT, parseWith, rowOf, rows, SEP } from './vendor-books.ts';

const HEADERS: FrameOptions['headers'] = [
  ['ISO:', 'PJM', null, 'AESO'],
  ['Market:', 'West', null, 'Alberta'],
  ['Hours:', 'ON_PEAK', 'OFF_PEAK', 'ATC'],
  [null, 'USD/MWh', null, 'CAD - MWh'],
];
const book = (headers: FrameOptions['headers'] = HEADERS) =>
  workbookOf(
    framedSheet('Fixed Prices - Mid', {
      headers,
      side: 'Mid',
      rows: [
        [SEP, 46.75, 33.5, 60],
        [OCT, 47.75, 34.5, 61],
      ],
    }),
    framedSheet('Fixed Prices - BidAsk', {
      headers,
      side: 'Bid   /   Ask',
      rows: [[SEP, '46.69   /   46.81', '33.4   /   33.6', '59   /   61']],
    }),
    framedSheet('Strips - Mid', {
      headers,
      side: 'Mid',
      rows: [
        ['Bal 2025', 1, 2, 3],
        ['Q1 2026', 4, 5, 6],
        ['Winter 2025-2026', 7, 8, 9],
      ],
    }),
    framedSheet('Strips - BidAsk', {
      headers,
      side: 'Bid   /   Ask',
      rows: [['Q1 2026', '3   /   5', '', '']],
    }),
  );

describe('a PW workbook', () => {
  const parsed = parseWith(adapter, book());

  it('gives the identity the API is asked for', () => {
    expect(parsed.failures).toEqual([]);
    expect(rowOf(parsed, 'Fixed Prices - Mid!C12')).toMatchObject({
      asset_class: 'power',
      iso: 'PJM',
      market: 'West',
      location: 'West',
      block: 'ON_PEAK',
      tenor_type: 'MONTHLY',
      mid: 46.75,
      bid: 46.69,
      ask: 46.81,
      units_raw: 'USD/MWh',
      currency: 'USD',
      per_unit: 'MWh',
    });
  });

  it('carries headers to the right where they are blank', () => {
    expect(rowOf(parsed, 'Fixed Prices - Mid!D12')).toMatchObject({
      iso: 'PJM',
      market: 'West',
      block: 'OFF_PEAK',
      currency: 'USD',
    });
    expect(rowOf(parsed, 'Fixed Prices - Mid!E12')).toMatchObject({
      iso: 'AESO',
      units_raw: 'CAD - MWh',
      currency: 'CAD',
      per_unit: 'MWh',
    });
  });

  it('reads balance, quarter and season', () => {
    const strips = rows(parsed).filter((row) => row.tenor_type !== 'MONTHLY' && row.block === 'ON_PEAK');
    expect(
      strips.map(({ tenor_type, contract_month, tenor_label }) => [tenor_type, contract_month, tenor_label]),
    ).toEqual([
      ['CALENDAR', '2025-09-01', 'Bal 2025'],
      ['QUARTER', '2026-01-01', 'Q1 2026'],
      ['SEASON', '2025-11-01', 'Winter 2025-2026'],
    ]);
  });

  it('accounts for every cell', () => {
    for (const sheet of parsed.coverage) {
      expect([...sheet.roles]).not.toContain(0);
      expect(sheet.unaccounted_prices).toBe(0);
    }
  });
});

describe('tolerance', () => {
  it('labels in column A, all headers there, dates in B, no as-of, other sheets missing', () => {
    const sheet = (name: string, side: CellValue, price: (column: number) => CellValue) =>
      sheetOf(name, [
        ['iso', null, 'PJM', null],
        ['MARKET :', null, 'Hub', null],
        ['Hours', null, 'ON_PEAK', null],
        ['Location:', null, 'West', 'East'],
        ['Product:', null, 'power', null],
        ['Spark Location:', null, null, null],
        ['Units:', null, 'US$', 'Mid'],
        [side, null, null, null],
        [null, SEP, price(0), price(1)],
        ['', OCT, price(2), null],
      ]);
    const parsed = parseWith(
      adapter,
      workbookOf(
        sheet('Fixed Prices  Mid', null, (column) => 40 + column),
        sheet('fixed prices - bid/ask', 'Bid / Ask', (column) => `${39 + column} / ${41 + column}`),
      ),
    );
    expect(parsed.failures).toEqual([]);
    expect(
      rows(parsed).map(({ location, market, mid, bid, currency, per_unit }) => [
        location,
        market,
        mid,
        bid,
        currency,
        per_unit,
      ]),
    ).toEqual([
      ['West', 'Hub', 40, 39, 'USD', null],
      ['East', 'Hub', 41, 40, null, null],
      ['West', 'Hub', 42, 41, 'USD', null],
    ]);
  });

  it.each([
    ['USD/MWh', 'PJM', 'USD', 'MWh'],
    ['CAD - MWh', 'IESO', 'CAD', 'MWh'],
    ['C$', 'AESO', 'CAD', null],
    ['US$', 'PJM', 'USD', null],
    ['US$/MWh', 'PJM', 'USD', 'MWh'],
    ['$', 'PJM', 'USD', null],
    ['$/MWh', 'AESO', null, 'MWh'],
    ['€/MWh', 'PJM', 'EUR', 'MWh'],
    ['USD/bushel', 'PJM', 'USD', null],
    ['GBp/therm', 'PJM', 'GBp', 'therm'],
    ['GBP/therm', 'PJM', 'GBP', 'therm'],
  ])('unit %s of %s', (unit, iso, currency, per_unit) => {
    const parsed = parseWith(
      adapter,
      book([
        ['ISO:', iso],
        ['Market:', 'West'],
        ['Hours:', 'ON_PEAK'],
        ['Units', unit],
      ]),
    );
    expect(rowOf(parsed, 'Fixed Prices - Mid!C12')).toMatchObject({ units_raw: unit, currency, per_unit });
  });

  it('says which label and unit it does not recognise, and what it took on trust', () => {
    const headers = [
      ['ISO:', 'PJM', 'PJM', 'PJM'],
      ['Market:', 'West', 'East', 'Gas'],
      ['Hours:', 'ON_PEAK', null, null],
      ['Units:', 'barter', '$/MWh', 'USD/MMBtu'],
    ] as const;
    const strange = book(headers);
    const sheet = framedSheet('Fixed Prices - Mid', {
      headers: [
        ['ISO:', 'PJM'],
        ['Zone:', 'x'],
        ['Market:', 'West'],
        ['Hours:', 'ON_PEAK'],
      ],
      side: 'Mid',
      rows: [[SEP, 1]],
    });
    const notes = [
      ...parseWith(adapter, strange).notes,
      ...parseWith(adapter, { ...strange, sheets: [sheet] }).notes,
    ];
    expect(notes).toContain('sheet Strips - Mid is not in the workbook');
    expect(notes).toContain('unit "barter" is not known');
    expect(notes).toContain('unit "$/MWh" is read as USD');
    expect(notes).toContain('Fixed Prices - Mid!B7 "Zone:" is no label of this layout');
  });

  it('a column without hours is gas only where its unit is one of gas', () => {
    const headers = [
      ['ISO:', 'PJM', 'PJM'],
      ['Market:', 'West', 'Dominion'],
      ['Hours:', '', ''],
      ['Units:', 'USD/MWh', 'USD/MMBtu'],
    ] as const;
    const parsed = parseWith(adapter, book(headers));
    expect(rowOf(parsed, 'Fixed Prices - Mid!C12')).toMatchObject({ asset_class: 'power', block: null });
    expect(rowOf(parsed, 'Fixed Prices - Mid!D12')).toMatchObject({ asset_class: 'gas', block: null });
    expect(parsed.notes).toContain('a column without hours at West is taken for power');
  });

  it('one curve in two units is a failure of the column, not a choice', () => {
    const headers = [
      ['ISO:', 'PJM', 'PJM'],
      ['Market:', 'West', 'West'],
      ['Hours:', 'ON_PEAK', 'ON_PEAK'],
      ['Units:', 'USD/MWh', 'CAD/MWh'],
    ] as const;
    const parsed = parseWith(adapter, { ...book(headers), sheets: book(headers).sheets.slice(0, 1) });
    expect(failed(parsed)).toContain('Fixed Prices - Mid!D12 unit_conflict');
  });
});
