/**
 * What every process of functions shares: settings, the functions AURUM_FUNCTION names, one start and one end. A wrong
 * setting ends it with 2 before anything is started; SIGTERM ends it with 0 when all that was begun is done, with 1 when
 * some was not within the time and will be delivered again. Knows no way in which events come.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AurumError, errorLine, refusal } from '#lib/domain/errors.ts';
import { type Platform, platform } from '#lib/runtime/compose.ts';
import { type Config, readConfig, type SettingName } from '#lib/runtime/config.ts';
import { loadEnvironment } from '#lib/runtime/environment.ts';
import { logLine } from '#lib/runtime/log.ts';
import type { RouteTrigger } from '#lib/runtime/triggers.ts';
import { type FunctionServer, functionServer } from './server.ts';
import type { ServedFunction } from './server-call.ts';
import { type FunctionEntry, functionList } from './server-functions.gen.ts';
import { pollTopics, type TopicPoller } from './topic.ts';
import { warmInBackground } from './warm.ts';

/** What takes events besides the server: a member of a consumer group, a poller. */
export interface Consumer {
  /** Rejects when it cannot go on. */
  readonly ended: Promise<void>;
  /** Takes nothing new, waits for what it has. */
  stop(): Promise<void>;
}

export interface HostProcess {
  readonly config: Config;
  readonly ports: Platform;
  /** Those that AURUM_FUNCTION names. */
  readonly functions: readonly ServedFunction[];
}

export interface HostOptions {
  /** Settings it cannot do without, besides AURUM_FUNCTION. */
  readonly wanted?: readonly SettingName[];
  /** Takes events of object functions; left out, the server on PORT takes those of all. */
  readonly consume?: (host: HostProcess) => Promise<Consumer>;
}

/** An instance is to be gone 10 s after the signal, answered or not; letting go of the stores takes part of it. */
const DRAIN_MS = 7_000;
/** Joining a consumer group takes its brokers some work; whoever wakes the function by an event is served at once. */
const TOPIC_PAUSE_MS = 2_000;
const PROBES = ['api/health', 'api/ready'];

/** Runs until a signal or a fault ends the process. */
export function runHost({ wanted = [], consume }: HostOptions = {}): void {
  const running: Running = {};
  // At once: as the first process of a container, node is deaf to a signal it has no listener for.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(running));
  start(running, ['AURUM_FUNCTION', ...wanted], consume).catch((error: unknown) =>
    end('server_not_started', error, running),
  );
}

interface Running {
  server?: FunctionServer;
  poller?: TopicPoller;
  consumer?: Consumer | undefined;
  ports?: Platform;
}

async function start(
  running: Running,
  wanted: readonly SettingName[],
  consume: HostOptions['consume'],
): Promise<void> {
  loadEnvironment();
  const config = readConfig(process.env, wanted);
  const entries = chosen(config.AURUM_FUNCTION!, consume === undefined ? 'any' : 'object-created');
  const [probes, functions] = await Promise.all([PROBES.map(entryOf), entries].map(loaded));
  requireIssuer(functions!, config);
  const ports = await platform();
  running.ports = ports;
  running.server = functionServer({
    functions: consume === undefined ? [...probes!, ...functions!] : probes!,
    event_token: config.AURUM_EVENT_TOKEN,
    concurrency: config.AURUM_CONCURRENCY,
    body_limit_bytes: config.AURUM_BODY_LIMIT_BYTES,
    cors_origins: config.AURUM_CORS_ORIGINS,
  });
  running.poller = pollTopics(functions!, TOPIC_PAUSE_MS);
  const port = await listening(running.server, config.PORT);
  running.consumer = await consume?.({ config, ports, functions: functions! });
  running.consumer?.ended.catch((error: unknown) => end('server_failed', error, running));
  const after_ms = Math.round(process.uptime() * 1_000);
  logLine('info', 'server_ready', { port, serves: config.AURUM_FUNCTION, after_ms });
  if (consume === undefined) warmInBackground(functions!, ports);
}

