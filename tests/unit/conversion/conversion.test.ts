import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { convertPrice, currencyRatio, sumMoney } from '#lib/domain/conversion.ts';
import { parseUnit } from '#lib/domain/units.ts';

const unit = (currency: string, per_unit: string | null) => ({ currency, per_unit });
const EUR_USD = { base: 'EUR', quote: 'USD', rate: 1.17 };
const GBP_USD = { base: 'GBP', quote: 'USD', rate: 1.35 };

describe('prices in other terms', () => {
  test.each([
    // 72 p/therm: 0.72 GBP a therm, 3600 / 105.505585262 therms a MWh.
    [72, unit('GBp', 'therm'), unit('GBP', 'MWh'), [], 0.72 * (3600 / 105.505585262)],
    [10, unit('USD', 'MMBtu'), unit('USD', 'MWh'), [], 10 * (3600 / 1055.05585262)],
    [34.12141633, unit('EUR', 'MWh'), unit('EUR', 'MMBtu'), [], 34.12141633 * (1055.05585262 / 3600)],
    [30, unit('EUR', 'MWh'), unit('USD', 'MMBtu'), [EUR_USD], 30 * 1.17 * (1055.05585262 / 3600)],
    [10, unit('USD', 'MMBtu'), unit('EUR', 'MWh'), [EUR_USD], (10 / 1.17) * (3600 / 1055.05585262)],
    [72, unit('GBp', 'therm'), unit('USD', 'MMBtu'), [GBP_USD], 7.2 * 1.35],
    [1, unit('USD', 'Dth'), unit('USD', 'MMBtu'), [], 1],
    [1, unit('GBP', 'MWh'), unit('GBp', 'kWh'), [], 0.1],
    [50, unit('USD', 'short_ton'), unit('USD', 'tonne'), [], 50 / 0.90718474],
    [2, unit('USD', 'gal'), unit('USD', 'bbl'), [], 84],
    [70, unit('EUR', 'tonne'), unit('USD', 'tonne'), [EUR_USD], 81.9],
    [1, unit('USD', 't'), unit('USD', 'tonne'), [], 1],
    [1, unit('USD', 'T'), unit('USD', 't'), [], 1],
    [50, unit('USD', 'Short Ton'), unit('USD', 't'), [], 50 / 0.90718474],
    [72, unit('GBp', 'th'), unit('GBp', 'THERM'), [], 72],
    [10, unit('USD', 'mmbtu'), unit('USD', 'MWH'), [], 10 * (3600 / 1055.05585262)],
    [9, unit('USD', 'MWh (certificate)'), unit('USD', 'MWh (certificate)'), [], 9],
  ])('%d %o in %o', (value, from, to, rates, expected) => {
    expect(convertPrice(value, from, to, rates)).toBeCloseTo(expected, 10);
  });

  test("the vendor's ratio of pence a therm to GBP a MWh is ours within its rounding: 0.341214", () => {
    expect(convertPrice(1, unit('GBp', 'therm'), unit('GBP', 'MWh'))).toBeCloseTo(0.341214, 6);
  });

  test('there and back is where it was', () => {
    const energy = fc.constantFrom('MWh', 'kWh', 'GJ', 'therm', 'MMBtu', 'Dth');
    const money = fc.constantFrom('EUR', 'USD');
    fc.assert(
      fc.property(
        fc.double({ min: -1e4, max: 1e4, noNaN: true }),
        energy,
        energy,
        money,
        money,
        (value, a, b, x, y) => {
          const there = convertPrice(value, unit(x, a), unit(y, b), [EUR_USD]);
          const back = convertPrice(there, unit(y, b), unit(x, a), [EUR_USD]);
          expect(Math.abs(back - value)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(value)));
        },
      ),
    );
  });
});

