import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { AurumError } from '#lib/domain/errors.ts';
import { HOSTILE_CASES } from '#tests/fixtures/hostile/cases.ts';
import { plainWorkbook, readOrRefusal, shownCells } from '#tests/fixtures/hostile/cells.ts';

const SMALL = HOSTILE_CASES.filter((hostile) => hostile.isLarge !== true);

describe('every hostile workbook ends as its cells or as one refusal, by scanner and strict parser alike', () => {
  test.each(SMALL.map((hostile) => [hostile.name, hostile] as const))('%s', (_, { bytes, outcome }) => {
    const file = bytes();
    const fast = readOrRefusal(file);
    const strict = readOrRefusal(file, { reading: 'strict' });
    if (fast instanceof AurumError) {
      const { code, message, remedy, place } = fast;
      expect({ code, file: place.file }, message).toEqual({ code: outcome, file: 'test.xlsx' });
      expect(remedy).toMatch(/\w.*\.$/);
      expect(message.length).toBeLessThan(500);
      expect(strict).toBeInstanceOf(AurumError);
      expect((strict as AurumError).detail()).toEqual(fast.detail());
    } else {
      expect(shownCells(fast)).toEqual(outcome);
      expect(strict).not.toBeInstanceOf(AurumError);
      if (!(strict instanceof AurumError)) expect(plainWorkbook(strict)).toEqual(plainWorkbook(fast));
    }
  });
});

test('a refusal inside a sheet names the sheet and the cell', () => {
  const hostile = HOSTILE_CASES.find(({ outcome }) => outcome === 'string_index_out_of_range');
  const refusal = readOrRefusal(hostile!.bytes()) as AurumError;
  expect(refusal.place).toEqual({ file: 'test.xlsx', sheet: 'Sheet1', cell: 'A1' });
});

test('all hostile workbooks, one after the other in one process, end as stated below 512 MB', async () => {
  const script = new URL('../../fixtures/hostile/measure.ts', import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, [script.pathname], { timeout: 60_000 });
  const measured: { read: number; wrong: string[]; peak_mb: number; slowest_ms: number } = JSON.parse(stdout);
  expect(measured.wrong).toEqual([]);
  expect(measured.read).toBe(HOSTILE_CASES.length);
  expect(measured.peak_mb).toBeLessThan(512);
  expect(measured.slowest_ms).toBeLessThan(20_000);
}, 60_000);
