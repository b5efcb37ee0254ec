import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exceljsWorkbookWriter } from '#lib/adapters/workbook-writer/exceljs.ts';
import { dateOfSerial } from '#lib/domain/sheet.ts';
import type { SheetModel } from '#lib/domain/sheet-model.ts';
import { coveredMonths, OTC_SEASONS, parseTenor } from '#lib/domain/tenor.ts';
import { parseWorkbook } from '#lib/flows/parse-workbook.ts';
import { sampleRp } from '#lib/samples/rp.ts';
import { rpColumns } from '#lib/samples/rp-columns.ts';
import { SAMPLE_VENDORS, sampleWorkbook } from '#lib/samples/sample-workbook.ts';
import { adapters } from '#lib/vendors/registry.gen.ts';

const ASOF = '2025-09-12';
const CREATED = '2025-09-12T21:15:00.000Z';
const write = (sheets: readonly SheetModel[]) =>
  exceljsWorkbookWriter().write(sheets, { created_at: CREATED });

const sheetNamed = (sheets: readonly SheetModel[], name: string): SheetModel =>
  sheets.find((sheet) => sheet.name === name)!;

/** Value of a cell, undefined when absent. */
function valueAt(sheet: SheetModel, row: number, column: number): number | string | undefined {
  return sheet.rows.find((r) => r.row === row)?.cells.find((cell) => cell.column === column)?.value;
}

const firstTenor = 12;
const tenorRows = (sheet: SheetModel) =>
  sheet.rows.filter(({ row, cells }) => row >= firstTenor && cells[0]?.column === 2);
const lastColumn = (sheet: SheetModel): number =>
  Math.max(...sheet.rows.map(({ cells }) => cells.at(-1)?.column ?? 0));
const pricesOf = (sheet: SheetModel, column: number): number[] =>
  tenorRows(sheet).map(({ row }) => valueAt(sheet, row, column) as number);

const stripsOf: Readonly<Record<string, string>> = { pw: 'Strips', eugp: 'Strips', rp: 'Seasonal Blocks' };

describe('a generated workbook', () => {
  it.each(SAMPLE_VENDORS)(
    '%s is the same for the same seed and day, another one for another seed',
    (vendor) => {
      const cells = (seed: number) => JSON.stringify(sampleWorkbook(vendor, ASOF, { seed }).sheets);
      expect(cells(7)).toBe(cells(7));
      expect(cells(7)).not.toBe(cells(8));
    },
  );

  it('is written to the same bytes', async () => {
    const { sheets } = sampleWorkbook('eugp', ASOF);
    expect(Buffer.compare(await write(sheets), await write(sheets))).toBe(0);
  });

  it('carries no time of its own making in its zip entries', async () => {
    const bytes = Buffer.from(await write(sampleWorkbook('pw', ASOF).sheets));
    const local = bytes.readUInt16LE(12);
    expect({ year: 1980 + (local >> 9), month: (local >> 5) & 15, day: local & 31 }).toEqual({
      year: 2025,
      month: 9,
      day: 12,
    });
  });

  it.each([
    ['pw', 29 * (61 + 21)],
    ['eugp', 48 * (121 + 30) + 35 * 121],
    ['rp', 366 * (61 + 15)],
  ])('%s goes through the parser: %i rows, no failure, no price left over', async (vendor, rows) => {
    const { file_name, sheets } = sampleWorkbook(vendor, ASOF);
    const parsed = parseWorkbook(
      { source_file: file_name, bytes: await write(sheets), expected_asof: ASOF },
      adapters,
    );
    expect(parsed.vendor).toBe(vendor);
    expect(parsed.table.length).toBe(rows);
    expect(parsed.failures).toEqual([]);
    expect(parsed.coverage.map(({ unaccounted_prices }) => unaccounted_prices)).toEqual(sheets.map(() => 0));
  });

  it.each(SAMPLE_VENDORS)(
    '%s: each strip is the mean of its months from the as-of month on, on three decimals',
    (vendor) => {
      for (const asof of [ASOF, '2025-02-14', '2025-12-31', '2026-01-01', '2026-04-01']) {
        const { sheets } = sampleWorkbook(vendor, asof);
        const fixed = sheetNamed(sheets, 'Fixed Prices - Mid');
        const strips = sheetNamed(sheets, `${stripsOf[vendor]} - Mid`);
        const months = tenorRows(fixed).map(({ cells }) => dateOfSerial(cells[0]!.value as number));
        for (const column of [3, lastColumn(fixed)]) {
          const prices = pricesOf(fixed, column);
          for (const { row, cells } of tenorRows(strips)) {
            const tenor = parseTenor(String(cells[0]!.value), asof, OTC_SEASONS)!;
            const covered = coveredMonths(tenor, asof, OTC_SEASONS).map(
              (month) => prices[months.indexOf(month)]!,
            );
            const mean = covered.reduce((sum, price) => sum + price, 0) / covered.length;
            const mid = valueAt(strips, row, column) as number;
            expect(Math.abs(mid - mean), `${cells[0]!.value} as of ${asof}`).toBeLessThanOrEqual(
              0.0005 + 1e-9,
            );
            expect(mid).toBe(Number(mid.toFixed(3)));
          }
        }
      }
    },
  );

  it.each(SAMPLE_VENDORS)(
    '%s: every quote has one form and lies around the mid, wider with distance',
    (vendor) => {
      const { sheets } = sampleWorkbook(vendor, ASOF);
      for (const kind of ['Fixed Prices', stripsOf[vendor]]) {
        const mid = sheetNamed(sheets, `${kind} - Mid`);
        const quotes = sheetNamed(sheets, `${kind} - BidAsk`);
        for (const { row, cells } of tenorRows(quotes)) {
          const mids = mid.rows.find((other) => other.row === row)!.cells;
          for (const [at, { column, value }] of cells.entries()) {
            if (column === 2) continue;
            const sides = /^(-?\d+\.\d{3}) {3}\/ {3}(-?\d+\.\d{3})$/.exec(String(value));
            if (sides === null) expect.fail(`${quotes.name} row ${row} column ${column}: ${value}`);
            const [bid, ask] = [Number(sides[1]), Number(sides[2])];
            const difference = Math.abs((mids[at]!.value as number) - (bid + ask) / 2);
            if (!(bid < ask && difference <= 0.0005 + 1e-9))
              expect.fail(`${quotes.name} row ${row} column ${column}: ${value}`);
          }
        }
      }
      const widths = tenorRows(sheetNamed(sheets, 'Fixed Prices - BidAsk')).map(({ cells }) => {
        const [bid, ask] = String(cells[1]!.value).split('/').map(Number);
        return ask! - bid!;
      });
      expect(widths[30]! / widths[0]!).toBeCloseTo(1 + Math.log(31), 1);
    },
  );
});

