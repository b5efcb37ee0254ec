/**
 * Columns -> lines of JSON and CSV, a thousand rows at a time. A value that many rows share is written once and then
 * repeated. CSV is RFC 4180 with a header and CRLF; null is an empty field, the empty text is `""`.
 *
 * A spreadsheet runs a text that begins with = + - @ (also full-width), TAB, CR or LF. In columns of text such a text, and
 * one that begins with an apostrophe, gets a leading apostrophe: take the first one off to have it back. Numbers stay.
 */
import type { Column, ColumnBatch, ColumnField } from './columns.ts';
import { textReader } from './columns.ts';

const ROWS_A_CHUNK = 1_000;

export async function* ndjsonLines(
  fields: readonly ColumnField[],
  batches: AsyncIterable<ColumnBatch>,
): AsyncGenerator<Uint8Array> {
  for await (const batch of batches) yield* chunks(batch.rows, jsonLine(fields, batch), '', '\n');
}

export async function* jsonDocument(
  fields: readonly ColumnField[],
  batches: AsyncIterable<ColumnBatch>,
  meta: object,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`{"meta":${JSON.stringify(meta)},"data":[`);
  let before = '';
  for await (const batch of batches) {
    for (const chunk of chunks(batch.rows, jsonLine(fields, batch), ',', '')) {
      // Each row comes behind a comma; the first one has none.
      yield before === '' ? chunk.subarray(1) : chunk;
      before = ',';
    }
  }
  yield Buffer.from(']}');
}

export async function* csvLines(
  fields: readonly ColumnField[],
  batches: AsyncIterable<ColumnBatch>,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${csvLine(fields.map(({ name }) => name))}\r\n`);
  for await (const batch of batches) yield* chunks(batch.rows, csvRow(fields, batch), '', '\r\n');
}

function* chunks(
  rows: number,
  line: (row: number) => string,
  before: string,
  after: string,
): Generator<Uint8Array> {
  for (let start = 0; start < rows; start += ROWS_A_CHUNK) {
    let text = '';
    const end = Math.min(rows, start + ROWS_A_CHUNK);
    for (let row = start; row < end; row++) text += before + line(row) + after;
    yield Buffer.from(text);
  }
}

type Text = (row: number) => string;

function jsonLine(fields: readonly ColumnField[], { columns }: ColumnBatch): Text {
  const parts = fields.map((field, at) => {
    const name = `${at === 0 ? '{' : ','}${JSON.stringify(field.name)}:`;
    const quoted = (text: string) => name + (field.type === 'json' ? text : JSON.stringify(text));
    return valueText(columns[at]!, `${name}null`, quoted, (number) => name + number);
  });
  return joined(parts, '}');
}

function csvRow(fields: readonly ColumnField[], { columns }: ColumnBatch): Text {
  const parts = fields.map(({ type }, at) => {
    const comma = at === 0 ? '' : ',';
    const isText = type === 'string' || type === 'json';
    const field = (text: string) => comma + (isText ? csvText(text) : text);
    return valueText(columns[at]!, comma, field, (number) => comma + number);
  });
  return joined(parts, '');
}

function joined(parts: readonly Text[], end: string): Text {
  return (row) => {
    let line = '';
    for (let at = 0; at < parts.length; at++) line += parts[at]!(row);
    return line + end;
  };
}

/** What a row's value is written as: the texts of a dictionary are made once for the batch. */
function valueText(
  column: Column,
  missing: string,
  text: (value: string) => string,
  plain: (value: string) => string,
): Text {
  if (column.kind === 'coded') {
    const written = column.values.map(text);
    return (row) => written[column.codes[row]!] ?? missing;
  }
  if (column.kind === 'numbers') {
    return (row) => {
      const number = column.values[row]!;
      return Number.isNaN(number) ? missing : plain(numberText(number));
    };
  }
  if (column.kind === 'flags') {
    const written = [plain('false'), plain('true')];
    return (row) => written[column.values[row]!] ?? missing;
  }
  const read = textReader(column);
  return (row) => {
    const found = read(row);
    return found === null ? missing : text(found);
  };
}

const numberText = (number: number) => (Object.is(number, -0) ? '-0' : String(number));

const FORMULA_START = /^[=+\-@\t\r\n＝＋－＠']/;

/** One line of CSV without its end, for who has values and no columns. */
export function csvLine(fields: readonly (string | number | null | undefined)[]): string {
  return fields.map(csvField).join(',');
}

function csvField(field: string | number | null | undefined): string {
  if (typeof field === 'number') return numberText(field);
  return typeof field === 'string' ? csvText(field) : '';
}

/** A field of a text column. */
function csvText(text: string): string {
  const safe = FORMULA_START.test(text) ? `'${text}` : text;
  return safe === '' || /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
