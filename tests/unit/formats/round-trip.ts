/** Rows to a workbook of their vendor and back. */
import { exceljsWorkbookWriter } from '#lib/adapters/workbook-writer/exceljs.ts';
import { rowsOf } from '#lib/domain/curve.ts';
import { parseWorkbook } from '#lib/flows/parse-workbook.ts';
import { workbookOf } from '#lib/formats/workbook.ts';
import { adapters } from '#lib/vendors/registry.gen.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';

const INGEST_TS = '2025-09-12T21:30:00.000Z';
const writer = exceljsWorkbookWriter();

export async function read(file: string, bytes: Uint8Array) {
  const { table, vendor, failures } = parseWorkbook({ source_file: file, bytes }, adapters);
  return { rows: [...rowsOf(table, INGEST_TS)], vendor, failures };
}

/** All of a row but where it stood: the workbook is another one, its curves and prices are not. */
function contents(rows: readonly CurveObservation[]): string[] {
  return rows
    .map(({ version_hash: _v, source_cell: _c, source_cell_bid_ask: _b, sheet_name: _s, ...rest }) =>
      JSON.stringify(rest),
    )
    .sort();
}

export async function roundTrip(file: string, rows: readonly CurveObservation[], vendor: string) {
  const bytes = await writer.write(workbookOf(rows, vendor), { created_at: INGEST_TS });
  return read(file, bytes);
}

/** Compared by number: a failing comparison must not print a vendor's price. */
export function differences(one: readonly CurveObservation[], other: readonly CurveObservation[]): number {
  const theirs = new Set(contents(other));
  return contents(one).filter((row) => !theirs.has(row)).length + Math.abs(one.length - other.length);
}
