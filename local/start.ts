/**
 * `npm start`: the whole chain on one machine. Starts the S3 gateway in this process and the functions (serverless-offline)
 * in a child, wires bucket notifications to the functions, drops generated workbooks on the first start, and waits until
 * they are served. Knows nothing of workbooks or curves.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AurumError, errorLine } from '#lib/domain/errors.ts';
import { type Config, readConfig } from '#lib/runtime/config.ts';
import { functionList } from '#lib/runtime/hosts/server-functions.gen.ts';
import { eventPath } from '#lib/runtime/triggers.ts';
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
/** Small young generation, and WebAssembly (PGlite) compiled once and plainly: together 150 MB less. */
const V8_FLAGS = ['--max-semi-space-size=8', '--liftoff-only'];
const READY_TIMEOUT_MS = 60_000;

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
  if (existsSync(join(ROOT, '.env'))) process.loadEnvFile(join(ROOT, '.env'));
  const config = readConfig(process.env);
  mkdirSync(config.AURUM_HOME, { recursive: true });
  if (values['s3-only'] === true) return startStoreAlone(config);
  await requireFreePorts(config);
  const token = eventToken(config);
  const started_ms = performance.now();
  const gateway = await startGateway(config, notifications(config, token));
  const functions = startFunctions(config, token);
  stopOnSignal(gateway, functions);
  say(`aurum: data in ${config.AURUM_HOME}, log in ${logFile(config)}`);
  const samples = wantsSamples(values.sample, config)
    ? makeSamples(values['as-of'] ?? lastBusinessDay(new Date()), config)
    : undefined;
  await untilReady(config, functions);
  say(`aurum: functions ready after ${seconds(started_ms)}`);
  const day = await dropSamples(samples, config);
  announce(config, day, started_ms);
}

const seconds = (since_ms: number) => `${((performance.now() - since_ms) / 1_000).toFixed(1)} s`;
const logFile = (config: Config) => join(config.AURUM_HOME, 'functions.log');

/** A port that is taken is named with its setting before anything starts. */
async function requireFreePorts(
  config: Config,
  names: readonly ('AURUM_HTTP_PORT' | 'AURUM_LAMBDA_PORT' | 'AURUM_S3_PORT')[] = [
    'AURUM_HTTP_PORT',
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
      url: `http://127.0.0.1:${config.AURUM_HTTP_PORT}${eventPath(id)}`,
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

function startFunctions(config: Config, token: string): ChildProcess {
  const log = openSync(logFile(config), 'a');
  const serverless = join(ROOT, 'node_modules/.bin/serverless');
  const child = spawn(process.execPath, [...V8_FLAGS, serverless, 'offline', 'start'], {
    cwd: ROOT,
    env: {
      ...process.env,
      AURUM_HOME: config.AURUM_HOME,
      AURUM_EVENT_TOKEN: token,
      SLS_INTERACTIVE_SETUP_ENABLE: '0',
    },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  return child;
}

/** Ctrl-C ends the child first, so that a stage in progress answers or is delivered again at the next start. */
function stopOnSignal(gateway: S3Gateway, functions: ChildProcess): void {
  let stopping = false;
  const stop = (code: number) => {
    // Asked twice: no more patience.
    if (stopping) {
      functions.kill('SIGKILL');
      process.exit(code);
    }
    stopping = true;
    say('aurum: stopping');
    const force = setTimeout(() => functions.kill('SIGKILL'), 5_000);
    const end = async () => {
      clearTimeout(force);
      await gateway.close();
      process.exit(code);
    };
    if (functions.exitCode !== null || functions.signalCode !== null) void end();
    else functions.once('exit', () => void end()).kill('SIGINT');
  };
  process.on('SIGINT', () => stop(0));
  process.on('SIGTERM', () => stop(0));
  functions.once('exit', (code, signal) => {
    if (stopping) return;
    say(`aurum: the functions ended (${signal ?? `exit ${code}`}); see the log`);
    stop(1);
  });
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

async function untilReady(config: Config, functions: ChildProcess): Promise<void> {
  const deadline_ms = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline_ms && functions.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${config.AURUM_HTTP_PORT}/ready`).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the functions were not ready in ${READY_TIMEOUT_MS / 1_000} s; see ${logFile(config)}`);
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

function announce(config: Config, day: string | undefined, started_ms: number): void {
  const api = `http://127.0.0.1:${config.AURUM_HTTP_PORT}`;
  const asof = day ?? 'latest';
  say(`
aurum: ready after ${seconds(started_ms)}
  API       ${api}/v1/curves
  S3        ${config.AURUM_S3_ENDPOINT}/${config.AURUM_S3_BUCKET}   (${config.AURUM_S3_ACCESS_KEY} / ${config.AURUM_S3_SECRET_KEY})
  drop      aws --endpoint-url ${config.AURUM_S3_ENDPOINT} s3 cp WORKBOOK.xlsx s3://${config.AURUM_S3_BUCKET}/raw/vendor_curves/YYYY-MM-DD/
  status    npm run -s aurum -- status

  curl -s '${api}/v1/curves?asset_class=power&iso=PJM&market=West&block=ON_PEAK&asof=${asof}&tenor_type=MONTHLY'

Ctrl-C stops everything; the data is kept.`);
}

start().catch((error: unknown) => {
  const known = error instanceof AurumError ? errorLine(error.detail()) : undefined;
  say(`aurum: ${known ?? (error instanceof Error ? error.message : String(error))}`);
  process.exit(error instanceof AurumError && error.kind === 'refused' ? 2 : 1);
});
