import { expect, test } from 'vitest';
import { CELL_KIND_NAMES, CellKind } from '#lib/domain/sheet.ts';
import { isDateFormat } from '#lib/workbook/styles.ts';
import { readOrRefusal } from '#tests/fixtures/hostile/cells.ts';
import { MAIN, workbookBytes } from '#tests/fixtures/hostile/workbook.ts';

test.each([
  'mm-dd-yy',
  'mmm-yy',
  '[$-409]mmm\\-yy;@',
  '[$-409]m/d/yy h:mm AM/PM;@',
  'yyyy"-"mm',
  '[h]:mm',
  '[SS]',
  'DD.MM.YYYY',
  '[Red]dd',
  '\\d\\d yy',
])('%s shows a date or time', (code) => expect(isDateFormat(code)).toBe(true));

test.each([
  'General',
  '0.000',
  '#,##0.000',
  '0.00" days"',
  '[Red]0.00',
  '[$USD-409]#,##0.00',
  '[>=100]0;0.0',
  '0.00E+00',
  '\\d0',
  '_d0',
  '*d0',
  '"unclosed d',
  '[unclosed d',
  '@',
  '',
])('%s shows none', (code) => expect(isDateFormat(code)).toBe(false));

test('a format code of a million characters takes no time', () => {
  const start = performance.now();
  for (const mark of ['"', '[', '\\', '[h', '_']) isDateFormat(mark.repeat(1_000_000));
  expect(performance.now() - start).toBeLessThan(2_000);
});

test('built-in date formats are dates, unless the workbook writes its own code for their number', () => {
  const ids = Array.from({ length: 60 }, (_, id) => id);
  const styles = ids.map((id) => `<xf numFmtId="${id}"/>`).join('');
  const cells = ids
    .map((id) => `<row r="${id + 1}"><c r="A${id + 1}" s="${id}"><v>45000.5</v></c></row>`)
    .join('');
  const bytes = workbookBytes({
    rows: cells,
    stylesPart: `<styleSheet xmlns="${MAIN}"><numFmts><numFmt numFmtId="20" formatCode="0.0"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>${styles}</cellXfs></styleSheet>`,
  });
  const workbook = readOrRefusal(bytes);
  if (workbook instanceof Error) throw workbook;
  const dates = ids.filter((id) => CELL_KIND_NAMES[workbook.sheets[0]!.kinds[id]!] === 'date');
  const expected = [14, 15, 16, 17, 18, 19, 21, 22, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 45, 46, 47];
  expect(dates).toEqual([...expected, 50, 51, 52, 53, 54, 55, 56, 57, 58]);
  expect(workbook.sheets[0]!.kinds[20]).toBe(CellKind.number);
});