describe('day by day', () => {
  const nearest = (vendor: string, asof: string): number[] => {
    const fixed = sheetNamed(sampleWorkbook(vendor, asof).sheets, 'Fixed Prices - Mid');
    return [3, 5, 12].map((column) => pricesOf(fixed, column)[3]!);
  };

  it.each(['pw', 'eugp'])('%s prices move a little, and every day', (vendor) => {
    const days = ['2025-09-08', '2025-09-09', '2025-09-10', '2025-09-11', '2025-09-12', '2025-09-15'];
    const prices = days.map((day) => nearest(vendor, day));
    for (let day = 1; day < days.length; day++) {
      prices[day]!.forEach((price, curve) => {
        const move = Math.abs(price / prices[day - 1]![curve]! - 1);
        expect(move).toBeGreaterThan(0);
        expect(move).toBeLessThan(0.05);
      });
    }
  });

  it('keeps a delivery month on its level when the months roll', () => {
    const december = (asof: string, row: number) =>
      valueAt(sheetNamed(sampleWorkbook('pw', asof).sheets, 'Fixed Prices - Mid'), row, 3) as number;
    // December 2025 is the fourth month in September, the third in October.
    expect(Math.abs(december('2025-10-01', 14) / december('2025-09-30', 15) - 1)).toBeLessThan(0.05);
  });
});

describe('EUGP', () => {
  const { sheets } = sampleWorkbook('eugp', ASOF);
  const fixed = sheetNamed(sheets, 'Fixed Prices - Mid');
  const spark = sheetNamed(sheets, 'Spark Spread');
  const columnOf = (product: string, peak: string): number => {
    for (let column = 3; column <= 50; column++) {
      if (valueAt(fixed, 7, column) === product && valueAt(fixed, 8, column) === peak) return column;
    }
    throw new Error(`${product} ${peak}`);
  };

  it('has 48 price columns and 35 spark spreads, all under their own names', () => {
    expect([lastColumn(fixed), lastColumn(spark)]).toEqual([50, 37]);
    const identities = Array.from({ length: 48 }, (_, at) =>
      [6, 7, 8].map((row) => valueAt(fixed, row, at + 3)).join('>'),
    );
    expect(new Set(identities).size).toBe(48);
    expect(identities.filter((identity) => identity.endsWith('>NA'))).toHaveLength(11);
  });

  it('spark = power - heat rate x gas in every column and month', () => {
    for (let column = 3; column <= 37; column++) {
      const [location, product, peak, hub] = [6, 7, 8, 9].map((row) => String(valueAt(spark, row, column)));
      const power = pricesOf(fixed, columnOf(product!, peak!.toUpperCase()));
      const gas = pricesOf(fixed, columnOf(hub!, 'NA'));
      const heatRate = location === 'UK' ? 0.694513017 : 2;
      pricesOf(spark, column).forEach((price, month) => {
        expect(Math.abs(price - (power[month]! - heatRate * gas[month]!))).toBeLessThan(1e-9);
      });
    }
  });

  it('orders seasons by which comes first', () => {
    const blocks = (asof: string) => {
      const strips = sheetNamed(sampleWorkbook('eugp', asof).sheets, 'Strips - Mid');
      return [12, 23, 34].map((row) => valueAt(strips, row, 2));
    };
    expect(blocks('2025-02-14')).toEqual(['Calendar 2025', 'Winter 2025', 'Summer 2025']);
    expect(blocks('2025-09-12')).toEqual(['Calendar 2025', 'Summer 2025', 'Winter 2026']);
    expect(valueAt(sheetNamed(sheets, 'Strips - Mid'), 22, 3)).toBe('');
  });
});

