/**
 * Brings services up and down: installs what is missing, starts in the order of need and otherwise at once, waits for
 * the query of each. One run at a time per stack folder: a second one waits and then finds everything running.
 */
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { AurumError, busy, refusal } from '#lib/domain/errors.ts';
import { alone } from './alone.ts';
import { installOnce } from './install.ts';
import {
  digestOf,
  furnish,
  lastLines,
  logFile,
  portOwner,
  portTaken,
  type Running,
  residentBytes,
  runningAt,
  startDaemon,
  stopDaemon,
} from './process.ts';
import { type Daemon, type Service, type Site, siteOf } from './service.ts';

export type Say = (line: string) => void;

/** Trino needs 20 s on a quiet machine; a loaded one takes ten times that. */
const HEALTH_TIMEOUT_MS = 300_000;

const since = (start_ms: number) => `${((Date.now() - start_ms) / 1000).toFixed(1)} s`;
const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`;

/** @throws AurumError naming each service that did not come up; the others are left running. */
export const up = (services: readonly Service[], say: Say, fresh = false): Promise<void> =>
  alone(say, async () => {
    if (fresh) await wipe(services, say);
    const begun = new Map<string, Promise<void>>();
    const begin = (service: Service): Promise<void> => {
      const before = services.filter(({ name }) => service.after?.includes(name)).map(begin);
      const started = begun.get(service.name) ?? bringUp(service, Promise.all(before), say);
      begun.set(service.name, started);
      return started;
    };
    const ends = await Promise.allSettled(services.map(begin));
    const failed = new Set(ends.flatMap((end) => (end.status === 'rejected' ? [reason(end.reason)] : [])));
    if (failed.size > 0) throw new AurumError('fault', 'stack_incomplete', [...failed].join('\n'));
  });

/** Stops in the reverse order of need. */
export const down = (services: readonly Service[], say: Say): Promise<void> =>
  alone(say, async () => {
    const dependants = ({ name }: Service) =>
      services.filter(({ after, uses }) => after?.includes(name) || uses?.includes(name));
    const ends = new Map<string, Promise<void>>();
    const end = (service: Service): Promise<void> => {
      const stopped =
        ends.get(service.name) ?? Promise.all(dependants(service).map(end)).then(() => stop(service, say));
      ends.set(service.name, stopped);
      return stopped;
    };
    await Promise.all(services.map(end));
  });

async function bringUp(service: Service, ready: Promise<unknown>, say: Say): Promise<void> {
  ready.catch(() => undefined); // awaited below; a failure before that must not end the process
  const site = siteOf(service);
  let start_ms = Date.now();
  try {
    const daemon = service.daemon(site); // a missing JDK shows before a long download
    if (await installOnce(service, site))
      say(`${service.name}: installed ${service.version} in ${since(start_ms)}`);
    await ready;
    start_ms = Date.now();
    const found = await current(service, site, daemon, say);
    const running = found ?? (await start(service, site, daemon));
    await healthy(service, site, running);
    const how = found ? 'running' : `healthy in ${since(start_ms)},`;
    say(
      `${service.name}: ${how} port ${service.ports[0]}, pid ${running.pid}, ${megabytes(residentBytes(running.pid))}`,
    );
  } catch (error) {
    throw new AurumError('fault', 'service_failed', `${service.name}: ${reason(error)}`, { cause: error });
  }
}

/** The process that already runs as it should; one started with other settings is stopped first. */
async function current(service: Service, site: Site, daemon: Daemon, say: Say): Promise<Running | undefined> {
  const running = runningAt(site);
  if (!running || running.digest === digestOf(daemon)) return running;
  say(`${service.name}: settings have changed, restarting`);
  await stopDaemon(site, service.stop_signal);
  return undefined;
}

async function start(service: Service, site: Site, daemon: Daemon): Promise<Running> {
  for (const port of service.ports) {
    if (!(await portTaken(port))) continue;
    throw refusal('port_taken', `port ${port} is taken by ${portOwner(port)}.`, {
      remedy: 'Stop that process, or set AURUM_STACK_PORT_SHIFT=1000 to move all ports of the stack.',
    });
  }
  furnish(site, daemon);
  await service.prepare?.(site, daemon);
  return startDaemon(site, daemon);
}

async function stop(service: Service, say: Say): Promise<void> {
  const site = siteOf(service);
  const running = runningAt(site);
  if (!running) return;
  const start_ms = Date.now();
  const killed = await stopDaemon(site, service.stop_signal);
  say(`${service.name}: ${killed ? 'killed' : 'stopped'} after ${since(start_ms)}`);
}

async function wipe(services: readonly Service[], say: Say): Promise<void> {
  for (const service of services) {
    await stop(service, say);
    rmSync(siteOf(service).data, { recursive: true, force: true });
  }
}

async function healthy(service: Service, site: Site, { pid }: Running): Promise<void> {
  const deadline = Date.now() + HEALTH_TIMEOUT_MS;
  for (;;) {
    try {
      return await service.query(site);
    } catch (error) {
      if (runningAt(site)?.pid !== pid) {
        throw refusal(
          'service_ended',
          `it ended while starting. Its last lines (${logFile(site)}):\n${lastLines(site, 15)}`,
        );
      }
      if (Date.now() > deadline) {
        throw busy(
          'service_unhealthy',
          `no answer in ${HEALTH_TIMEOUT_MS / 1000} s (${reason(error)}); log: ${logFile(site)}`,
        );
      }
    }
    await delay(100);
  }
}

const reason = (error: unknown): string =>
  error instanceof AurumError
    ? [error.message, error.remedy].filter(Boolean).join(' ')
    : String(error instanceof Error ? error.message : error);
