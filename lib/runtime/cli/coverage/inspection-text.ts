/** An inspection as text for a terminal. */
import { errorLine } from '#lib/domain/errors.ts';
import { CELL_KIND_NAMES } from '#lib/domain/sheet.ts';
import { CELL_ROLE_NAMES } from '#lib/domain/vendor.ts';
import { counted, printable, tableText } from '../text.ts';
import type { Inspection, SheetInspection } from './inspection.ts';

const FAILURES_SHOWN = 20;

export function inspectionText(inspection: Inspection): string {
  const { file, bytes, sha256, date_system, sheets } = inspection;
  return [
    `${printable(file)}  ${bytes} bytes  sha256 ${sha256}  dates from ${date_system}\n`,
    section(
      'Sheets',
      countTable(sheets, CELL_KIND_NAMES, ({ kinds }) => kinds),
    ),
    section('Labels', labelLines(sheets)),
    section('Layouts', layoutLines(inspection)),
    section('Result', resultLines(inspection)),
  ].join('\n');
}

const section = (title: string, body: string): string => `${title}\n${body.replace(/^(?=.)/gm, '  ')}`;

/** Sheets down, names across; names that no sheet has are left out. */
function countTable(
  sheets: readonly SheetInspection[],
  names: readonly string[],
  countsOf: (sheet: SheetInspection) => Readonly<Record<string, number>>,
): string {
  const used = names.filter((name) => sheets.some((sheet) => countsOf(sheet)[name] !== undefined));
  const header = ['SHEET', 'ROWS', 'COLUMNS', 'CELLS', ...used.map((name) => name.toUpperCase()), ''];
  const rows = sheets.map((sheet) => {
    const counts = used.map((name) => countsOf(sheet)[name] ?? 0);
    return [
      sheet.name,
      sheet.rows,
      sheet.columns,
      sheet.cells,
      ...counts,
      sheet.visibility === 'visible' ? '' : sheet.visibility,
    ];
  });
  return tableText(header, rows);
}

function labelLines(sheets: readonly SheetInspection[]): string {
  const lines = sheets.map(({ name, labels }) => {
    return printable(`${name}: ${labels.map(({ cell, text }) => `${cell} "${text}"`).join(', ') || 'none'}`);
  });
  return `${lines.join('\n')}\n`;
}

function layoutLines({ layouts }: Inspection): string {
  return layouts
    .map(
      ({ vendor, fits, reasons }) =>
        `${vendor} ${fits ? 'fits' : 'does not fit'}: ${printable(reasons.join('; '))}\n`,
    )
    .join('');
}

function resultLines({ file, parsed, refused, sheets }: Inspection): string {
  if (parsed === null) return `not parsed: ${refused === null ? '' : printable(errorLine(refused))}\n`;
  const { vendor, asof_date, rows, curves, failures, notes } = parsed;
  const covered = sheets.filter(({ roles }) => roles !== null);
  const ignored = covered.flatMap(({ name, ignored }) =>
    Object.entries(ignored).map(
      ([reason, cells]) => `${name}: ${counted(cells, 'cell')} ignored: ${reason}\n`,
    ),
  );
  const unaccounted = covered.reduce((sum, sheet) => sum + (sheet.unaccounted_prices ?? 0), 0);
  return [
    `${vendor}, as-of ${asof_date}: ${counted(rows, 'row')} of ${counted(curves, 'curve')}, ${counted(failures.length, 'failure')}, ${counted(unaccounted, 'price')} unaccounted for\n`,
    ...notes.map((note) => `note: ${printable(note)}\n`),
    countTable(covered, CELL_ROLE_NAMES, ({ roles }) => roles ?? {}),
    ...ignored.map(printable).map((line) => `${line.trimEnd()}\n`),
    ...failures.slice(0, FAILURES_SHOWN).map((failure) => `${printable(errorLine({ file, ...failure }))}\n`),
    ...(failures.length > FAILURES_SHOWN ? [`and ${failures.length - FAILURES_SHOWN} more failures\n`] : []),
  ].join('');
}
