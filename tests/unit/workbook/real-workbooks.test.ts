import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Workbook } from '#lib/domain/sheet.ts';
import { readWorkbook } from '#lib/workbook/read.ts';
import { workbookByExceljs } from '#tests/fixtures/exceljs-workbook.ts';
import { plainWorkbook } from '#tests/fixtures/hostile/cells.ts';
import { plainForm } from '#tests/fixtures/hostile/plain-form.ts';

const FOLDER = process.env.AURUM_REAL_WORKBOOKS ?? join(import.meta.dirname, '../../../../shared/workbooks');
const FILES = existsSync(FOLDER) ? readdirSync(FOLDER).filter((file) => file.endsWith('.xlsx')) : [];

/** Compared by hash, so that a failing test prints no price. */
const digest = (workbook: Workbook) => hash('sha256', JSON.stringify(plainWorkbook(workbook)));
const cellCount = (workbook: Workbook) => workbook.sheets.reduce((sum, sheet) => sum + sheet.cellCount, 0);

describe.skipIf(FILES.length === 0)(
  'real workbooks (AURUM_REAL_WORKBOOKS; skipped where there are none)',
  () => {
    test.each(FILES)('%s: scanner and strict parser give equal cells', (file) => {
      const bytes = readFileSync(join(FOLDER, file));
      const fast = readWorkbook(bytes, { source_file: file });
      const strict = readWorkbook(bytes, { source_file: file, reading: 'strict' });
      expect(Object.values(plainForm(bytes))).not.toContain(false);
      expect(cellCount(fast)).toBeGreaterThan(20_000);
      expect(cellCount(fast)).toBe(cellCount(strict));
      expect(digest(fast)).toBe(digest(strict));
    });

    test.each(FILES.filter((file) => file.includes('EUGP')))(
      '%s: exceljs gives equal cells',
      async (file) => {
        const bytes = readFileSync(join(FOLDER, file));
        const ours = readWorkbook(bytes, { source_file: file });
        const second = await workbookByExceljs(bytes);
        expect(cellCount(ours)).toBe(cellCount(second));
        expect(digest(ours)).toBe(digest(second));
      },
    );
  },
);
