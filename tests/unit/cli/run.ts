/** The command line run in this process: what it wrote and its exit code. */
import type { CommandIo } from '#lib/runtime/cli/command.ts';
import { runCommandLine } from '#lib/runtime/cli/main.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly bytes: Buffer;
  readonly told: string;
}

export async function run(
  argv: readonly string[],
  options: { terminal?: boolean; environment?: Record<string, string> } = {},
): Promise<Ran> {
  const chunks: Buffer[] = [];
  let told = '';
  const io: CommandIo = {
    out: async (data) => {
      chunks.push(Buffer.from(data as string));
    },
    tell: (text) => {
      told += text;
    },
    terminal: options.terminal ?? false,
    environment: options.environment ?? {},
  };
  const code = await runCommandLine(argv, io);
  const bytes = Buffer.concat(chunks);
  return { code, out: bytes.toString(), bytes, told };
}
