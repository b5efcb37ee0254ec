import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './run.ts';

const ASOF = '2025-09-12';
const PW = 'EOD_PW_20250912_1430.xlsx';
let dir = '';
let good = '';
let spoilt = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aurum-cli-'));
  const made = await run(['sample', '--vendor', 'pw', '--as-of', ASOF, '--output', join(dir, 'good')]);
  good = made.out.trim();
  const bad = await run([
    'sample',
    '--vendor',
    'pw',
    '--as-of',
    ASOF,
    '--output',
    join(dir, 'bad'),
    '--corrupt',
    'bad-price',
  ]);
  spoilt = bad.out.trim();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('aurum sample', () => {
  it('writes the file under its vendor name, the same bytes each time', async () => {
    expect(good).toBe(join(dir, 'good', PW));
    const again = await run(['sample', '--vendor', 'pw', '--as-of', ASOF, '--output', join(dir, 'again')]);
    expect(Buffer.compare(readFileSync(again.out.trim()), readFileSync(good))).toBe(0);
    expect(readdirSync(join(dir, 'again'))).toEqual([PW]);
  });
});

describe('aurum parse', () => {
  it('prints one canonical row per line without the release time, and words on stderr only', async () => {
    const { code, out, told } = await run(['parse', good]);
    const rows = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(code).toBe(0);
    expect(rows).toHaveLength(29 * 82);
    expect(rows[0]).toMatchObject({
      asof_date: ASOF,
      iso: 'PJM',
      market: 'West',
      block: 'ON_PEAK',
      source_cell: 'Fixed Prices - Mid!C12',
    });
    expect(rows[0]).not.toHaveProperty('_ingest_ts');
    expect(told).toContain(`${PW}: pw, as-of ${ASOF}, 2378 rows of 29 curves, 0 failures`);
  });

  it('prints CSV with one header for several files, prices in full precision', async () => {
    const { out } = await run(['parse', good, good, '--format', 'csv']);
    const ndjson = await run(['parse', good]);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(1 + 2 * 2378);
    expect(lines.filter((line) => line.startsWith('asof_date,'))).toHaveLength(1);
    const value = lines[0]!.split(',').indexOf('value');
    expect(lines[1]!.split(',')[value]).toBe(String(JSON.parse(ndjson.out.split('\n')[0]!).value));
  });

  it('prints Parquet', async () => {
    const { code, bytes } = await run(['parse', good, '--format', 'parquet']);
    expect(code).toBe(0);
    expect([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1']);
  });

  it('names the bad cell, exits 2 and keeps the good rows', async () => {
    const { code, out, told } = await run(['parse', spoilt]);
    expect(code).toBe(2);
    expect(out.split('\n').length).toBeGreaterThan(2370);
    expect(told).toMatch(/EOD_PW_20250912_1430\.xlsx, Fixed Prices - Mid!D15: .*\(unreadable_price\)/);
  });

  it('with --output writes rows and failures side by side, whole files only', async () => {
    const output = join(dir, 'rows');
    const { code, out } = await run(['parse', spoilt, '--output', output]);
    expect(code).toBe(2);
    expect(out).toBe(`${join(output, 'EOD_PW_20250912_1430.ndjson')}\n`);
    expect(readdirSync(output).sort()).toEqual([
      'EOD_PW_20250912_1430.failures.ndjson',
      'EOD_PW_20250912_1430.ndjson',
    ]);
    const failures = readFileSync(join(output, 'EOD_PW_20250912_1430.failures.ndjson'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(failures.map((line) => JSON.parse(line))).toMatchObject([
      { sheet: 'Fixed Prices - Mid', cell: 'D15', code: 'unreadable_price', raw: 'see note' },
    ]);
  });

  it('refuses a file and reads the others', async () => {
    const junk = join(dir, 'junk.xlsx');
    await writeFile(junk, 'a,b\n1,2\n');
    const { code, out, told } = await run(['parse', junk, join(dir, 'absent.xlsx'), good]);
    expect(code).toBe(2);
    expect(out.trimEnd().split('\n')).toHaveLength(2378);
    expect(told).toMatch(/junk\.xlsx: .*\(not_a_workbook\)/);
    expect(told).toMatch(/absent\.xlsx: there is no such file \(file_unreadable\)/);
  });

  it('refuses another as-of day than the workbook has', async () => {
    const { code, out, told } = await run(['parse', good, '--as-of', '2025-09-11']);
    expect([code, out]).toEqual([2, '']);
    expect(told).toContain('(asof_mismatch)');
  });
});

describe('aurum inspect', () => {
  it('tells sheets, labels, which layout fits and why the others do not', async () => {
    const { code, out } = await run(['inspect', good]);
    expect(code).toBe(0);
    expect(out).toContain('Fixed Prices - Mid: A5 "Date:", B6 "ISO:", B7 "Market:", B8 "Hours:"');
    expect(out).toContain('pw fits:');
    expect(out).toMatch(/rp does not fit: .*Seasonal Blocks - Mid missing/);
    expect(out).toContain('2,378 rows of 29 curves, 0 failures, 0 prices unaccounted for');
  });

  it('gives the same as JSON, every cell in a role', async () => {
    const { out } = await run(['inspect', good, '--format', 'json']);
    const inspection = JSON.parse(out);
    expect(inspection.parsed).toMatchObject({ vendor: 'pw', asof_date: ASOF, rows: 2378, failures: [] });
    for (const sheet of inspection.sheets) {
      const inRoles = Object.values<number>(sheet.roles).reduce((sum, count) => sum + count, 0);
      expect(inRoles).toBe(sheet.cells);
    }
  });

  it('shows a workbook no layout fits, with the reason', async () => {
    const { exceljsWorkbookWriter } = await import('#lib/adapters/workbook-writer/exceljs.ts');
    const rows = [{ row: 1, cells: [{ column: 1, value: '<b>=1+1</b>', style: 'text' as const }] }];
    const sheets = [{ name: 'Notes & <i>more', frozen: { rows: 0, columns: 0 }, rows }];
    const path = join(dir, 'notes.xlsx');
    await writeFile(
      path,
      await exceljsWorkbookWriter().write(sheets, { created_at: `${ASOF}T00:00:00.000Z` }),
    );
    const page = join(dir, 'notes.html');
    const { code, out } = await run(['inspect', path, '--coverage', page]);
    const html = readFileSync(page, 'utf8');
    expect(code).toBe(0);
    expect(out).toContain('not parsed: ');
    expect(out).toContain('(layout_unknown)');
    expect(html).toContain('Notes &amp; &lt;i&gt;more');
    expect(html).not.toContain('<i>more');
    expect(html).not.toContain('<b>=1+1');
  });

  it('draws the coverage page: counts per role, every cell with its role, no link to anywhere', async () => {
    const page = join(dir, 'coverage.html');
    await run(['inspect', spoilt, '--coverage', page]);
    const html = readFileSync(page, 'utf8');
    const data = JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)![1]!);
    const [mid] = data.sheets;
    const at = mid.rowStart[15] + 2; // B15 is the first cell of row 15, D15 the third.
    expect(html).toContain('failed <b>1</b>');
    expect([mid.cells.columns[at], mid.cells.texts[at], data.roles[mid.cells.roles[at]]]).toEqual([
      4,
      'see note',
      'failed',
    ]);
    expect(mid.cells.roles).toHaveLength(mid.rowStart.at(-1));
    expect(html).not.toMatch(/\bhttps?:\/\//);
    expect(html).not.toContain('{{');
  });
});
