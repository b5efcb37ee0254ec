/** Rows as text: CSV that a spreadsheet cannot be tricked with, and tables for a terminal. */

type Field = string | number | null | undefined;

/** A text a spreadsheet would run as a formula begins like this. */
const FORMULA_START = /^[=+\-@\t\r]/;
const PLAIN_NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** One line of RFC 4180 with its line end. A text that could be run gets a leading apostrophe; a plain number does not. */
export function csvLine(fields: readonly Field[]): string {
  return `${fields.map(csvField).join(',')}\n`;
}

function csvField(field: Field): string {
  if (field === null || field === undefined) return '';
  if (typeof field === 'number') return String(field);
  const safe = FORMULA_START.test(field) && !PLAIN_NUMBER.test(field) ? `'${field}` : field;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Columns as wide as their widest cell; the last one is not padded. Control characters never reach the terminal. */
export function tableText(header: readonly string[], rows: readonly (readonly Field[])[]): string {
  const lines = [header, ...rows].map((row) => row.map((field) => printable(String(field ?? '-'))));
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const lineOf = (line: readonly string[]) =>
    line.map((text, column) => (column === line.length - 1 ? text : text.padEnd(widths[column]!))).join('  ');
  return lines.map((line) => `${lineOf(line)}\n`).join('');
}

/** The text on one line, its control characters as blanks. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}

/** `1 failure`, `1,200 failures` */
export function counted(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}
