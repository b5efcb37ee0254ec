/**
 * Services of one scenario alone, that it may stop and start: the stack's own software and scripts on other ports and
 * another folder. Knows which services it runs; not what for.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runningAt } from '../../stack/process.ts';
import { siteOf, stackHome } from '../../stack/service.ts';
import { named } from '../../stack/services.ts';

const SCRIPT = join(import.meta.dirname, '../../stack/stack.ts');
const run = promisify(execFile);
/** Below the ports that the kernel gives to clients. */
const FIRST_SHIFT = 4_000;
const SHIFTS = 8_000;

export interface OwnStack {
  readonly env: NodeJS.ProcessEnv;
  up(...names: readonly string[]): Promise<void>;
  down(...names: readonly string[]): Promise<void>;
  /** SIGKILL, as a machine that fails. */
  kill(name: string): void;
  /** Stops them and takes their data away, as disks that fail. */
  wipe(...names: readonly string[]): Promise<void>;
  /** Stops all and takes their data away. */
  close(): Promise<void>;
}

export async function startOwnStack(names: readonly string[]): Promise<OwnStack> {
  const home = mkdtempSync(join(tmpdir(), 'aurum-chaos-stack-'));
  linkSoftware(home);
  const shift = FIRST_SHIFT + Math.floor(Math.random() * SHIFTS);
  const env = { ...process.env, AURUM_STACK_HOME: home, AURUM_STACK_PORT_SHIFT: String(shift) };
  const stack = async (...words: readonly string[]) =>
    (await run(process.execPath, [SCRIPT, ...words], { env, maxBuffer: 2 ** 24 })).stdout;
  const site = (name: string) => siteOf(named(name), home);
  const wipe = async (...some: readonly string[]) => {
    await stack('down', ...some);
    for (const name of some) rmSync(site(name).data, { recursive: true, force: true });
  };
  const close = async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, ended);
    await wipe(...names);
    rmSync(home, { recursive: true, force: true });
  };
  // The services are processes of their own: they would outlive one that is told to end.
  const ended = () => void close().finally(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, ended);
  try {
    await stack('up', ...names);
    const settings = Object.fromEntries(
      (await stack('env'))
        .split('\n')
        .flatMap((line) => (line.includes('=') ? [line.split(/=(.*)/).slice(0, 2)] : [])),
    ) as Record<string, string>;
    return {
      env: { ...process.env, ...settings },
      up: async (...some) => void (await stack('up', ...some)),
      down: async (...some) => void (await stack('down', ...some)),
      wipe,
      kill(name) {
        const running = runningAt(site(name));
        if (running !== undefined) process.kill(running.pid, 'SIGKILL');
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What is installed is installed once. */
function linkSoftware(home: string): void {
  for (const entry of readdirSync(stackHome(), { withFileTypes: true })) {
    if (entry.isDirectory() && /-\d/.test(entry.name) && !entry.name.includes('.partial'))
      symlinkSync(join(stackHome(), entry.name), join(home, entry.name));
  }
}
