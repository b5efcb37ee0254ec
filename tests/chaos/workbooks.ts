/** Small workbooks of the PW layout, 176 rows each, and what they must become. Written once per process. */
import { hash } from 'node:crypto';
import { exceljsWorkbookWriter } from '#lib/adapters/workbook-writer/exceljs.ts';
import { rowsOf, workbookVersion } from '#lib/domain/curve.ts';
import type { SheetModel } from '#lib/domain/sheet-model.ts';
import { RAW_PREFIX } from '#lib/flows/stage-keys.ts';
import { parse } from '#lib/runtime/parse-worker.ts';
import { sampleWorkbook } from '#lib/samples/sample-workbook.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';

const LAST_COLUMN = 6;
const LAST_ROW = 35;
const writer = exceljsWorkbookWriter();

export interface ChaosWorkbook {
  readonly day: string;
  readonly file: string;
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly version: string;
}

export interface WorkbookOptions {
  /** Another seed, other prices. */
  readonly seed?: number;
  /** Four digits: the time in the file's name, which makes it another file of the same day. */
  readonly time?: string;
  readonly change?: (sheets: readonly SheetModel[]) => readonly SheetModel[];
}

export async function smallWorkbook(day: string, options: WorkbookOptions = {}): Promise<ChaosWorkbook> {
  const { seed = 1, time = '1430', change = (sheets) => sheets } = options;
  const { sheets, file_name } = sampleWorkbook('pw', day, { seed });
  const small = sheets.map((sheet) => ({
    ...sheet,
    rows: sheet.rows
      .filter(({ row }) => row <= LAST_ROW)
      .map((row) => ({ ...row, cells: row.cells.filter(({ column }) => column <= LAST_COLUMN) })),
  }));
  const bytes = await writer.write(change(small), { created_at: `${day}T21:15:00.000Z` });
  return workbookOf(day, file_name.replace('1430', time), bytes);
}

export function workbookOf(day: string, file: string, bytes: Uint8Array): ChaosWorkbook {
  const version = workbookVersion(file, day, hash('sha256', bytes, 'hex'));
  return { day, file, bytes, version, key: `${RAW_PREFIX}${day}/${file}` };
}

/** The rows that a good workbook must become; the time is the release's. */
export function expectedRows({ day, file, bytes }: ChaosWorkbook): readonly CurveObservation[] {
  return [...rowsOf(parse({ source_file: file, bytes, expected_asof: day }).table, '')];
}

/** Market days one after another. */
export function marketDays(count: number, from = '2025-01-02'): readonly string[] {
  const days: string[] = [];
  for (let at = Date.parse(from); days.length < count; at += 86_400_000) {
    const weekday = new Date(at).getUTCDay();
    if (weekday !== 0 && weekday !== 6) days.push(new Date(at).toISOString().slice(0, 10));
  }
  return days;
}

/** Four digits for the `index`-th file of a day: 0000, 0001 ... */
export const timeOf = (index: number): string => String(index).padStart(4, '0');