describe('RP', () => {
  const sheets = sampleRp({ asof_date: ASOF, seed: 1 });
  const fixed = sheetNamed(sheets, 'Fixed Prices - Mid');

  it('has 367 columns, one of them twice side by side, one name with a blank at its end', () => {
    const columns = rpColumns({ inserted: true });
    const names = columns.map(({ region, location, product }) => `${region}|${location}|${product}`);
    const twice = names.findIndex((name, at) => names.indexOf(name) !== at);
    expect(columns).toHaveLength(367);
    expect(new Set(names.map((name) => name.trim().toLowerCase())).size).toBe(366);
    expect(names[twice - 1]).toBe(names[twice]);
    expect(columns.filter(({ product }) => product !== product.trim())).toHaveLength(1);
    expect(Math.max(...columns.map(({ product }) => product.length))).toBeLessThanOrEqual(93);
  });

  it('loses eleven columns from the middle, in order, before the insertion', () => {
    const before = rpColumns({ inserted: false });
    const after = rpColumns({ inserted: true });
    expect(before).toHaveLength(356);
    expect(
      after.filter((column) =>
        before.some(({ location, product }) => column.location === location && column.product === product),
      ),
    ).toEqual(before);
    expect(
      lastColumn(sheetNamed(sampleRp({ asof_date: ASOF, seed: 1, inserted: false }), 'Fixed Prices - Mid')),
    ).toBe(358);
  });

  it('has about a fifth of its months below zero and some exactly zero', () => {
    const prices = tenorRows(fixed).flatMap(({ cells }) =>
      cells.slice(1).map(({ value }) => value as number),
    );
    const below = prices.filter((price) => price < 0).length / prices.length;
    expect(below).toBeGreaterThan(0.15);
    expect(below).toBeLessThan(0.25);
    expect(prices.filter((price) => price === 0).length).toBeGreaterThan(100);
  });

  it('repeats columns of the first sheet in the regional sheets, price for price', () => {
    const europe = sheetNamed(sheets, 'Europe');
    const columns = lastColumn(fixed) - 2;
    const nameOf = (sheet: SheetModel, column: number) =>
      `${valueAt(sheet, 7, column)}|${valueAt(sheet, 8, column)}`;
    const names = Array.from({ length: columns }, (_, at) => nameOf(fixed, at + 3));
    for (const column of [3, 40, 145]) {
      const original = names.indexOf(nameOf(europe, column)) + 3;
      expect(original).toBeGreaterThan(2);
      expect(pricesOf(europe, column)).toEqual(pricesOf(fixed, original));
    }
    expect(names.filter((name) => name.startsWith('Middle East'))).toHaveLength(12);
  });

  const real = process.env.AURUM_REAL_WORKBOOKS ?? '../shared/workbooks';
  const realColumns = existsSync(real) ? readdirSync(real).filter((name) => name === 'rp_columns.csv') : [];
  it.skipIf(realColumns.length === 0)(
    'invents its product names (compared with the vendor list where that is at hand)',
    async () => {
      const { readFileSync } = await import('node:fs');
      const list = readFileSync(`${real}/rp_columns.csv`, 'utf8').toLowerCase();
      const vendorNames = new Set(
        list.split('\n').map((line) => line.split(',')[2]?.replaceAll('"', '').trim()),
      );
      const taken = rpColumns({ inserted: true }).filter(({ product }) =>
        vendorNames.has(product.trim().toLowerCase()),
      );
      expect(taken.map(({ product }) => product)).toEqual([]);
    },
  );
});

describe('PW', () => {
  const { sheets } = sampleWorkbook('pw', ASOF);

  it('begins with PJM West on peak and names its strips in several ways', () => {
    const [fixed, , strips] = sheets;
    expect([6, 7, 8, 9].map((row) => valueAt(fixed!, row, 3))).toEqual(['PJM', 'West', 'ON_PEAK', 'USD/MWh']);
    const labels = tenorRows(strips!).map(({ cells }) => cells[0]!.value);
    expect(labels).toEqual(
      expect.arrayContaining([
        'Bal 2025',
        'Q3 2025',
        'Q1 2026',
        'Calendar 2026',
        'Summer 2026',
        'Winter 2026',
      ]),
    );
    expect(labels).not.toContain('Calendar 2025');
  });
});
