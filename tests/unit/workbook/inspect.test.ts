import { expect, test } from 'vitest';
import { inspectWorkbook } from '#lib/workbook/inspect.ts';
import { readWorkbook } from '#lib/workbook/read.ts';
import { sheetXml, workbookBytes } from '#tests/fixtures/hostile/workbook.ts';

test('an inspection tells ranges, kinds and labels of every sheet as plain data', () => {
  const bytes = workbookBytes({
    sheets: [
      sheetXml(
        '<row r="5"><c r="B5" t="s"><v>0</v></c><c r="C5" s="1"><v>45912</v></c></row><row r="13"><c r="B13" t="s"><v>1</v></c></row><row r="20"><c r="D20"><v>1.5</v></c><c r="E20"><f>D20</f></c></row>',
      ),
      sheetXml(''),
    ],
    sheetAttributes: (index) => (index === 0 ? 'name="Prices"' : 'name="Empty" state="hidden"'),
    strings: '<si><t xml:space="preserve">Date: </t></si><si><t>below the labels</t></si>',
    formats: ['yyyy-mm-dd'],
  });
  const inspected = inspectWorkbook(readWorkbook(bytes, { source_file: 'x.xlsx' }));
  expect(JSON.parse(JSON.stringify(inspected))).toEqual({
    date_system: 1900,
    sheets: [
      {
        name: 'Prices',
        visibility: 'visible',
        rows: 20,
        columns: 5,
        cells: 5,
        cells_by_kind: { number: 1, text: 2, date: 1, formula: 1 },
        used_range: 'B5:E20',
        labels: [{ cell: 'B5', text: 'Date:' }],
      },
      {
        name: 'Empty',
        visibility: 'hidden',
        rows: 0,
        columns: 0,
        cells: 0,
        cells_by_kind: {},
        used_range: null,
        labels: [],
      },
    ],
  });
});
