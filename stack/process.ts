/**
 * Daemons by pid file: started detached, recognised again by pid and start time (a pid alone is reused by the kernel),
 * stopped by signal. Reads Linux's /proc; knows no service.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AurumError } from '#lib/domain/errors.ts';
import { accountIds } from './command.ts';
import { type Daemon, HOST, type Site } from './service.ts';

export interface Running {
  readonly pid: number;
  /** Digest of the daemon it was started as. */
  readonly digest: string;
}

const STOP_TIMEOUT_MS = 30_000;
const pidFile = (site: Site) => join(site.run, 'pid');
export const logFile = (site: Site): string => join(site.run, 'log');

export const digestOf = (daemon: Daemon): string =>
  createHash('sha256').update(JSON.stringify(daemon)).digest('hex').slice(0, 16);

/** The process of the pid file, when it is still the one that was started. */
export function runningAt(site: Site): Running | undefined {
  const [pid, began, digest] = read(pidFile(site))?.split(/\s+/) ?? [];
  if (pid === undefined || digest === undefined || startTicks(Number(pid)) !== began) return undefined;
  return { pid: Number(pid), digest };
}

/** Folders and configuration as the daemon, and the account it runs under, needs them. */
export function furnish(site: Site, daemon: Daemon): void {
  rmSync(site.etc, { recursive: true, force: true });
  for (const folder of [site.run, site.data]) mkdirSync(folder, { recursive: true });
  const ids = daemon.account === undefined ? undefined : accountIds(daemon.account);
  if (ids) chownSync(site.data, ids.uid, ids.gid);
  for (const [path, content] of Object.entries(daemon.files ?? {})) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode: 0o600 });
  }
}

export function startDaemon(site: Site, daemon: Daemon): Running {
  const ids = daemon.account === undefined ? undefined : accountIds(daemon.account);
  const [program, ...parameters] = daemon.argv;
  const log = openLog(site);
  const child = spawn(program, parameters, {
    ...ids,
    cwd: ids ? '/' : site.run,
    detached: true,
    env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: site.run, ...daemon.environment },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.on('error', () => undefined); // no pid: reported below
  child.unref();
  const began = child.pid === undefined ? undefined : startTicks(child.pid);
  if (child.pid === undefined || began === undefined) {
    throw new AurumError(
      'fault',
      'service_not_started',
      `${program} could not be started; see ${logFile(site)}`,
    );
  }
  const digest = digestOf(daemon);
  writeFileSync(pidFile(site), `${child.pid} ${began} ${digest}\n`);
  return { pid: child.pid, digest };
}

/** Asks by signal, waits, and kills what does not listen. @returns whether it had to be killed */
export async function stopDaemon(site: Site, signal: NodeJS.Signals = 'SIGTERM'): Promise<boolean> {
  const running = runningAt(site);
  let killed = false;
  if (running) {
    process.kill(running.pid, signal);
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    while (runningAt(site)) {
      if (!killed && Date.now() > deadline) {
        process.kill(running.pid, 'SIGKILL');
        killed = true;
      }
      await delay(50);
    }
  }
  rmSync(pidFile(site), { force: true });
  return killed;
}

export const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) * 1024;

export const lastLines = (site: Site, count: number): string =>
  (read(logFile(site)) ?? '').trimEnd().split('\n').slice(-count).join('\n');

/** Whether anything answers on the port. */
export const portTaken = (port: number): Promise<boolean> =>
  new Promise((answer) => {
    const socket = connect({ host: HOST, port });
    const done = (taken: boolean) => {
      socket.destroy();
      answer(taken);
    };
    socket.setTimeout(2_000, () => done(true));
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });

/** `pid 123 (java -cp ...)`, as far as this user may see it. */
export function portOwner(port: number): string {
  const inode = listeningInode(port);
  const pid = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && hasSocket(entry, inode));
  if (inode === undefined || pid === undefined) return 'a process of another user';
  const line = read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim() ?? '';
  return `pid ${pid} (${line.length > 60 ? `${line.slice(0, 60)}...` : line})`;
}

function listeningInode(port: number): string | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = ['tcp', 'tcp6'].flatMap((table) => (read(`/proc/net/${table}`) ?? '').split('\n').slice(1));
  // columns: index, local address, remote address, state (0A = listening), ..., the tenth is the socket's inode
  const columns = rows.map((row) => row.trim().split(/\s+/));
  return columns.find((column) => column[1]?.endsWith(suffix) && column[3] === '0A')?.[9];
}

/** Processes and their descriptors come and go while they are listed: what is gone is passed over, one by one. */
function hasSocket(pid: string, inode: string | undefined): boolean {
  const folder = `/proc/${pid}/fd`;
  const descriptors = orNothing(() => readdirSync(folder)) ?? [];
  return descriptors.some((fd) => orNothing(() => readlinkSync(join(folder, fd))) === `socket:[${inode}]`);
}

/** The log of the last start is kept beside the new one. */
function openLog(site: Site): number {
  const path = logFile(site);
  if (read(path)) renameSync(path, `${path}.previous`);
  return openSync(path, 'w');
}

/**
 * Identity beyond the pid: field 22 of /proc/PID/stat; the command before it may hold blanks, up to the last bracket.
 * A zombie has ended only with the last of its threads (field 20): until then its ports are still open.
 */
export function startTicks(pid: number): string | undefined {
  const text = read(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const ended = fields?.[0] === 'Z' && Number(fields[17]) <= 1;
  return ended ? undefined : fields?.[19];
}

const read = (path: string): string | undefined => orNothing(() => readFileSync(path, 'utf8'));

function orNothing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
