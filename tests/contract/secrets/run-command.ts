/** `aurum secrets` run in this process: what it wrote and its exit code. */
import type { CommandIo } from '#lib/runtime/cli/command.ts';
import { readArguments } from '#lib/runtime/cli/command.ts';
import { command } from '#lib/runtime/cli/commands/secrets.ts';
import { tellError } from '#lib/runtime/cli/errors.ts';

export async function runSecrets(argv: readonly string[], environment: Readonly<Record<string, string>>) {
  const said = { code: 0, out: '', told: '' };
  const io: CommandIo = {
    out: async (data) => {
      said.out += String(data);
    },
    tell: (text) => {
      said.told += text;
    },
    terminal: false,
    environment,
  };
  try {
    said.code = (await command.run(readArguments(command, argv), io)) ?? 0;
  } catch (error) {
    said.code = tellError(error, io);
  }
  return said;
}
