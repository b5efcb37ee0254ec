/** What the desk shows of a raw workbook: the cells around one, and the map of all. */
import { expect, test } from 'vitest';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import { inProcessParser } from '#lib/adapters/workbook-parser/in-process.ts';
import { busy, refusal } from '#lib/domain/errors.ts';
import { parseWorkbook } from '#lib/flows/parse-workbook.ts';
import { showCells } from '#lib/flows/show-cells.ts';
import { coverageMap } from '#lib/runtime/desk/coverage.ts';
import { adapters } from '#lib/vendors/registry.gen.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';

const DAY = '2025-09-12';

async function delivered() {
  const { file, bytes } = await sampleFile('pw', DAY);
  const objects = memoryObjectStore();
  const key = `raw/vendor_curves/${DAY}/${file}`;
  await objects.put(key, bytes);
  return { key, objects, file };
}

test('a cell is shown among its neighbours, behind the name of its row and below the headers of its column', async () => {
  const { key, objects } = await delivered();
  const { meta, data } = await showCells({ key, cell: 'Fixed Prices - Mid!H20' }, { objects });
  expect(meta).toMatchObject({ sheet: 'Fixed Prices - Mid', cell: 'H20' });
  expect(data.columns).toEqual(['B', 'F', 'G', 'H', 'I', 'J']);
  const rows = data.rows.map(({ row }) => row);
  expect(rows.slice(-5)).toEqual([18, 19, 20, 21, 22]);
  const headers = data.rows.slice(0, -5);
  expect(headers.length).toBeGreaterThan(0);
  const column = data.columns.indexOf('H');
  expect(headers.every(({ cells }) => cells[column]!.kind === 'text')).toBe(true);
  const named = data.rows.at(-3)!.cells;
  expect([named[0]!.kind, named[column]!.kind]).toEqual(['date', 'number']);
});

test('at the corner of a sheet, and far outside of what it holds, there are still cells to show', async () => {
  const { key, objects } = await delivered();
  const corner = await showCells({ key, cell: 'Fixed Prices - Mid!A1' }, { objects });
  expect([corner.data.columns[0], corner.data.rows[0]!.row]).toEqual(['A', 1]);
  const outside = await showCells({ key, cell: 'Fixed Prices - Mid!XFD1048576' }, { objects });
  expect(outside.data.rows.at(-1)!.cells.every(({ kind }) => kind === 'absent')).toBe(true);
});

test('a workbook or a sheet that is not there is said to be so', async () => {
  const { key, objects } = await delivered();
  const ask = (of: string, cell: string) => showCells({ key: of, cell }, { objects });
  await expect(ask(`raw/vendor_curves/${DAY}/x.xlsx`, 'S!A1')).rejects.toMatchObject({
    code: 'workbook_not_found',
  });
  await expect(ask(key, 'Nowhere!A1')).rejects.toMatchObject({ code: 'sheet_not_found' });
});

test('the map of a workbook is a page that states its own policy', async () => {
  const { key, objects, file } = await delivered();
  const parser = inProcessParser((source) => parseWorkbook(source, adapters));
  const { headers, body } = await coverageMap({ key }, { objects, parser, vendors: adapters });
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(body).toContain(`<h1>${file}</h1>`);
  expect(body).toContain('0 failures, 0 prices unaccounted for');
});

test('a workbook of no known layout is drawn, one that took too long to read is not read again', async () => {
  const { key, objects } = await delivered();
  const refusing = (code: string) =>
    inProcessParser(() => {
      throw refusal(code, 'so it is');
    });
  const drawn = await coverageMap(
    { key },
    { objects, parser: refusing('layout_unknown'), vendors: adapters },
  );
  expect(drawn.body).toContain('Not parsed: so it is');
  const endless = coverageMap({ key }, { objects, parser: refusing('workbook_timeout'), vendors: adapters });
  await expect(endless).rejects.toMatchObject({ code: 'workbook_timeout' });
  const away = inProcessParser(() => {
    throw busy('parser_closed', 'closed');
  });
  await expect(coverageMap({ key }, { objects, parser: away, vendors: adapters })).rejects.toMatchObject({
    kind: 'busy',
  });
});