function listening(server: FunctionServer, port: number): Promise<number> {
  return server.listen(port).catch((cause: unknown) => {
    throw refusal('port_taken', `port ${port} cannot be listened on`, { field: 'PORT', cause });
  });
}

/** The functions that are named, one by one or by their folder; probes are served without being asked for. */
function chosen(names: string, kind: 'any' | 'object-created'): FunctionEntry[] {
  const wanted = names.split(',').map((name) => name.trim());
  const isOf = (entry: FunctionEntry, name: string) =>
    entry.name === name || entry.name.startsWith(`${name}/`);
  const known = functionList.filter(({ trigger }) => kind === 'any' || trigger.kind === kind);
  const unknown = wanted.find((name) => !known.some((entry) => isOf(entry, name)));
  if (unknown !== undefined) {
    const what = kind === 'any' ? 'function' : 'function that objects trigger,';
    throw refusal('setting_invalid', `there is no ${what} "${unknown}"`, {
      field: 'AURUM_FUNCTION',
      remedy: `Name one of ${known.map((entry) => entry.name).join(', ')}, or their folder.`,
    });
  }
  return known.filter((entry) => !PROBES.includes(entry.name) && wanted.some((name) => isOf(entry, name)));
}

/** Whoever reaches a process that takes tokens of its own making is whom they say: that must be said in so many words. */
function requireIssuer(functions: readonly ServedFunction[], config: Config): void {
  const asksForTokens = ({ trigger }: ServedFunction) =>
    trigger.kind === 'http' && !['public', 'events'].includes((trigger as RouteTrigger).contract.permission);
  const isNamed = config.AURUM_OIDC_ISSUER !== undefined || (process.env.AURUM_AUTH ?? '') !== '';
  if (isNamed || !functions.some(asksForTokens)) return;
  throw refusal(
    'setting_missing',
    'routes that need a token are served, and nobody is named who issues them',
    {
      field: 'AURUM_OIDC_ISSUER',
      remedy: 'Set AURUM_OIDC_ISSUER; or AURUM_AUTH=development, for requests from this machine alone.',
    },
  );
}

const entryOf = (name: string): FunctionEntry => functionList.find((entry) => entry.name === name)!;

function loaded(entries: readonly FunctionEntry[]): Promise<ServedFunction[]> {
  return Promise.all(
    entries.map(async ({ name, trigger }) => {
      const { handler, trigger: stated } = (await import(`../../../functions/${name}.ts`)) as Pick<
        ServedFunction,
        'handler' | 'trigger'
      >;
      return { name, trigger: { ...stated, ...trigger }, handler };
    }),
  );
}

async function stop(running: Running): Promise<void> {
  const finished = await drained(running);
  await running.ports?.close();
  logLine(finished ? 'info' : 'warn', 'server_stopped', { finished });
  process.exit(finished ? 0 : 1);
}

/** Both at once: what one of them holds up must not take the other's time. @returns whether all was done in time. */
async function drained({ server, consumer, poller }: Running): Promise<boolean> {
  const consumed = consumer?.stop().then(
    () => true,
    () => false,
  );
  const late = delay(DRAIN_MS, false, { ref: false });
  const all = await Promise.all([
    server?.drain(DRAIN_MS),
    consumed && Promise.race([consumed, late]),
    poller && Promise.race([poller.stop().then(() => true), late]),
  ]);
  return !all.includes(false);
}

async function end(event: string, error: unknown, { ports }: Running): Promise<void> {
  const known = error instanceof AurumError ? error : undefined;
  const reason = known === undefined ? undefined : errorLine(known.detail());
  logLine('error', event, { reason: reason ?? (error instanceof Error ? error.stack : String(error)) });
  await ports?.close();
  process.exit(known?.kind === 'refused' ? 2 : 1);
}
