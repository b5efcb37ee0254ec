import { expect, it } from 'vitest';
import { CORRUPTIONS } from '#lib/samples/corrupt.ts';
import { SAMPLE_VENDORS, sampleWorkbook } from '#lib/samples/sample-workbook.ts';

it.each(SAMPLE_VENDORS)('%s: each kind spoils exactly one cell', (vendor) => {
  const sound = sampleWorkbook(vendor, '2025-09-12').sheets;
  const cellsOf = (sheets: typeof sound) =>
    sheets.flatMap(({ name, rows }) =>
      rows.flatMap(({ row, cells }) => cells.map((cell) => `${name}!${row},${cell.column}=${cell.value}`)),
    );
  const before = new Set(cellsOf(sound));
  for (const corrupt of CORRUPTIONS) {
    const spoilt = cellsOf(sampleWorkbook(vendor, '2025-09-12', { corrupt }).sheets).filter(
      (cell) => !before.has(cell),
    );
    expect(spoilt, corrupt).toHaveLength(1);
  }
});
