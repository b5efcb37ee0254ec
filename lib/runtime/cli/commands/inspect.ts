/** `aurum inspect`: what a workbook holds, which layout fits and why not, cell by cell if wanted. */
import { basename } from 'node:path';
import { type Command, usageError } from '../command.ts';
import { attempt, inspect } from '../coverage/inspection.ts';
import { inspectionText } from '../coverage/inspection-text.ts';
import { readInput, writeOutput } from '../files.ts';

export const command: Command = {
  name: 'inspect',
  summary: 'what a workbook holds, which vendor layout fits and why not',
  usage: 'inspect FILE [--format text|json] [--coverage OUT.html]',
  options: {
    format: { value: 'F', description: 'default text', choices: ['text', 'json'] },
    coverage: {
      value: 'OUT.html',
      description: 'draw every sheet in the colours of what its cells were taken for',
    },
  },
  run: async ({ positionals, options }, io) => {
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0)
      throw usageError('file_missing', 'name one workbook', 'inspect');
    const bytes = await readInput(path);
    const source_file = basename(path);
    const { readWorkbook } = await import('#lib/workbook/read.ts');
    const { parseCells } = await import('#lib/flows/parse-workbook.ts');
    const { adapters } = await import('#lib/vendors/registry.gen.ts');
    const workbook = readWorkbook(bytes, { source_file });
    const attempted = await attempt(() => parseCells(workbook, { source_file, bytes }, adapters));
    const inspection = inspect(source_file, bytes, workbook, adapters, attempted);
    await io.out(
      options.format === 'json' ? `${JSON.stringify(inspection, null, 2)}\n` : inspectionText(inspection),
    );
    if (options.coverage !== undefined) {
      const { coveragePage } = await import('../coverage/page.ts');
      const outcome = 'outcome' in attempted ? attempted.outcome : undefined;
      await writeOutput(options.coverage, [coveragePage(inspection, workbook, outcome)]);
      io.tell(`${options.coverage} written\n`);
    }
    return undefined;
  },
};
