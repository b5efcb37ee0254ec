/**
 * A workbook's bytes to rows: read the cells, settle layout and as-of day, let the vendor's adapter take them apart.
 * Synchronous and without I/O, so that it can run where it can be stopped.
 */
import { hash } from 'node:crypto';
import { resolveAsof } from '#lib/domain/asof.ts';
import { workbookVersion } from '#lib/domain/curve.ts';
import { refusal } from '#lib/domain/errors.ts';
import type { Workbook } from '#lib/domain/sheet.ts';
import type { LayoutFit, VendorAdapter } from '#lib/domain/vendor.ts';
import type { ParseOutcome, WorkbookSource } from '#lib/ports/workbook-parser.ts';
import { readWorkbook } from '#lib/workbook/read.ts';

/** @throws AurumError (refused) naming file, sheet or cell and the remedy. */
export function parseWorkbook(source: WorkbookSource, adapters: readonly VendorAdapter[]): ParseOutcome {
  const { source_file, bytes } = source;
  return parseCells(readWorkbook(bytes, { source_file }), source, adapters);
}

/** The same from cells already read. */
export function parseCells(
  workbook: Workbook,
  { source_file, bytes, expected_asof, vendor }: WorkbookSource,
  adapters: readonly VendorAdapter[],
): ParseOutcome {
  const workbook_sha256 = hash('sha256', bytes, 'hex');
  const adapter = chooseAdapter(workbook, source_file, adapters, vendor);
  const asof = resolveAsof(workbook, source_file, expected_asof);
  const parsed = adapter.parse(workbook, { source_file, asof_date: asof.asof_date, workbook_sha256 });
  return {
    ...parsed,
    notes: [...asof.notes, ...parsed.notes],
    vendor: adapter.vendor,
    version: workbookVersion(source_file, asof.asof_date, workbook_sha256),
    workbook_sha256,
    sheets: workbook.sheets.map((sheet) => ({
      name: sheet.name,
      rows: sheet.rowCount,
      columns: sheet.columnCount,
      cells: sheet.cellCount,
    })),
  };
}

/**
 * The adapter named, or the one whose layout fits.
 * @throws AurumError (refused): `vendor_unknown`, `layout_mismatch`, `layout_unknown`, `layout_ambiguous`.
 */
export function chooseAdapter(
  workbook: Workbook,
  source_file: string,
  adapters: readonly VendorAdapter[],
  vendor?: string,
): VendorAdapter {
  const known = adapters.map((adapter) => adapter.vendor).join(', ');
  const fits = adapters.map((adapter) => adapter.fit(workbook));
  if (vendor !== undefined) {
    const index = adapters.findIndex((adapter) => adapter.vendor === vendor.toLowerCase());
    if (index < 0) {
      const options = { file: source_file, field: 'vendor', remedy: `Name one of: ${known}.` };
      throw refusal('vendor_unknown', `no vendor "${vendor}" is known`, options);
    }
    if (fits[index]!.fits) return adapters[index]!;
    throw refusal('layout_mismatch', `the workbook is not laid out as ${fitText(fits[index]!)}`, {
      file: source_file,
      remedy: 'Leave the vendor out to have the layout found, or check that this is the right file.',
    });
  }
  const fitting = adapters.filter((_, index) => fits[index]!.fits);
  if (fitting.length === 1) return fitting[0]!;
  if (fitting.length === 0) {
    throw refusal('layout_unknown', `no known layout fits; ${fits.map(fitText).join('; ')}`, {
      file: source_file,
      remedy: `Upload a workbook of one of: ${known}; \`aurum inspect\` shows its sheets and labels.`,
    });
  }
  const names = fitting.map((adapter) => adapter.vendor).join(' and ');
  throw refusal('layout_ambiguous', `the layouts ${names} both fit`, {
    file: source_file,
    remedy: 'Name the vendor.',
  });
}

const fitText = ({ vendor, reasons }: LayoutFit): string => `${vendor} (${reasons.join(', ')})`;
