/** The adapters on generated workbooks, straight from the models: what is generated is read, whole and exact. */
import { describe, expect, it } from 'vitest';
import { rowsOf } from '#lib/domain/curve.ts';
import { dateOfSerial } from '#lib/domain/sheet.ts';
import type { SheetModel } from '#lib/domain/sheet-model.ts';
import { coveredMonths } from '#lib/domain/tenor.ts';
import { parseCells } from '#lib/flows/parse-workbook.ts';
import { sampleWorkbook } from '#lib/samples/sample-workbook.ts';
import { adapter as eugp } from '#lib/vendors/eugp.ts';
import { adapter as pw } from '#lib/vendors/pw.ts';
import { adapter as rp } from '#lib/vendors/rp.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { type CellValue, day, sheetOf, workbookOf } from '#tests/fixtures/sheet-builder.ts';

const ADAPTERS = [eugp, pw, rp];

/** A number under the label column with a date's style is a date, as the reader would say. */
function cellsOf(model: SheetModel) {
  const rows: CellValue[][] = [];
  for (const { row, cells } of model.rows) {
    rows[row - 1] = [];
    for (const { column, value, style } of cells) {
      const isDate = typeof value === 'number' && (style === 'date' || style === 'month');
      rows[row - 1]![column - 1] = isDate ? day(dateOfSerial(value)!) : value;
    }
  }
  return sheetOf(
    model.name,
    Array.from(rows, (row) => Array.from(row ?? [])),
  );
}

const strip = (row: CurveObservation) => row.tenor_type !== 'MONTHLY';

describe.each(['pw', 'eugp', 'rp'])('a generated workbook of %s', (vendor) => {
  it.each(['2025-01-02', '2025-09-12', '2025-12-31'])('of %s', (asof_date) => {
    const { file_name, sheets } = sampleWorkbook(vendor, asof_date);
    const workbook = workbookOf(...sheets.map(cellsOf));
    const source = { source_file: file_name, bytes: new Uint8Array(1), expected_asof: asof_date };
    const outcome = parseCells(workbook, source, ADAPTERS);
    expect(outcome.vendor).toBe(vendor);
    expect(outcome.failures).toEqual([]);
    expect(
      outcome.coverage.every((sheet) => sheet.unaccounted_prices === 0 && !sheet.roles.includes(0)),
    ).toBe(true);
    const rows = [...rowsOf(outcome.table, `${asof_date}T22:00:00.000Z`)];
    expect(rows.length).toBeGreaterThan(100);
    if (vendor === 'pw') {
      expect(
        rows.filter(
          (row) => row.iso === 'PJM' && row.market === 'West' && row.block === 'ON_PEAK' && !strip(row),
        ).length,
      ).toBeGreaterThan(12);
    }
    const months = new Map(
      rows.filter((row) => !strip(row)).map((row) => [row.curve_key + row.contract_month, row.mid!]),
    );
    for (const row of rows.filter(strip)) {
      const prices = coveredMonths(row, asof_date, eugp.seasons).map((month) =>
        months.get(row.curve_key + month),
      );
      if (prices.includes(undefined)) continue;
      const mean = prices.reduce((sum: number, price) => sum + price!, 0) / prices.length;
      if (!(Math.abs(row.mid! - mean) <= 0.0005 + 1e-9))
        expect([row.tenor_label, row.source_cell, row.mid]).toEqual(mean);
    }
  });
});
