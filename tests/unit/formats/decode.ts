/** Every format back to rows, by readers that are not ours: apache-arrow, hyparquet, DuckDB, and a CSV reader of RFC 4180. */
import { tableFromIPC } from 'apache-arrow';
import { parquetReadObjects } from 'hyparquet';
import type { ColumnField } from '#lib/formats/columns.ts';
import type { Format } from '#lib/formats/negotiate.ts';
import { compressors } from '#tests/unit/formats/zstd.ts';

export type Row = Record<string, unknown>;

export async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

export async function decoded(format: Format, fields: readonly ColumnField[], bytes: Buffer): Promise<Row[]> {
  if (format === 'json') return (JSON.parse(bytes.toString()) as { data: Row[] }).data;
  if (format === 'ndjson') {
    return bytes
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row);
  }
  if (format === 'csv') return csvRows(fields, bytes.toString());
  const found = format === 'arrow' ? arrowRows(bytes) : await parquetRows(bytes);
  return found.map((row) =>
    Object.fromEntries(fields.map((field) => [field.name, canonical(field, row[field.name])])),
  );
}

function arrowRows(bytes: Buffer): Row[] {
  const table = tableFromIPC(bytes);
  return table.toArray().map((row) => Object.fromEntries(Object.entries(row.toJSON())));
}

async function parquetRows(bytes: Buffer): Promise<Row[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  return parquetReadObjects({ file, compressors });
}

/** What a reader makes of a value, as JSON has it. */
function canonical({ type }: ColumnField, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (type === 'json') return JSON.parse(String(value));
  if (type === 'long') return Number(value);
  if (type !== 'date' && type !== 'timestamptz') return value;
  const time = new Date(value instanceof Date ? value.getTime() : Number(value)).toISOString();
  return type === 'date' ? time.slice(0, 10) : time;
}

/** Fields of each line, with whether they were quoted: an empty one is null, a quoted empty one the empty text. */
export function csvFields(text: string): { text: string; quoted: boolean }[][] {
  const lines: { text: string; quoted: boolean }[][] = [];
  let line: { text: string; quoted: boolean }[] = [];
  for (let at = 0; at < text.length; ) {
    const start = at;
    const quoted = text[at] === '"';
    if (quoted) {
      for (at++; !(text[at] === '"' && text[at + 1] !== '"'); at++) if (text[at] === '"') at++;
      at++;
      line.push({ text: text.slice(start + 1, at - 1).replaceAll('""', '"'), quoted });
    } else {
      while (at < text.length && text[at] !== ',' && text[at] !== '\r') at++;
      line.push({ text: text.slice(start, at), quoted });
    }
    if (text[at] === ',') {
      at++;
      if (text[at] === '\r') line.push({ text: '', quoted: false });
    }
    if (text.startsWith('\r\n', at)) {
      at += 2;
      lines.push(line);
      line = [];
    }
  }
  return lines;
}

function csvRows(fields: readonly ColumnField[], text: string): Row[] {
  const [header, ...lines] = csvFields(text);
  expectHeader(header?.map((field) => field.text) ?? [], fields);
  return lines.map((line) =>
    Object.fromEntries(fields.map((field, at) => [field.name, csvValue(field, line[at]!)])),
  );
}

function expectHeader(names: readonly string[], fields: readonly ColumnField[]): void {
  if (names.join() !== fields.map(({ name }) => name).join()) throw new Error(`header ${names.join()}`);
}

function csvValue({ type }: ColumnField, { text, quoted }: { text: string; quoted: boolean }): unknown {
  if (text === '' && !quoted) return null;
  if (type === 'double' || type === 'long') return Number(text);
  if (type === 'boolean') return text === 'true';
  if (type === 'date' || type === 'timestamptz') return text;
  const plain = text.startsWith("'") ? text.slice(1) : text;
  return type === 'json' ? JSON.parse(plain) : plain;
}
