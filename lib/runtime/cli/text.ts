/** Text for a terminal: tables, counts, and nothing that would control it. */

type Field = string | number | null | undefined;

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
