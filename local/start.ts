/**
 * `npm start`: the whole chain on one machine. Starts the S3 gateway in this process and the functions (serverless-offline)
 * in a child, wires bucket notifications to the functions, drops generated workbooks on the first start, and waits until
 * they are served. Knows nothing of workbooks or curves.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import { lockFolder } from '#lib/adapters/sql/folder-lock.ts';
import { AurumError, errorLine, refusal } from '#lib/domain/errors.ts';
import { type Config, readConfig } from '#lib/runtime/config.ts';
import { loadEnvironment } from '#lib/runtime/environment.ts';
import { functionList } from '#lib/runtime/hosts/server-functions.gen.ts';
import { eventPath } from '#lib/runtime/triggers.ts';
import { ensureDesk } from '../scripts/build-web.ts';
import { type Functions, startFunctions } from './functions.ts';
import { type Notification, type S3Gateway, startS3Gateway } from './s3/gateway.ts';

const HELP = `npm start [-- options]

Runs Aurum on this machine: S3 gateway, functions, embedded stores. Data lies in AURUM_HOME (.aurum) and is kept.

  --sample        drop the generated workbooks (default on the first start)
  --no-sample     start empty
  --as-of DATE    market day of the generated workbooks (default: the last business day)
  --s3-only       the S3 gateway alone, without functions: for \`aurum rebuild\`
  --help          this text
`;

const say = (line: string) => process.stderr.write(`${line}\n`);
const ROOT = join(import.meta.dirname, '..');

async function start(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sample: { type: 'boolean' },
      'as-of': { type: 'string' },
      's3-only': { type: 'boolean' },
      help: { type: 'boolean' },
    },
    allowNegative: true,
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return;
  }
  loadEnvironment();
  const config = readConfig(process.env);
  requireOwnStore(config);
  mkdirSync(config.AURUM_HOME, { recursive: true });
  process.once(
    'exit',
    lockFolder(join(config.AURUM_HOME, 'start'), (who) => homeInUse(config, who)),
  );
  if (values['s3-only'] === true) return startStoreAlone(config);
  await requireFreePorts(config);
  const token = eventToken(config);
  const started_ms = performance.now();
  const desk = ensureDesk();
  desk.catch(() => {}); // Awaited before it is announced.
  const gateway = await startGateway(config, notifications(config, token));
  const functions = startFunctions({
    root: ROOT,
    log_file: logFile(config),
    api_url: `http://127.0.0.1:${config.AURUM_HTTP_PORT}`,
    environment: { ...process.env, AURUM_HOME: config.AURUM_HOME, AURUM_EVENT_TOKEN: token },
  });
  // Also when what follows fails: nobody would stop them, and they hold the ports and the database.
  process.once('exit', functions.kill);
  const stop = stopOnSignal(gateway, functions);
  say(`aurum: data in ${config.AURUM_HOME}, log in ${logFile(config)}`);
  const samples = wantsSamples(values.sample, config)
    ? makeSamples(values['as-of'] ?? lastBusinessDay(new Date()), config)
    : undefined;
  samples?.made.catch(() => {}); // Awaited when they are dropped.
  await functions.ready();
  void functions.lost.then((how) => {
    say(`aurum: the functions ended (${how}); see the log`);
    return stop(1);
  });
  say(`aurum: functions ready after ${seconds(started_ms)}`);
  const day = await dropSamples(samples, config);
  await desk;
  announce(config, day, started_ms);
}

const seconds = (since_ms: number) => `${((performance.now() - since_ms) / 1_000).toFixed(1)} s`;
const logFile = (config: Config) => join(config.AURUM_HOME, 'functions.log');

/** The notifications of our gateway are what calls the functions: what lies in another store would lie there. */
function requireOwnStore({ AURUM_S3_ENDPOINT, AURUM_S3_PORT }: Config): void {
  const { hostname, port } = new URL(AURUM_S3_ENDPOINT);
  if (/^(127\.0\.0\.1|localhost)$/.test(hostname) && Number(port) === AURUM_S3_PORT) return;
  throw refusal(
    'setting_invalid',
    `npm start brings its own S3 gateway and does not use ${AURUM_S3_ENDPOINT}`,
    {
      field: 'AURUM_S3_ENDPOINT',
      remedy:
        'Leave it out, also of .env; with real services run function-server and kafka-consumer instead.',
    },
  );
}