describe('no conversion, no price', () => {
  test.each([
    [unit('EUR', 'MWh'), unit('USD', 'MWh'), [], 'No exchange rate from EUR to USD is given'],
    [unit('GBp', 'therm'), unit('EUR', 'therm'), [EUR_USD], 'No exchange rate from GBP to EUR is given'],
    // Not by way of USD: rates are not chained.
    [unit('GBP', 'MWh'), unit('EUR', 'MWh'), [EUR_USD, GBP_USD], 'No exchange rate from GBP to EUR is given'],
    [unit('USD', 'bbl'), unit('USD', 'MMBtu'), [], 'No conversion from bbl to MMBtu'],
    [unit('EUR', 'tonne'), unit('EUR', 'MWh'), [], 'No conversion from tonne to MWh'],
    [unit('USD', 'MWh (certificate)'), unit('USD', 'MWh'), [], 'No conversion from MWh (certificate) to MWh'],
    [unit('EUR', 'constructor'), unit('EUR', 'MWh'), [], 'No conversion from constructor to MWh'],
    [unit('EUR', null), unit('EUR', 'MWh'), [], 'No conversion from an unknown unit to MWh'],
  ])('%o to %o', (from, to, rates, message) => {
    expect(() => convertPrice(1, from, to, rates, 'terms.price')).toThrow(
      expect.objectContaining({ code: 'conversion_missing', message, place: { field: 'terms.price' } }),
    );
  });

  test.each([
    [[{ base: 'EUR', quote: 'USD', rate: 0 }], 'fx_rate_impossible', 'rates.0'],
    [[{ base: 'EUR', quote: 'USD', rate: Number.NaN }], 'fx_rate_impossible', 'rates.0'],
    [[{ base: 'EUR', quote: 'EUR', rate: 1 }], 'fx_rate_impossible', 'rates.0'],
    [[{ base: 'GBp', quote: 'USD', rate: 0.0135 }], 'fx_rate_impossible', 'rates.0'],
    [[EUR_USD, { base: 'USD', quote: 'EUR', rate: 0.9 }], 'fx_rates_disagree', 'rates.1'],
    [[EUR_USD, { ...EUR_USD, rate: 1.18 }], 'fx_rates_disagree', 'rates.1'],
  ])('rates %o: %s', (rates, code, field) => {
    expect(() => currencyRatio('EUR', 'USD', rates)).toThrow(
      expect.objectContaining({ code, place: { field } }),
    );
  });

  test('a price that is no number is refused', () => {
    expect(() => convertPrice(Number.NaN, unit('EUR', 'MWh'), unit('EUR', 'MWh'))).toThrow(
      expect.objectContaining({ code: 'price_not_finite' }),
    );
  });
});

describe('sums of money', () => {
  test('terms are converted first, pence are not pounds', () => {
    const terms = [
      { amount: 100, currency: 'GBP' },
      { amount: 100, currency: 'GBp' },
      { amount: 135, currency: 'USD' },
    ];
    const { amount, currency } = sumMoney(terms, 'GBP', [GBP_USD]);
    expect(currency).toBe('GBP');
    expect(amount).toBeCloseTo(201, 12);
  });

  test('different currencies without a rate are never summed', () => {
    const terms = [
      { amount: 1, currency: 'EUR' },
      { amount: 1, currency: 'USD' },
    ];
    expect(() => sumMoney(terms, 'EUR', [], 'cashflows')).toThrow(
      expect.objectContaining({
        code: 'conversion_missing',
        message: 'No exchange rate from USD to EUR is given',
        place: { field: 'cashflows[1].currency' },
      }),
    );
  });

  test('the order of the terms does not show', () => {
    const terms = [1e16, 1, -1e16, 3.3, 1e-9].map((amount) => ({ amount, currency: 'EUR' }));
    expect(sumMoney(terms.toReversed(), 'EUR').amount).toBeCloseTo(sumMoney(terms, 'EUR').amount, 9);
  });
});

test('a text that no unit is written as has no quantity, whatever objects are made of', () => {
  expect(parseUnit('USD/constructor')).toEqual({ currency: 'USD', per_unit: null });
  expect(parseUnit('USD/Short_Ton')).toEqual({ currency: 'USD', per_unit: 'short_ton' });
});
