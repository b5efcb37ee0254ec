/**
 * The command line: finds the command, hands it its arguments, turns what it throws into one line and an exit code.
 * Commands are loaded when asked for, so that `aurum --help` does not wait for an S3 client.
 */
import { type Command, type CommandIo, readArguments, unknownName } from './command.ts';
import { EXIT_REFUSED, tellError } from './errors.ts';

const COMMANDS: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  parse: () => import('./commands/parse.ts'),
  inspect: () => import('./commands/inspect.ts'),
  sample: () => import('./commands/sample.ts'),
  ingest: () => import('./commands/ingest.ts'),
  status: () => import('./commands/status.ts'),
  quarantine: () => import('./commands/quarantine.ts'),
  hotfix: () => import('./commands/hotfix.ts'),
  curves: () => import('./commands/curves.ts'),
  export: () => import('./commands/export.ts'),
  'verify-export': () => import('./commands/verify-export.ts'),
  scenario: () => import('./commands/scenario.ts'),
  ppa: () => import('./commands/ppa.ts'),
  schemas: () => import('./commands/schemas.ts'),
  secrets: () => import('./commands/secrets.ts'),
  verify: () => import('./commands/verify.ts'),
  rebuild: () => import('./commands/rebuild.ts'),
  token: () => import('./commands/token.ts'),
  tenant: () => import('./commands/tenant.ts'),
  bootstrap: () => import('./commands/bootstrap.ts'),
};

const DONE = 0;

/** @returns the exit code: 0 done, 2 the input was refused, 1 our fault or something is not there. */
export async function runCommandLine(argv: readonly string[], io: CommandIo): Promise<number> {
  try {
    const [name, ...rest] = argv;
    if (name === undefined) {
      io.tell(await overview());
      return EXIT_REFUSED;
    }
    if (name === '--help' || name === '-h' || name === 'help') {
      await io.out(await overview());
      return DONE;
    }
    const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (load === undefined) throw unknownName('command', name, Object.keys(COMMANDS));
    const { command } = await load();
    if (rest.includes('--help') || rest.includes('-h')) {
      await io.out(helpOf(command));
      return DONE;
    }
    return (await command.run(readArguments(command, rest), io)) ?? DONE;
  } catch (error) {
    return tellError(error, io);
  }
}

async function overview(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  const lines = commands.map(({ command }) => `  ${command.name.padEnd(15)}${command.summary}`);
  return [
    'aurum: workbooks in, governed forward curves out',
    '',
    'Usage: aurum <command> [arguments]      aurum <command> --help',
    '',
    ...lines,
    '',
    'Data goes to stdout, words to stderr. Exit: 0 done, 2 the input was refused, 1 our fault.',
    '',
  ].join('\n');
}

function helpOf(command: Command): string {
  const options = Object.entries(command.options).map(([name, { value, description, choices, flag }]) => {
    const allowed = choices === undefined || flag === true ? '' : ` (${choices.join(', ')})`;
    return `  ${(flag === true ? `--${name}` : `--${name} ${value}`).padEnd(26)}${description}${allowed}`;
  });
  return [
    `aurum ${command.name}: ${command.summary}`,
    '',
    `Usage: aurum ${command.usage}`,
    ...(command.details === undefined ? [] : ['', command.details]),
    ...(options.length === 0 ? [] : ['', ...options]),
    '',
  ].join('\n');
}