function homeInUse({ AURUM_HOME }: Config, who: string): AurumError {
  return refusal('home_in_use', `${AURUM_HOME} is used by another npm start, ${who}`, {
    field: 'AURUM_HOME',
    remedy: `Stop it (kill ${who.split(' ').at(-1)}), or set AURUM_HOME to a folder of its own.`,
  });
}

type PortSetting = 'AURUM_HTTP_PORT' | 'AURUM_EVENTS_PORT' | 'AURUM_LAMBDA_PORT' | 'AURUM_S3_PORT';

/** A port that is taken is named with its setting before anything starts. */
async function requireFreePorts(
  config: Config,
  names: readonly PortSetting[] = [
    'AURUM_HTTP_PORT',
    'AURUM_EVENTS_PORT',
    'AURUM_LAMBDA_PORT',
    'AURUM_S3_PORT',
  ],
): Promise<void> {
  for (const name of names) {
    await new Promise<void>((resolve, reject) => {
      const probe = createServer();
      probe.once('error', () => {
        const remedy = `Stop what listens there (another npm start?) or set ${name}.`;
        reject(
          new AurumError('refused', 'port_taken', `port ${config[name]} is in use`, { field: name, remedy }),
        );
      });
      probe.listen(config[name], '127.0.0.1', () => probe.close(() => resolve()));
    });
  }
}

/** The token of notifications: the setting, else one made at the first start. */
function eventToken(config: Config): string {
  if (config.AURUM_EVENT_TOKEN !== undefined) return config.AURUM_EVENT_TOKEN;
  const path = join(config.AURUM_HOME, 'event-token');
  if (!existsSync(path)) writeFileSync(path, randomBytes(24).toString('hex'), { mode: 0o600 });
  return readFileSync(path, 'utf8');
}

/** Bucket notifications as the functions' triggers state them, each to the webhook of its function. */
function notifications(config: Config, token: string): Notification[] {
  return functionList.flatMap(({ name, trigger }) => {
    if (trigger.kind !== 'object-created') return [];
    const { prefix, suffix } = trigger;
    const id = name.slice(name.indexOf('/') + 1);
    const target = {
      url: `http://127.0.0.1:${config.AURUM_EVENTS_PORT}${eventPath(id)}`,
      headers: { authorization: `Bearer ${token}` },
    };
    const filter = suffix === undefined ? { prefix } : { prefix, suffix };
    return [{ id, bucket: config.AURUM_S3_BUCKET, ...filter, events: ['s3:ObjectCreated:*'], target }];
  });
}

/** For work that must not run beside the functions. What their notifications wait for is delivered at the next start. */
async function startStoreAlone(config: Config): Promise<void> {
  await requireFreePorts(config, ['AURUM_S3_PORT']);
  const gateway = await startGateway(config, []);
  const stop = () => void gateway.close().then(() => process.exit(0));
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  say(`aurum: only S3, at ${config.AURUM_S3_ENDPOINT}/${config.AURUM_S3_BUCKET}; Ctrl-C stops it`);
}

function startGateway(config: Config, notified: readonly Notification[]): Promise<S3Gateway> {
  return startS3Gateway({
    port: config.AURUM_S3_PORT,
    data_dir: join(config.AURUM_HOME, 's3'),
    access_key: config.AURUM_S3_ACCESS_KEY,
    secret_key: config.AURUM_S3_SECRET_KEY,
    region: config.AURUM_S3_REGION,
    buckets: [config.AURUM_S3_BUCKET],
    versioned_prefixes: ['raw/'],
    notifications: notified,
  });
}

/** Ctrl-C ends the functions first, so that a stage in progress answers or is delivered again at the next start. */
function stopOnSignal(gateway: S3Gateway, functions: Functions): (code: number) => Promise<void> {
  let stopping = false;
  const stop = async (code: number) => {
    // Asked twice: no more patience.
    if (stopping) process.exit(code);
    stopping = true;
    say('aurum: stopping');
    await functions.stop();
    await gateway.close();
    process.exit(code);
  };
  process.on('SIGINT', () => void stop(0));
  process.on('SIGTERM', () => void stop(0));
  return stop;
}

