/** `aurum parse`: workbooks to canonical rows on this machine, no service needed. */
import { basename, join } from 'node:path';
import { type CurveTable, rowsOf } from '#lib/domain/curve.ts';
import { AurumError, errorLine, refusal } from '#lib/domain/errors.ts';
import { csvLine } from '#lib/formats/text.ts';
import type { ParseOutcome, WorkbookSource } from '#lib/ports/workbook-parser.ts';
import { CURVE_COLUMNS } from '#schemas/curve-observation.ts';
import { type Command, type CommandArguments, type CommandIo, dateOption, usageError } from '../command.ts';
import { EXIT_REFUSED, tellError } from '../errors.ts';
import { readInput, writeOutput } from '../files.ts';
import { counted, printable } from '../text.ts';

const FORMATS = ['ndjson', 'csv', 'parquet'] as const;
type Format = (typeof FORMATS)[number];

const FAILURES_TOLD = 20;
const ROWS_A_CHUNK = 500;
/** When a row is released is not known here. */
const COLUMNS = CURVE_COLUMNS.filter((name) => name !== '_ingest_ts');
const HEADER = `${csvLine(COLUMNS)}\n`;

export const command: Command = {
  name: 'parse',
  summary: 'workbooks to canonical rows, offline',
  usage: 'parse FILE.. [--as-of DATE] [--vendor V] [--format F] [--output DIR]',
  details: [
    'Rows go to stdout, or with --output to DIR/<name>.<format> beside DIR/<name>.failures.ndjson. They carry no',
    '_ingest_ts: that is when a row is released. Exit 2 when a file is refused or a cell cannot be read; the good',
    'rows of such a file are written all the same.',
  ].join('\n'),
  options: {
    'as-of': { value: 'DATE', description: 'market day the files must be of, YYYY-MM-DD' },
    vendor: { value: 'V', description: 'layout to use; left out, the one that fits' },
    format: { value: 'F', description: 'default ndjson', choices: FORMATS },
    output: { value: 'DIR', description: 'folder for one file of rows per workbook' },
  },
  run: async (given, io) => {
    const { format, output } = checked(given);
    let code = 0;
    let header = true;
    for (const path of given.positionals) {
      try {
        const outcome = await parseFile(path, given);
        tellOutcome(outcome, io);
        if (output === undefined) await print(outcome.table, format, header, io);
        else await save(outcome, format, join(output, basename(path).replace(/\.xlsx$/i, '')), io);
        header = false;
        if (outcome.failures.length > 0) code = EXIT_REFUSED;
      } catch (error) {
        // One refused file does not keep the others from being read.
        if (!(error instanceof AurumError) || error.kind !== 'refused') throw error;
        code = tellError(error, io);
      }
    }
    return code;
  },
};

function checked({ positionals, options }: CommandArguments): { format: Format; output: string | undefined } {
  const format = (options.format ?? 'ndjson') as Format;
  if (positionals.length === 0) throw usageError('file_missing', 'no workbook is named', 'parse');
  if (options.output === undefined && format === 'parquet' && positionals.length > 1) {
    throw usageError('output_missing', 'Parquet of several workbooks needs --output DIR', 'parse');
  }
  const names = positionals.map((path) => basename(path));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (options.output !== undefined && twice !== undefined) {
    const remedy = 'Parse them one after the other, into different folders.';
    throw refusal('output_name_taken', 'two workbooks have this name', { file: twice, remedy });
  }
  return { format, output: options.output };
}

async function parseFile(path: string, given: CommandArguments): Promise<ParseOutcome> {
  const expected_asof = dateOption(given, 'as-of', 'parse');
  const { vendor } = given.options;
  const source: WorkbookSource = {
    source_file: basename(path),
    bytes: await readInput(path),
    ...(expected_asof === undefined ? {} : { expected_asof }),
    ...(vendor === undefined ? {} : { vendor }),
  };
  const { parseWorkbook } = await import('#lib/flows/parse-workbook.ts');
  const { adapters } = await import('#lib/vendors/registry.gen.ts');
  return parseWorkbook(source, adapters);
}

function tellOutcome({ table, vendor, failures, notes }: ParseOutcome, io: CommandIo): void {
  const curves = new Set(table.series.map(({ curve_key }) => curve_key)).size;
  const file = table.source_file;
  io.tell(
    `${file}: ${vendor}, as-of ${table.asof_date}, ${table.length} rows of ${curves} curves, ${counted(failures.length, 'failure')}\n`,
  );
  for (const note of notes) io.tell(`${file}: note: ${printable(note)}\n`);
  for (const failure of failures.slice(0, FAILURES_TOLD))
    io.tell(`${printable(errorLine({ file, ...failure }))}\n`);
  const more = failures.length - FAILURES_TOLD;
  if (more > 0) io.tell(`${file}: and ${more} more failures; --output writes all of them\n`);
}

async function print(table: CurveTable, format: Format, header: boolean, io: CommandIo): Promise<void> {
  if (format === 'parquet') return io.out(await parquetOf(table));
  if (format === 'csv' && header) await io.out(HEADER);
  let chunk: string[] = [];
  for (const line of linesOf(table, format)) {
    if (chunk.push(line) < ROWS_A_CHUNK) continue;
    await io.out(chunk.join(''));
    chunk = [];
  }
  await io.out(chunk.join(''));
}

async function save(
  { table, failures }: ParseOutcome,
  format: Format,
  path: string,
  io: CommandIo,
): Promise<void> {
  const rows = format === 'parquet' ? await parquetOf(table) : withHeader(linesOf(table, format), format);
  await writeOutput(`${path}.${format}`, rows);
  await writeOutput(
    `${path}.failures.ndjson`,
    failures.map((failure) => `${JSON.stringify(failure)}\n`),
  );
  await io.out(`${path}.${format}\n`);
}

function* withHeader(lines: Iterable<string>, format: Format): Generator<string> {
  if (format === 'csv') yield HEADER;
  yield* lines;
}

function* linesOf(table: CurveTable, format: Format): Generator<string> {
  for (const row of rowsOf(table, '')) {
    if (format === 'csv') yield `${csvLine(COLUMNS.map((name) => row[name]))}\n`;
    else yield `${JSON.stringify({ ...row, _ingest_ts: undefined })}\n`;
  }
}

async function parquetOf(table: CurveTable): Promise<Uint8Array> {
  const { encodeCurveTable } = await import('#lib/parquet/encode.ts');
  return encodeCurveTable(table).bytes;
}
