/** `aurum sample`: generated workbooks, to try the platform on. */
import { join } from 'node:path';
import { CORRUPTIONS, type Corruption } from '#lib/samples/corrupt.ts';
import { DEFAULT_SEED, SAMPLE_VENDORS, sampleWorkbook } from '#lib/samples/sample-workbook.ts';
import { type Command, dateOption, usageError, wholeNumberOption } from '../command.ts';
import { writeOutput } from '../files.ts';

export const command: Command = {
  name: 'sample',
  summary: 'write generated PW, EUGP and RP workbooks',
  usage: 'sample --as-of DATE --output DIR [--vendor V] [--seed N] [--corrupt KIND]',
  details:
    'The same vendor, date and seed give the same bytes. Prints the path of each file. All prices are made up.',
  options: {
    vendor: { value: 'V', description: 'which workbook, default all', choices: [...SAMPLE_VENDORS, 'all'] },
    'as-of': { value: 'DATE', description: 'market day, YYYY-MM-DD' },
    output: { value: 'DIR', description: 'folder for the files' },
    seed: { value: 'N', description: `another history of prices, default ${DEFAULT_SEED}` },
    corrupt: { value: 'KIND', description: 'spoil one cell, for the gate to find', choices: CORRUPTIONS },
  },
  run: async (given, io) => {
    const asof_date = dateOption(given, 'as-of', 'sample');
    const { output, vendor = 'all' } = given.options;
    if (asof_date === undefined) throw usageError('option_missing', '--as-of is needed', 'sample');
    if (output === undefined) throw usageError('option_missing', '--output is needed', 'sample');
    const seed = wholeNumberOption(given, 'seed', 'sample') ?? DEFAULT_SEED;
    const corrupt = given.options.corrupt as Corruption | undefined;
    const { exceljsWorkbookWriter } = await import('#lib/adapters/workbook-writer/exceljs.ts');
    const writer = exceljsWorkbookWriter();
    for (const name of vendor === 'all' ? SAMPLE_VENDORS : [vendor]) {
      const options = { seed, ...(corrupt === undefined ? {} : { corrupt }) };
      const { file_name, sheets } = sampleWorkbook(name, asof_date, options);
      const path = join(output, file_name);
      await writeOutput(path, await writer.write(sheets, { created_at: `${asof_date}T21:15:00.000Z` }));
      await io.out(`${path}\n`);
    }
    return undefined;
  },
};