function wantsSamples(asked: boolean | undefined, config: Config): boolean {
  return asked ?? !existsSync(join(config.AURUM_HOME, 'samples'));
}

export function lastBusinessDay(today: Date): string {
  const day = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate()));
  do day.setUTCDate(day.getUTCDate() - 1);
  while (day.getUTCDay() === 0 || day.getUTCDay() === 6);
  return day.toISOString().slice(0, 10);
}

interface Samples {
  readonly asof_date: string;
  readonly folder: string;
  readonly made: Promise<void>;
}

function makeSamples(asof_date: string, config: Config): Samples {
  const folder = join(config.AURUM_HOME, 'samples', asof_date);
  mkdirSync(folder, { recursive: true });
  return {
    asof_date,
    folder,
    made: aurum(['sample', '--vendor', 'all', '--as-of', asof_date, '--output', folder], config, 'ignore'),
  };
}

/** Runs a command of the CLI; its stdout is data nobody asked for here. */
function aurum(args: readonly string[], config: Config, messages: 'inherit' | 'ignore'): Promise<void> {
  const child = spawn(process.execPath, [join(ROOT, 'lib/runtime/cli/aurum.ts'), ...args], {
    env: { ...process.env, AURUM_S3_ENDPOINT: config.AURUM_S3_ENDPOINT },
    stdio: ['ignore', 'ignore', messages],
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`aurum ${args[0]} ended with ${code}`)),
    );
  });
}

/** @returns the market day that is served, if samples were dropped now or at an earlier start. */
async function dropSamples(samples: Samples | undefined, config: Config): Promise<string | undefined> {
  if (samples === undefined) {
    const folder = join(config.AURUM_HOME, 'samples');
    return existsSync(folder) ? readdirSync(folder).sort().at(-1) : undefined;
  }
  await samples.made;
  const files = readdirSync(samples.folder).map((file) => join(samples.folder, file));
  await aurum(['ingest', ...files], config, 'inherit');
  return samples.asof_date;
}

/** Settings in front of a command, as far as another terminal would not have them: not from `.env`. */
function settingsInFront(): string {
  const file = join(ROOT, '.env');
  const known = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  return ['AURUM_HOME', 'AURUM_HTTP_PORT', 'AURUM_S3_PORT']
    .filter((name) => (process.env[name] ?? '') !== (known[name] ?? ''))
    .map((name) => `${name}='${process.env[name]}' `)
    .join('');
}

function announce(config: Config, day: string | undefined, started_ms: number): void {
  const api = `http://127.0.0.1:${config.AURUM_HTTP_PORT}`;
  const asof = day ?? 'latest';
  const aurumCommand = `${settingsInFront()}npm run -s aurum --`;
  say(`
aurum: ready after ${seconds(started_ms)}
  desk      ${api}/
  API       ${api}/v1/curves
  S3        ${config.AURUM_S3_ENDPOINT}/${config.AURUM_S3_BUCKET}   (${config.AURUM_S3_ACCESS_KEY} / ${config.AURUM_S3_SECRET_KEY})
  drop      aws --endpoint-url ${config.AURUM_S3_ENDPOINT} s3 cp WORKBOOK.xlsx s3://${config.AURUM_S3_BUCKET}/raw/vendor_curves/YYYY-MM-DD/
  status    ${aurumCommand} status

  curl -s -H "authorization: Bearer $(${aurumCommand} token)" '${api}/v1/curves?asset_class=power&iso=PJM&market=West&block=ON_PEAK&asof=${asof}&tenor_type=MONTHLY'

Ctrl-C stops everything; the data is kept.`);
}

start().catch((error: unknown) => {
  const known = error instanceof AurumError ? errorLine(error.detail()) : undefined;
  say(`aurum: ${known ?? (error instanceof Error ? error.message : String(error))}`);
  process.exit(error instanceof AurumError && error.kind === 'refused' ? 2 : 1);
});
