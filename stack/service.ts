/**
 * What a service of the stack is: where it comes from, what process it runs, and the query that proves it is healthy.
 * Knows no service by name and starts nothing.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { readSetting } from '#lib/runtime/config.ts';

/** Where one service lives on this machine. */
export interface Site {
  /** Its installed, versioned files; shared by all clones. */
  readonly software: string;
  /** Pid file and log. */
  readonly run: string;
  /** Configuration files; emptied before each start, so that nothing of an earlier version stays in force. */
  readonly etc: string;
  /** What survives a restart; `up --fresh` empties it. */
  readonly data: string;
}

/** A process to be started; two equal values mean that a running process needs no restart. */
export interface Daemon {
  readonly argv: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
  /** Configuration written before the start, below `etc`: path -> content. */
  readonly files?: Readonly<Record<string, string>>;
  /** The account a root user drops to, for programs that refuse root. */
  readonly account?: string;
}

export interface Service {
  readonly name: string;
  readonly version: string;
  /** The first is the one its clients use. */
  readonly ports: readonly [number, ...number[]];
  /** Services that must be healthy before this one is started. */
  readonly after?: readonly string[];
  /** Services that must run as well, started at the same time. */
  readonly uses?: readonly string[];
  /** `AURUM_*` settings with which the platform finds it. */
  readonly settings: Readonly<Record<string, string>>;
  /** How it is asked to stop; default SIGTERM. */
  readonly stop_signal?: NodeJS.Signals;
  /** Where its data lies, when it cannot be below `run`. */
  readonly data?: (run: string) => string;
  /** Files put into an empty `folder`; absent for what the operating system's packages provide. */
  readonly install?: (folder: string) => Promise<void>;
  /** Sees to system packages and to a data folder that can be started on; the daemon's files are written before. */
  readonly prepare?: (site: Site, daemon: Daemon) => Promise<void>;
  readonly daemon: (site: Site) => Daemon;
  /** A real query; throws while the service cannot answer it. May create what others need, again and again. */
  readonly query: (site: Site) => Promise<void>;
}

export const HOST = '127.0.0.1';

/** A second stack on one machine: `AURUM_STACK_PORT_SHIFT=1000` moves every port. */
export function port(number: number): number {
  return number + readSetting('AURUM_STACK_PORT_SHIFT');
}

export const stackHome = (environment = process.env): string =>
  resolve(
    readSetting('AURUM_STACK_HOME', environment) ??
      join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'aurum', 'stack'),
  );

export function siteOf({ name, version, data }: Service, home = stackHome()): Site {
  const run = join(home, 'run', name);
  return {
    software: join(home, `${name}-${version}`),
    run,
    etc: join(run, 'etc'),
    data: data?.(run) ?? join(run, 'data'),
  };
}
