/** Requests to a server by callers in another process, what it costs the server's process, and a line for each figure. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, Outcome } from './load.ts';
import type { Child } from './site.ts';

const LOAD = join(import.meta.dirname, 'load.ts');
/** What all answers without work are compared with. */
export const HELLO = 'hello of node:http';
/** Gone when the benchmark is done. */
export const scratch = mkdtempSync(join(tmpdir(), 'aurum-api-bench-'));

const load = () => `load ${loadavg()[0]!.toFixed(0)}`;

export function print(name: string, value: number, unit: string, note = '', ratio_to?: string): void {
  const notes = [note, load()].filter((part) => part !== '').join(', ');
  const line = { name, value: Math.round(value * 1_000) / 1_000, unit, note: notes, ratio_to };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** CPU of all threads of a process, in ms; the kernel counts in hundredths of a second. */
export function cpu_ms(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export const rss_mb = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1e3;

export async function run(job: Job): Promise<Outcome> {
  const child = spawn(process.execPath, [LOAD, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`the callers ended with ${code}`);
  return JSON.parse(said) as Outcome;
}

interface Measured extends Outcome {
  readonly cpu_ms: number;
}

/** Callers that go on until they are ended. */
export const callers = (job: Job) =>
  spawn(process.execPath, [LOAD, JSON.stringify(job)], { stdio: ['ignore', 'ignore', 'inherit'] });

let written = 0;

/** @param requests asked round and round */
export async function asked(
  server: Child,
  requests: readonly string[],
  { connections = 4, count = requests.length, status = '200' } = {},
): Promise<Measured> {
  const file = join(scratch, `requests-${written++}`);
  writeFileSync(file, requests.map((request) => JSON.stringify(request)).join('\n'));
  const before_ms = cpu_ms(server.pid);
  const outcome = await run({ kind: 'ask', port: server.port, file, connections, count });
  if (outcome.statuses[status] !== count) throw new Error(`answers: ${JSON.stringify(outcome.statuses)}`);
  return { ...outcome, cpu_ms: (cpu_ms(server.pid) - before_ms) / count };
}

/** A slice costs milliseconds. */
export function printSlices(name: string, { p50_ms, p99_ms, cpu_ms, bytes }: Measured, count: number): void {
  print(`${name} p50`, p50_ms, 'ms', `${count} requests, ${Math.round(bytes / count / 1e3)} kB each`);
  print(`${name} p99`, p99_ms, 'ms');
  print(`${name} CPU`, cpu_ms, 'ms');
}

/** An answer without work costs microseconds. */
export function printQuick(name: string, { cpu_ms, wall_ms, bytes }: Measured, count: number): void {
  const note = `${(bytes / count / 1e3).toFixed(1)} kB each`;
  print(`${name}, CPU`, cpu_ms * 1_000, 'us', note, name === HELLO ? undefined : `${HELLO}, CPU`);
  print(
    `${name}, requests a core second`,
    1_000 / cpu_ms,
    '/s',
    `${Math.round(count / (wall_ms / 1e3))}/s here`,
  );
}
