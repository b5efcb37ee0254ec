import { describe, expect, it } from 'vitest';
import type { AurumError } from '#lib/domain/errors.ts';
import type { Workbook } from '#lib/domain/sheet.ts';
import { chooseAdapter, parseCells } from '#lib/flows/parse-workbook.ts';
import { adapter as eugp } from '#lib/vendors/eugp.ts';
import { adapter as pw } from '#lib/vendors/pw.ts';
import { adapter as rp } from '#lib/vendors/rp.ts';
import { framedSheet, sheetOf, workbookOf } from '#tests/fixtures/sheet-builder.ts';
import { eugpBook, rpBook, SEP } from './vendor-books.ts';

const ADAPTERS = [eugp, pw, rp];
const FILE = 'EOD_X_20250912_1430.xlsx';
const pwBook = workbookOf(
  framedSheet('Fixed Prices - Mid', {
    headers: [
      ['ISO:', 'PJM'],
      ['Market:', 'West'],
      ['Hours:', 'ON_PEAK'],
    ],
    side: 'Mid',
    rows: [[SEP, 46.75]],
  }),
);
const refusalOf = (act: () => unknown): AurumError => {
  try {
    act();
  } catch (error) {
    return error as AurumError;
  }
  throw new Error('nothing was refused');
};
const source = (extra: object = {}) => ({ source_file: FILE, bytes: new Uint8Array([1, 2, 3]), ...extra });

describe('a layout fits by sheets and labels alone', () => {
  it.each([
    ['eugp', eugpBook()],
    ['rp', rpBook()],
    ['pw', pwBook],
  ] as const)('only %s fits its own workbook', (vendor, workbook: Workbook) => {
    expect(ADAPTERS.filter((adapter) => adapter.fit(workbook).fits).map((adapter) => adapter.vendor)).toEqual(
      [vendor],
    );
  });

  it('says what it found and what is missing', () => {
    expect(eugp.fit(eugpBook()).reasons).toContain('row 8 label PEAK found');
    expect(eugp.fit(rpBook()).reasons).toContain('label PEAK missing in sheet Fixed Prices - Mid');
    expect(eugp.fit(rpBook()).reasons).toContain('sheet Spark Spread missing');
    expect(rp.fit(eugpBook()).reasons).toContain('row 8 label PEAK found, which this layout never has');
    expect(pw.fit(rpBook()).reasons).toContain('label ISO missing in sheet Fixed Prices - Mid');
  });

  it('a look-alike label is no label', () => {
    const cyrillic = framedSheet('Fixed Prices - Mid', {
      headers: [
        [null, 'US'],
        ['Lo\u0441ation', 'PJM'],
        ['Product', 'x'],
      ],
      side: 'Mid',
      rows: [[SEP, 1]],
    });
    expect(ADAPTERS.some((adapter) => adapter.fit(workbookOf(cyrillic)).fits)).toBe(false);
  });
});

describe('the adapter of a workbook', () => {
  it('is the one that fits, or the one named if it fits', () => {
    expect(chooseAdapter(rpBook(), FILE, ADAPTERS)).toBe(rp);
    expect(chooseAdapter(rpBook(), FILE, ADAPTERS, 'RP')).toBe(rp);
  });

  it('no known layout: refused, with what each lacks', () => {
    const refused = refusalOf(() => chooseAdapter(workbookOf(sheetOf('Budget', [['a', 1]])), FILE, ADAPTERS));
    expect(refused).toMatchObject({ code: 'layout_unknown', kind: 'refused', place: { file: FILE } });
    for (const { vendor } of ADAPTERS) expect(refused.message).toContain(`${vendor} (sheet `);
    expect(refused.remedy).toContain('eugp, pw, rp');
  });

  it('named but not fitting, and not known at all: refused', () => {
    expect(refusalOf(() => chooseAdapter(rpBook(), FILE, ADAPTERS, 'eugp'))).toMatchObject({
      code: 'layout_mismatch',
    });
    expect(refusalOf(() => chooseAdapter(rpBook(), FILE, ADAPTERS, 'acme'))).toMatchObject({
      code: 'vendor_unknown',
    });
  });

  it('two that fit: refused until one is named', () => {
    const twin = { ...rp, vendor: 'rq' };
    expect(refusalOf(() => chooseAdapter(rpBook(), FILE, [rp, twin]))).toMatchObject({
      code: 'layout_ambiguous',
    });
    expect(chooseAdapter(rpBook(), FILE, [rp, twin], 'rq')).toBe(twin);
  });
});

describe('cells to outcome', () => {
  it('gives vendor, version and sheets beside the rows', () => {
    const outcome = parseCells(rpBook(), source({ expected_asof: '2025-09-12' }), ADAPTERS);
    expect(outcome).toMatchObject({ vendor: 'rp', failures: [] });
    expect(outcome.version).toMatch(/^20250912-[0-9a-f]{16}$/);
    expect(outcome.sheets[0]).toEqual({
      name: 'Fixed Prices - Mid',
      rows: 13,
      columns: 5,
      cells: outcome.coverage[0]!.roles.length,
    });
    expect(outcome.table.asof_date).toBe('2025-09-12');
    expect(parseCells(rpBook(), source(), ADAPTERS).version).toBe(outcome.version);
  });

  it('a wrong as-of is refused before anything is read', () => {
    expect(
      refusalOf(() => parseCells(rpBook(), source({ expected_asof: '2025-09-11' }), ADAPTERS)),
    ).toMatchObject({
      code: 'asof_mismatch',
    });
  });
});
