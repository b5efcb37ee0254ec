/** Whatever stands in the cells, each is accounted for once, and rows and failures are as many as the cells say. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { looksPriced } from '#lib/domain/coverage.ts';
import type { ParsedWorkbook } from '#lib/domain/vendor.ts';
import { CellRole } from '#lib/domain/vendor.ts';
import { adapter as eugp } from '#lib/vendors/eugp.ts';
import { adapter as rp } from '#lib/vendors/rp.ts';
import { curveObservation } from '#schemas/curve-observation.ts';
import type { CellValue } from '#tests/fixtures/sheet-builder.ts';
import { day } from '#tests/fixtures/sheet-builder.ts';
import { EUGP_HEADERS, eugpBook, parseWith, type Rows, RP_HEADERS, rows, rpBook } from './vendor-books.ts';

const tenor = fc.constantFrom<CellValue>(
  day('2025-09-01'),
  day('2025-10-01'),
  day('2025-10-15'),
  'Calendar 2026',
  'Cal 26',
  'Winter 2026',
  'Soon',
  '',
  null,
  17,
);
const price = fc.constantFrom<CellValue>(
  1,
  1,
  2,
  0,
  -3,
  '1',
  '(2)',
  'n/a',
  '',
  null,
  'call',
  '1 / 2',
  '1   /   2',
  '2 / 1',
  '1 /',
  true,
  {
    error: '#N/A',
  },
);
const grid = (columns: number) =>
  fc.array(fc.tuple(tenor, ...Array.from({ length: columns }, () => price)), {
    maxLength: 6,
  }) as fc.Arbitrary<Rows>;
const headersOf = (headers: typeof EUGP_HEADERS) =>
  fc
    .array(fc.integer({ min: 1, max: headers[0]!.length - 1 }), { minLength: 1, maxLength: 4 })
    .map(
      (picked) =>
        headers.map((row) => [row[0], ...picked.map((at) => row[at])]) as unknown as typeof EUGP_HEADERS,
    );

function expectAccounted(parsed: ParsedWorkbook, workbook: ReturnType<typeof eugpBook>): void {
  const priceCells = new Set<string>();
  for (const row of rows(parsed)) {
    curveObservation.parse(row);
    priceCells.add(row.source_cell);
    if (row.source_cell_bid_ask !== null) priceCells.add(row.source_cell_bid_ask);
  }
  let prices = 0;
  let failures = 0;
  parsed.coverage.forEach((coverage, at) => {
    const sheet = workbook.sheets[at]!;
    const ignored = Object.values(coverage.ignored).reduce((sum, count) => sum + count, 0);
    const count = (role: number) => coverage.roles.filter((one) => one === role).length;
    expect(coverage.roles).toHaveLength(sheet.cellCount);
    expect(count(0)).toBe(0);
    expect(count(CellRole.ignored)).toBe(ignored);
    prices += count(CellRole.price);
    failures += count(CellRole.failed);
    for (let index = 0; index < sheet.cellCount; index++) {
      if (sheet.rowStart[11]! <= index && looksPriced(sheet, index)) {
        expect([CellRole.price, CellRole.failed, CellRole.ignored, CellRole.tenor]).toContain(
          coverage.roles[index],
        );
      }
    }
  });
  expect(priceCells.size).toBe(prices);
  expect(parsed.failures).toHaveLength(failures);
  expect(new Set(parsed.failures.map(({ sheet, cell }) => `${sheet}!${cell}`)).size).toBe(failures);
  const keys = rows(parsed).map((row) => `${row.curve_key}|${row.tenor_type}|${row.contract_month}`);
  expect(new Set(keys).size).toBe(keys.length);
}

describe('every cell of a workbook', () => {
  it('of EUGP, whatever stands in it', () => {
    fc.assert(
      fc.property(headersOf(EUGP_HEADERS), grid(5), grid(5), grid(5), (headers, mid, strips, bidAsk) => {
        const workbook = eugpBook({ headers, mid, strips, bidAsk });
        expectAccounted(parseWith(eugp, workbook), workbook);
      }),
      { numRuns: 150 },
    );
  });

  it('of RP with its copies, whatever stands in it', () => {
    fc.assert(
      fc.property(headersOf(RP_HEADERS), grid(5), grid(5), grid(3), (headers, mid, bidAsk, copy) => {
        const workbook = rpBook({ headers, mid, bidAsk, copy });
        expectAccounted(parseWith(rp, workbook), workbook);
      }),
      { numRuns: 150 },
    );
  });
});
