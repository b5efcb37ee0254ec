/**
 * The adapters on real workbooks, which lie outside the project: counts, keys and relations, never a price. The folder is
 * `AURUM_REAL_WORKBOOKS` or `../shared/workbooks` beside the project; without it these tests are skipped.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CurveTable, rowsOf } from '#lib/domain/curve.ts';
import { CellKind, cellIndex, type Sheet, type Workbook } from '#lib/domain/sheet.ts';
import { coveredMonths } from '#lib/domain/tenor.ts';
import { CellRole } from '#lib/domain/vendor.ts';
import { parseCells } from '#lib/flows/parse-workbook.ts';
import { adapter as eugp } from '#lib/vendors/eugp.ts';
import { adapter as pw } from '#lib/vendors/pw.ts';
import { adapter as rp } from '#lib/vendors/rp.ts';
import { readWorkbook } from '#lib/workbook/read.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';

const FOLDER = resolve(
  process.env.AURUM_REAL_WORKBOOKS ?? join(import.meta.dirname, '../../../../shared/workbooks'),
);
const missing = !existsSync(join(FOLDER, 'EOD_RP_20250912_1430.xlsx'));
const WHY = missing ? ` (skipped: no real workbooks in ${FOLDER})` : '';
const ADAPTERS = [eugp, pw, rp];
/** Three decimals in the workbook, and a little for the arithmetic. */
const ROUNDING = 0.0005 + 1e-6;

const parsed = new Map<
  string,
  { workbook: Workbook; outcome: ReturnType<typeof parseCells>; rows: CurveObservation[] }
>();
function parse(name: string) {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const source_file = `EOD_${name}_1430.xlsx`;
  const bytes = readFileSync(join(FOLDER, source_file));
  const workbook = readWorkbook(bytes, { source_file });
  const outcome = parseCells(workbook, { source_file, bytes }, ADAPTERS);
  const result = { workbook, outcome, rows: [...rowsOf(outcome.table, '2025-09-12T22:00:00.000Z')] };
  parsed.set(name, result);
  return result;
}

const kinds = (rows: readonly CurveObservation[]) => {
  const sparks = rows.filter((row) => row.spark_location !== null).length;
  const months = rows.filter((row) => row.tenor_type === 'MONTHLY').length - sparks;
  return [months, rows.length - months - sparks, sparks];
};
const keysOf = (table: CurveTable) => new Set(table.series.map((series) => series.curve_key));

