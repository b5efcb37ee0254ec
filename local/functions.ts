/**
 * The functions (serverless-offline) as a child process: started, awaited, ended. It never outlives this process, however
 * that ends; why it did not start is read from its log and from its own answer. Knows no function.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { type AurumError, busy } from '#lib/domain/errors.ts';

export interface FunctionsOptions {
  /** Folder of `serverless.yml`. */
  readonly root: string;
  readonly log_file: string;
  /** Where `/ready` is asked for. */
  readonly api_url: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Default 60,000. */
  readonly ready_timeout_ms?: number;
}

export interface Functions {
  /** Resolves when they answer. @throws AurumError with what they said, when they end, refuse, or stay silent. */
  ready(): Promise<void>;
  /** Resolves when they end without being asked to, with how: `exit 1`, `SIGKILL`. */
  readonly lost: Promise<string>;
  /** A stage in progress answers, or is delivered again at the next start. */
  stop(): Promise<void>;
  kill(): void;
}

/** Small young generation, and WebAssembly (PGlite) compiled once and plainly: together 150 MB less. */
const V8_FLAGS = ['--max-semi-space-size=8', '--liftoff-only'];
/** Runs in the child: the channel to this process closes with this process, even when it is killed. Its threads have none. */
const ENDS_WITH_PARENT = "process.once('disconnect', () => process.exit(1)); process.channel?.unref();";
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;
const LINES_TOLD = 15;

export function startFunctions(options: FunctionsOptions): Functions {
  const { root, log_file, environment } = options;
  const log = openSync(log_file, 'a');
  const before = readFileSync(log_file).length;
  const watch = `--import=data:text/javascript,${encodeURIComponent(ENDS_WITH_PARENT)}`;
  const serverless = join(root, 'node_modules/.bin/serverless');
  const child = spawn(process.execPath, [watch, ...V8_FLAGS, serverless, 'offline', 'start'], {
    cwd: root,
    env: { ...environment, SLS_INTERACTIVE_SETUP_ENABLE: '0' },
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const ended = once(child, 'exit');
  let asked = false;
  const lost = new Promise<string>((resolve) => {
    void ended.then(([code, signal]) => asked || resolve(String(signal ?? `exit ${code}`)));
  });
  const said = () => lastLines(readFileSync(log_file).subarray(before).toString());
  return {
    lost,
    ready: () => Promise.race([answering(options, said), lost.then((how) => endedEarly(how, said()))]),
    stop: () => {
      asked = true;
      return stopped(child, ended);
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

async function answering(
  { api_url, log_file, ready_timeout_ms = READY_TIMEOUT_MS }: FunctionsOptions,
  said: () => string,
): Promise<void> {
  const deadline_ms = performance.now() + ready_timeout_ms;
  let last = '';
  while (performance.now() < deadline_ms) {
    const answer = await fetch(`${api_url}/ready`).catch(() => undefined);
    if (answer?.ok === true) return;
    last = answer === undefined ? last : await reasonOf(answer);
    // 503: a store may still come. Anything else stays as it is.
    if (last !== '' && answer?.status !== 503) break;
    await delay(50);
  }
  const reason = last === '' ? `nothing answers at ${api_url}` : last;
  throw notStarted(`the functions are not ready: ${reason}`, said(), `See ${log_file}.`);
}

/** What a problem of ours says; empty for what another server, or one that is still starting, answers. */
async function reasonOf(answer: Response): Promise<string> {
  if (answer.headers.get('content-type')?.startsWith('application/problem+json') !== true) return '';
  const { detail, code, remedy } = (await answer.json()) as Record<string, string | undefined>;
  return `${detail} (${code}). ${remedy ?? ''}`.trim();
}

function endedEarly(how: string, said: string): never {
  throw notStarted(`the functions ended while starting (${how})`, said, 'Correct what they name.');
}

function notStarted(message: string, said: string, remedy: string): AurumError {
  return busy('functions_not_started', said === '' ? message : `${message}; they said:\n${said}\n`, {
    remedy,
  });
}

function lastLines(text: string): string {
  const lines = stripVTControlCharacters(text)
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines
    .slice(-LINES_TOLD)
    .map((line) => `  ${line}`)
    .join('\n');
}

async function stopped(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.kill('SIGINT');
  await ended;
  clearTimeout(force);
}
