import { describe, expect, it } from 'vitest';
import { parseUnit } from '#lib/domain/units.ts';

describe('a unit text', () => {
  it.each([
    ['USD/MWh', 'USD', 'MWh'],
    ['CAD - MWh', 'CAD', 'MWh'],
    ['usd per mmbtu', 'USD', 'MMBtu'],
    ['C$', 'CAD', null],
    ['US$/MWh', 'USD', 'MWh'],
    ['$', 'USD', null],
    ['€/MWh', 'EUR', 'MWh'],
    ['£/MWh', 'GBP', 'MWh'],
    ['p/therm', 'GBp', 'therm'],
    ['GBp/therm', 'GBp', 'therm'],
    ['GBP/therm', 'GBP', 'therm'],
    ['EUR/t', 'EUR', 'tonne'],
    ['USD\u00a0/\u00a0bbl', 'USD', 'bbl'],
    ['USD/furlong', 'USD', null],
  ])('%j is %s per %s', (text, currency, per_unit) => {
    expect(parseUnit(text)).toEqual({ currency, per_unit });
  });

  it.each(['', 'MWh', 'Mid', 'PJM', 'ON_PEAK', 'constructor', '45.25', 'X$', `USD${' '.repeat(100)}`])(
    '%j holds no currency',
    (text) => {
      expect(parseUnit(text)).toBeUndefined();
    },
  );
});
