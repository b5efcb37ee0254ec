/**
 * The coverage page: every sheet drawn cell by cell in the colour of what the cell was taken for. One file that needs
 * nothing from anywhere; the drawing itself is in `template.html`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { displayAt, type Sheet, type Workbook } from '#lib/domain/sheet.ts';
import { CELL_ROLE_NAMES } from '#lib/domain/vendor.ts';
import type { ParseOutcome } from '#lib/ports/workbook-parser.ts';
import { counted } from '../text.ts';
import { coverageOf, type Inspection, type SheetInspection } from './inspection.ts';

export function coveragePage(
  inspection: Inspection,
  workbook: Workbook,
  outcome: ParseOutcome | undefined,
): string {
  const template = readFileSync(join(import.meta.dirname, 'template.html'), 'utf8');
  const data = {
    roles: CELL_ROLE_NAMES,
    sheets: workbook.sheets.map((sheet) => drawnSheet(sheet, outcome)),
    failures: outcome?.failures ?? [],
  };
  const parts: Readonly<Record<string, string>> = {
    title: escapeHtml(inspection.file),
    summary: escapeHtml(summaryOf(inspection)),
    legend: legend(inspection),
    sections: inspection.sheets.map(section).join('\n'),
    // In a script element only `<` could end the data early.
    data: JSON.stringify(data).replaceAll('<', '\\u003c'),
  };
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name] ?? '');
}

/** Cells as parallel arrays, addresses and all that repeats left to the page. */
function drawnSheet(sheet: Sheet, outcome: ParseOutcome | undefined) {
  const coverage = coverageOf(sheet, outcome);
  const texts: string[] = [];
  const columns: number[] = [];
  const rowStart = Array.from(sheet.rowStart.subarray(0, sheet.rowCount + 2));
  for (let row = 1; row <= sheet.rowCount; row++) {
    for (let index = rowStart[row]!; index < rowStart[row + 1]!; index++) {
      columns.push(sheet.columns[index]!);
      texts.push(displayAt(sheet, row, sheet.columns[index]!));
    }
  }
  const roles = coverage === undefined ? columns.map(() => 0) : Array.from(coverage.roles);
  return {
    name: sheet.name,
    rows: sheet.rowCount,
    columns: sheet.columnCount,
    rowStart,
    cells: { columns, texts, roles },
  };
}

function summaryOf({ parsed, refused, sheets }: Inspection): string {
  if (parsed === null)
    return `Not parsed: ${refused?.message ?? 'no layout fits'}. Cells are drawn as unaccounted.`;
  const unaccounted = sheets.reduce((sum, sheet) => sum + (sheet.unaccounted_prices ?? 0), 0);
  const rows = `${counted(parsed.rows, 'row')} of ${counted(parsed.curves, 'curve')}`;
  return `Layout ${parsed.vendor}, as-of ${parsed.asof_date}: ${rows}, ${counted(parsed.failures.length, 'failure')}, ${counted(unaccounted, 'price')} unaccounted for.`;
}

function legend({ sheets }: Inspection): string {
  return CELL_ROLE_NAMES.map((role) => {
    const cells = sheets.reduce(
      (sum, { roles, cells }) =>
        sum + (roles === null ? (role === 'unaccounted' ? cells : 0) : (roles[role] ?? 0)),
      0,
    );
    return `<li><button type="button" data-role="${role}" aria-pressed="false"><i class="${role}"></i>${role} <b>${count(cells)}</b></button></li>`;
  }).join('');
}

function section(sheet: SheetInspection, index: number): string {
  const roles = sheet.roles ?? { unaccounted: sheet.cells };
  const counts = Object.entries(roles).map(([role, cells]) => `${count(cells)} ${role}`);
  const reasons = Object.entries(sheet.ignored).map(
    ([reason, cells]) => `<li>${count(cells)} ignored: ${escapeHtml(reason)}</li>`,
  );
  return [
    `<section><h2>${escapeHtml(sheet.name)}</h2>`,
    `<p>${counted(sheet.rows, 'row')}, ${counted(sheet.columns, 'column')}, ${counted(sheet.cells, 'cell')}: ${counts.join(', ') || 'empty'}</p>`,
    reasons.length === 0 ? '' : `<ul>${reasons.join('')}</ul>`,
    `<div class="grid"><canvas data-sheet="${index}" tabindex="0" role="img" aria-label="Cells of ${escapeHtml(sheet.name)} by role"></canvas></div></section>`,
  ].join('');
}

const count = (number: number): string => number.toLocaleString('en-US');

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
