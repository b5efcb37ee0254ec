import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CellKind } from '#lib/domain/sheet.ts';
import { nearestDouble } from '#lib/workbook/decimal.ts';
import { readOrRefusal } from '#tests/fixtures/hostile/cells.ts';
import { workbookBytes } from '#tests/fixtures/hostile/workbook.ts';

/** The text as the scanner splits it: 9 digits, 9 digits, and how many of them are decimals. */
function split(digits: string, decimals: number): [number, number, number, number] {
  return [Number(digits.slice(0, 9)), Number(digits.slice(9)), digits.length, decimals];
}

test('a mantissa of up to 18 digits over a power of ten is what Number gives, bit for bit', () => {
  let told = 0;
  let tried = 0;
  const digit = fc.integer({ min: 0, max: 9 });
  const digits = fc.array(digit, { minLength: 0, maxLength: 17 }).map((rest) => rest.join(''));
  const first = fc.integer({ min: 1, max: 9 });
  const decimals = fc.integer({ min: -23, max: 23 });
  fc.assert(
    fc.property(first, digits, decimals, (lead, rest, places) => {
      const mantissa = `${lead}${rest}`;
      const nearest = nearestDouble(...split(mantissa, places));
      tried++;
      if (Number.isNaN(nearest)) return true;
      told++;
      return Object.is(nearest, Number(`${mantissa}e${-places}`));
    }),
    { numRuns: 50_000 },
  );
  // It may leave a number to Number, but must not leave most of them.
  expect(told / tried).toBeGreaterThan(0.6);
});

test('prices of 17 digits are told without asking Number', () => {
  let asked = 0;
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 10_000, noNaN: true }), (price) => {
      const [whole, fraction = ''] = String(price).split('.');
      const mantissa = `${whole}${fraction}`.replace(/^0+/, '');
      const nearest = nearestDouble(...split(mantissa, fraction.length));
      if (Number.isNaN(nearest)) asked++;
      return Number.isNaN(nearest) || nearest === price;
    }),
    { numRuns: 20_000 },
  );
  expect(asked).toBeLessThan(20);
});

test('halfway cases are rounded to even or left to Number', () => {
  // 2^53 + 1 lies halfway between two doubles, as do its multiples by a power of two.
  for (const mantissa of ['9007199254740993', '18014398509481986', '36028797018963972', '9007199254740991']) {
    for (let decimals = 0; decimals <= 22; decimals++) {
      const nearest = nearestDouble(...split(mantissa, decimals));
      if (!Number.isNaN(nearest)) expect(nearest).toBe(Number(`${mantissa}e-${decimals}`));
    }
  }
});

test('every number text a cell can hold is read as Number reads it, by scanner and strict parser', () => {
  const hand = [
    '0',
    '-0',
    '0.000',
    '-0.5',
    '.5',
    '5.',
    '1E+2',
    '1e-05',
    '1.5E308',
    '5e-324',
    '1e-400',
    '007.50',
  ];
  const long = [
    '0.1',
    '3.14159265358979323846264338327950288',
    '123456789012345678901234567890',
    '0.000000000000000000000001',
  ];
  const drawn = fc.sample(
    fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map((price) => price.toPrecision(17)),
      fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map((price) => price.toFixed(3)),
      fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .map((price) => price.toExponential(16).toUpperCase()),
    ),
    { numRuns: 5_000, seed: 7 },
  );
  const texts = [...hand, ...long, ...drawn];
  const rows = texts.map((text, n) => `<row r="${n + 1}"><c r="A${n + 1}"><v>${text}</v></c></row>`).join('');
  const bytes = workbookBytes({ rows });
  for (const reading of ['fast', 'strict'] as const) {
    const workbook = readOrRefusal(bytes, { reading });
    if (workbook instanceof Error) throw workbook;
    const { numbers, kinds } = workbook.sheets[0]!;
    expect(numbers.length).toBe(texts.length);
    expect(kinds.every((kind) => kind === CellKind.number)).toBe(true);
    expect(texts.filter((text, n) => !Object.is(numbers[n], Number(text)))).toEqual([]);
  }
});
