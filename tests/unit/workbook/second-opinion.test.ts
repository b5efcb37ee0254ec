import ExcelJS from 'exceljs';
import { describe, expect, test } from 'vitest';
import { readWorkbook } from '#lib/workbook/read.ts';
import { workbookByExceljs } from '#tests/fixtures/exceljs-workbook.ts';
import { plainWorkbook } from '#tests/fixtures/hostile/cells.ts';
import { plainForm } from '#tests/fixtures/hostile/plain-form.ts';

const FIRST = new Date(Date.UTC(2025, 8, 12));

type Fill = (workbook: ExcelJS.Workbook) => void;

const WORKBOOKS: Readonly<Record<string, Fill>> = {
  'a price block with dates, bid/ask texts and empty strings': (workbook) => {
    const mid = workbook.addWorksheet('Fixed Prices - Mid');
    mid.getCell('A5').value = 'Date:';
    mid.getCell('B5').value = FIRST;
    mid.getCell('B5').numFmt = 'mm-dd-yy';
    for (let row = 12; row < 72; row++) {
      mid.getCell(row, 2).value = new Date(Date.UTC(2025, 8 + row - 12, 1));
      mid.getCell(row, 2).numFmt = '[$-409]mmm\\-yy;@';
      for (let column = 3; column < 40; column++) {
        mid.getCell(row, column).value = Math.sin(row * column) * 100;
        mid.getCell(row, column).numFmt = '0.000';
      }
    }
    const spread = workbook.addWorksheet('Fixed Prices - BidAsk');
    for (let row = 12; row < 40; row++) {
      for (let column = 3; column < 20; column++) {
        const middle = Math.cos(row * column);
        spread.getCell(row, column).value =
          row === 20 ? '' : `${middle.toFixed(3)}   /   ${(middle + 1).toFixed(3)}`;
      }
    }
  },
  'every kind of cell': (workbook) => {
    const sheet = workbook.addWorksheet('Kinds', { state: 'hidden' });
    sheet.addRow([1, -0.5, 1e-7, 1.7976931348623157e308, 123456789012345]);
    sheet.addRow([
      'plain',
      ' blanks ',
      'S&P <x> "y"',
      '\u20ac/MWh',
      '\u{1f525}',
      'line\nbreak',
      '_x0041_ kept?',
    ]);
    sheet.addRow([true, false, { error: '#N/A' }, { error: '#DIV/0!' }]);
    sheet.addRow([
      { formula: 'A1+1', result: 2 },
      { formula: 'A2&"x"', result: 'plainx' },
      { formula: 'NOW()' },
    ]);
    sheet.addRow([{ richText: [{ text: 'Fuel ' }, { font: { bold: true }, text: 'Oil' }] }]);
    sheet.addRow([{ text: 'link', hyperlink: 'https://example.com' }]);
    sheet.getCell('B20').value = FIRST;
    sheet.getCell('C20').value = new Date(Date.UTC(2025, 8, 12, 18, 0));
    sheet.getCell('C20').numFmt = 'd/m/yy h:mm';
    sheet.mergeCells('D20:F22');
    sheet.getCell('D20').value = 'merged';
    sheet.getCell('H30').fill = { type: 'pattern', pattern: 'solid', fgColor: { argb: 'FF00FF00' } };
  },
  'a 1904 workbook': (workbook) => {
    workbook.properties.date1904 = true;
    workbook.addWorksheet('Dates').addRow([FIRST, 45000]);
  },
  'sparse rows and far columns': (workbook) => {
    const sheet = workbook.addWorksheet('Sparse');
    sheet.getCell('A1').value = 1;
    sheet.getCell('XFD7').value = 2;
    sheet.getCell('B5000').value = 'far';
    workbook.addWorksheet('Empty');
  },
};

describe('workbooks written by exceljs are read as exceljs reads them', () => {
  test.each(Object.entries(WORKBOOKS))('%s', async (_, fill) => {
    const workbook = new ExcelJS.Workbook();
    fill(workbook);
    const bytes = new Uint8Array(await workbook.xlsx.writeBuffer());
    const ours = readWorkbook(bytes, { source_file: 'x.xlsx' });
    const second = await workbookByExceljs(bytes);
    expect(plainWorkbook(ours)).toEqual(plainWorkbook(second));
    expect(ours.dateSystem).toBe(second.dateSystem);
    const strict = readWorkbook(bytes, { source_file: 'x.xlsx', reading: 'strict' });
    expect(plainWorkbook(strict)).toEqual(plainWorkbook(ours));
  });
});

test('a price block as exceljs writes it is in the plain form that is scanned', async () => {
  const workbook = new ExcelJS.Workbook();
  WORKBOOKS['a price block with dates, bid/ask texts and empty strings']!(workbook);
  const bytes = new Uint8Array(await workbook.xlsx.writeBuffer());
  expect(plainForm(bytes)).toEqual({
    strings: true,
    'Fixed Prices - Mid': true,
    'Fixed Prices - BidAsk': true,
  });
});
