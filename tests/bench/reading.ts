/**
 * Reading a workbook: all cells, and to canonical rows, beside exceljs and (where Python has them) python-calamine and
 * openpyxl, on the same generated RP workbook in one run.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ExcelJS from 'exceljs';
import { exceljsWorkbookWriter } from '#lib/adapters/workbook-writer/exceljs.ts';
import { parse } from '#lib/runtime/parse-worker.ts';
import { sampleWorkbook } from '#lib/samples/sample-workbook.ts';
import { readWorkbook } from '#lib/workbook/read.ts';

const print = (name: string, value: number, unit: string, rest: { ratio_to?: string; note?: string } = {}) =>
  process.stdout.write(`${JSON.stringify({ name, value, unit, ...rest })}\n`);

const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!;

async function timed(runs: number, work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const began_ms = performance.now();
    await work();
    times.push(performance.now() - began_ms);
  }
  return median(times);
}

/** Milliseconds of the child's own measurement, or undefined when Python or the package is not there. */
function python(program: string, file: string): number | undefined {
  const child = spawnSync(process.env.AURUM_PYTHON ?? 'python3', ['-c', program, file], { encoding: 'utf8' });
  return child.status === 0 ? Number(child.stdout.trim()) : undefined;
}

const { file_name, sheets } = sampleWorkbook('rp', '2025-09-12');
const bytes = await exceljsWorkbookWriter().write(sheets, { created_at: '2025-09-12T21:15:00.000Z' });
const cold_ms = performance.now();
const workbook = readWorkbook(bytes, { source_file: file_name });
print('read all cells, first time', performance.now() - cold_ms, 'ms');
const cells = workbook.sheets.reduce((sum, sheet) => sum + sheet.cellCount, 0);
const warm = await timed(15, () => readWorkbook(bytes, { source_file: file_name }));
print('read all cells', warm, 'ms', { note: `${cells} cells, ${Math.round(cells / warm)} cells/ms` });
const rows = await timed(15, () => parse({ source_file: file_name, bytes }));
print('workbook to canonical rows', rows, 'ms', {
  ratio_to: 'read all cells',
  note: `${parse({ source_file: file_name, bytes }).table.length} rows`,
});
print('peak memory', process.resourceUsage().maxRSS / 1024, 'MB', {
  note: 'of this process, before exceljs',
});
const theirs = await timed(3, () => new ExcelJS.Workbook().xlsx.load(bytes as never));
print('exceljs', theirs, 'ms', { ratio_to: 'read all cells' });

const folder = mkdtempSync(join(tmpdir(), 'aurum-bench-'));
const file = join(folder, file_name);
writeFileSync(file, bytes);
const CLOCK = 'import sys,time\n';
const calamine = `${CLOCK}import python_calamine as c
def read():
  w=c.CalamineWorkbook.from_path(sys.argv[1]); return [w.get_sheet_by_name(n).to_python() for n in w.sheet_names]
read(); t=time.perf_counter(); read(); print((time.perf_counter()-t)*1000)`;
const openpyxl = `${CLOCK}import openpyxl
t=time.perf_counter(); w=openpyxl.load_workbook(sys.argv[1],read_only=True); n=sum(1 for s in w for r in s.iter_rows(values_only=True) for _ in r); print((time.perf_counter()-t)*1000)`;
for (const [name, program] of [
  ['python-calamine', calamine],
  ['openpyxl read-only', openpyxl],
] as const) {
  const value = python(program, file);
  if (value !== undefined) print(name, value, 'ms', { ratio_to: 'read all cells' });
}
rmSync(folder, { recursive: true });