describe.skipIf(missing)(`real workbooks${WHY}`, () => {
  it.each([
    ['EUGP_20250214', 'eugp', 11_483, [5_808, 1_440, 4_235], 83],
    ['EUGP_20250912', 'eugp', 11_483, [5_808, 1_440, 4_235], 83],
    ['RP_20250214', 'rp', 26_980, [21_655, 5_325, 0], 355],
    ['RP_20250912', 'rp', 27_816, [22_326, 5_490, 0], 366],
  ] as const)(
    '%s: rows, kinds and keys are the measured ones, no failure, no price unaccounted',
    (name, vendor, count, by, keys) => {
      const { outcome, rows } = parse(name);
      expect(outcome.vendor).toBe(vendor);
      expect(outcome.table.length).toBe(count);
      expect(kinds(rows)).toEqual(by);
      expect(keysOf(outcome.table).size).toBe(keys);
      expect(outcome.failures).toEqual([]);
      for (const { roles, unaccounted_prices } of outcome.coverage) {
        expect(roles.includes(0)).toBe(false);
        expect(unaccounted_prices).toBe(0);
      }
    },
  );

  it.each(['EUGP_20250214', 'EUGP_20250912', 'RP_20250214', 'RP_20250912'])(
    '%s: every value equals its cell',
    (name) => {
      const { workbook, outcome, rows } = parse(name);
      const sheets = new Map(workbook.sheets.map((sheet) => [sheet.name, sheet]));
      const used = new Set<string>();
      let wrong = 0;
      for (const row of rows) {
        if (row.price_type !== 'Mid' || row.mid !== cellAt(sheets, row.source_cell) || row.value !== row.mid)
          wrong++;
        used.add(row.source_cell);
        if (row.source_cell_bid_ask === null) continue;
        used.add(row.source_cell_bid_ask);
        const sides = String(cellAt(sheets, row.source_cell_bid_ask)).split('/').map(Number);
        if (row.bid !== sides[0]! + 0 || row.ask !== sides[1]! + 0) wrong++;
      }
      expect(wrong).toBe(0);
      const prices = outcome.coverage.reduce(
        (sum, { roles }) => sum + roles.filter((role) => role === CellRole.price).length,
        0,
      );
      expect(used.size).toBe(prices);
    },
  );

  it('identities, keys and units are the expected ones; a unit guessed from prices is no unit', () => {
    const expected = csv(readFileSync(join(FOLDER, 'identities_expected.csv'), 'utf8'));
    const series = new Map(
      ['EUGP_20250912', 'RP_20250912']
        .flatMap((name) => parse(name).outcome.table.series)
        .map((one) => [one.curve_key, one]),
    );
    expect(expected).toHaveLength(449);
    expect(series.size).toBe(449);
    for (const line of expected) {
      const { unit_evidence, currency, per_unit } = line;
      const known = unit_evidence !== 'level' && !unit_evidence!.startsWith('none');
      const found = series.get(line.curve_key_sha256!);
      expect(found, `${line.vendor} ${line.col}`).toEqual({
        asset_class: line.asset_class,
        iso: line.iso || null,
        region: line.region || null,
        location: line.location || null,
        market: line.market || null,
        product: line.product,
        block: line.block || null,
        spark_location: line.spark_location || null,
        units_raw: null,
        currency: known ? currency : null,
        per_unit: known ? per_unit : null,
        curve_key: line.curve_key_sha256,
      });
    }
  });

  it('the earlier RP file has eleven curves less, all of them known later', () => {
    const later = keysOf(parse('RP_20250912').outcome.table);
    const earlier = keysOf(parse('RP_20250214').outcome.table);
    expect([...earlier].filter((key) => !later.has(key))).toEqual([]);
    expect(later.size - earlier.size).toBe(11);
  });

  it('the regional sheets of RP are copies, all of them proved equal', () => {
    for (const [name, columns] of [
      ['RP_20250214', [148, 142, 57, 66]],
      ['RP_20250912', [154, 143, 57, 71]],
    ] as const) {
      const copies = parse(name).outcome.coverage.filter((sheet) => !/Prices|Blocks/.test(sheet.sheet));
      expect(copies.map((sheet) => sheet.ignored['regional copy, equal to Fixed Prices - Mid'])).toEqual(
        columns.map((count) => count * 61),
      );
    }
  });

  it.each(['EUGP_20250214', 'EUGP_20250912', 'RP_20250214', 'RP_20250912'])(
    '%s: every strip is the mean of the months it covers from the as-of month on',
    (name) => {
      const { outcome, rows } = parse(name);
      const months = new Map(
        rows
          .filter((row) => row.tenor_type === 'MONTHLY')
          .map((row) => [row.curve_key + row.contract_month, row.mid!]),
      );
      let checked = 0;
      for (const strip of rows.filter((row) => row.tenor_type !== 'MONTHLY')) {
        const covered = coveredMonths(strip, outcome.table.asof_date, eugp.seasons);
        const prices = covered
          .map((month) => months.get(strip.curve_key + month))
          .filter((price) => price !== undefined);
        if (prices.length < covered.length) continue; // beyond the last month of the sheet
        checked++;
        expect(
          Math.abs(strip.mid! - prices.reduce((sum, price) => sum + price, 0) / prices.length),
        ).toBeLessThanOrEqual(ROUNDING);
      }
      expect(checked).toBeGreaterThan(rows.filter((row) => row.tenor_type !== 'MONTHLY').length * 0.7);
    },
  );

  it.each(['EUGP_20250214', 'EUGP_20250912'])(
    '%s: every spark is power minus heat rate times gas',
    (name) => {
      const { rows } = parse(name);
      const place = (row: CurveObservation, location: string | null) =>
        `${location}|${row.block ?? ''}|${row.contract_month}`;
      const legs = new Map(
        rows
          .filter(
            (row) =>
              row.tenor_type === 'MONTHLY' && row.spark_location === null && row.asset_class !== 'carbon',
          )
          .map((row) => [place(row, row.location), row.mid!]),
      );
      let checked = 0;
      for (const spark of rows.filter((row) => row.spark_location !== null)) {
        const power = legs.get(place(spark, spark.location))!;
        const gas = legs.get(`${spark.spark_location}||${spark.contract_month}`)!;
        expect(Math.abs(spark.mid! - (power - eugp.heatRates![spark.region!]! * gas))).toBeLessThan(1e-6);
        checked++;
      }
      expect(checked).toBe(4_235);
    },
  );
});

/** Number or text of the cell at `Sheet!H42`, found without the functions that made the address. */
function cellAt(sheets: ReadonlyMap<string, Sheet>, address: string): number | string | undefined {
  const [, name, letters, row] = /^(.*)!([A-Z]+)(\d+)$/.exec(address)!;
  const sheet = sheets.get(name!)!;
  const column = [...letters!].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
  const index = cellIndex(sheet, Number(row), column);
  const value = sheet.numbers[index]!;
  return sheet.kinds[index] === CellKind.text ? sheet.texts[value] : value;
}

function csv(text: string): Record<string, string>[] {
  const [head, ...lines] = text.trim().split(/\r?\n/);
  const fields = (line: string) =>
    [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map((found) => found[1] ?? found[2]!);
  const names = fields(head!);
  return lines.map((line) => Object.fromEntries(fields(line).map((value, at) => [names[at]!, value])));
}
