/**
 * The chain on real services of this bench's own: a large workbook dropped to counted by Trino, its rows published in one
 * transaction, a hundred workbooks of one day at once beside one after another, then everything but the raw area wiped and
 * rebuilt. One process takes the notifications, as the Kafka host does in a container.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { raw, trinoSql } from '#lib/adapters/curve-queries/trino-sql.ts';
import { kafkaEventBus } from '#lib/adapters/event-bus/kafka.ts';
import { rowsOf } from '#lib/domain/curve.ts';
import type { RebuildPlan, RebuildReport } from '#lib/flows/rebuild.ts';
import type { MainDigest } from '#lib/flows/rebuild-digest.ts';
import { RAW_PREFIX } from '#lib/flows/stage-keys.ts';
import { compose } from '#lib/runtime/compose.ts';
import { readConfig } from '#lib/runtime/config.ts';
import { parse } from '#lib/runtime/parse-worker.ts';
import { type OwnStack, startOwnStack } from '#tests/chaos/own-stack.ts';
import { atOnce } from '#tests/chaos/r07-hundred-at-once.ts';
import { stackSettings, stackSite } from '#tests/chaos/site.ts';
import { marketDays, timeOf } from '#tests/chaos/workbooks.ts';
import { type SampleFile, sampleFile } from '#tests/fixtures/samples.ts';
import { deploy } from '#tests/stack/kafka-cluster.ts';

const SERVICES = ['kafka', 'minio', 'nessie', 'postgres', 'registry', 'trino'];
const ROOT = join(import.meta.dirname, '../..');
const DROPS = 5;
const PUBLICATIONS = 3;
const SINGLES = 3;
const AT_ONCE = 100;
const POLL_MS = 20;
const TIMEOUT_MS = 600_000;
const HUNDRED_DAY = '2025-09-12';

const say = (text: string) => process.stderr.write(`stack bench: ${text}\n`);
const print = (name: string, value: number, unit: string, note?: string, ratio_to?: string) =>
  process.stdout.write(`${JSON.stringify({ name, value, unit, note, ratio_to })}\n`);
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const since = (began_ms: number) => performance.now() - began_ms;

type Ports = Awaited<ReturnType<typeof compose>>;

async function until(what: string, reached: () => Promise<boolean>): Promise<void> {
  const deadline_ms = Date.now() + TIMEOUT_MS;
  while (!(await reached())) {
    if (Date.now() > deadline_ms) throw new Error(`${what}: not within ${TIMEOUT_MS / 1000} s`);
    await delay(POLL_MS);
  }
}

/** The process of a container that takes the bucket's notifications from Kafka for all stages. */
async function startStages(env: NodeJS.ProcessEnv): Promise<{ stop(): Promise<void> }> {
  const child: ChildProcess = spawn(process.execPath, [join(ROOT, 'lib/runtime/hosts/kafka-consumer.ts')], {
    cwd: ROOT,
    env: { ...env, AURUM_FUNCTION: 'ingest', PORT: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let messages = '';
  child.stderr!.on('data', (chunk) => {
    messages = `${messages}${chunk}`.slice(-10_000);
  });
  await until('the stages start', async () => {
    if (child.exitCode !== null) throw new Error(`the stages ended with ${child.exitCode}: ${messages}`);
    return messages.includes('server_ready');
  });
  return {
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function aurum<T>(env: NodeJS.ProcessEnv, ...words: readonly string[]): Promise<T | undefined> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(ROOT, 'lib/runtime/cli/aurum.ts'), ...words],
    { cwd: ROOT, env, maxBuffer: 2 ** 26 },
  );
  return stdout.startsWith('{') ? (JSON.parse(stdout) as T) : undefined;
}

const put = ({ objects }: Ports, day: string, file: string, bytes: Uint8Array) =>
  objects.put(`${RAW_PREFIX}${day}/${file}`, bytes);

const publishedCount = async ({ log }: Ports) =>
  (await log.latest({ limit: 10_000 })).filter(({ stage }) => stage === 'published').length;

function trinoOf(env: NodeJS.ProcessEnv) {
  const trino = trinoSql({ url: env.AURUM_TRINO_URL!, user: 'aurum', catalog: 'iceberg', schema: 'market' });
  const count = async (where: string) =>
    Number((await trino.query(raw(`SELECT count(*) FROM curve_observation WHERE ${where}`)))[0]?.[0]);
  return { count };
}

const rowsIn = ({ file, bytes, asof_date }: SampleFile) => [
  ...rowsOf(parse({ source_file: file, bytes, expected_asof: asof_date }).table, '2025-09-12T22:00:00.000Z'),
];

/** From the first byte of the upload to the query that counts its rows. @returns their number */
async function dropped(ports: Ports, env: NodeJS.ProcessEnv): Promise<number> {
  const { count } = trinoOf(env);
  const times_ms: number[] = [];
  let rows = 0;
  for (const day of marketDays(DROPS + 1, '2025-08-01')) {
    const sample = await sampleFile('rp', day);
    rows = rowsIn(sample).length;
    const began_ms = performance.now();
    await put(ports, day, sample.file, sample.bytes);
    await until(`${day} in Trino`, async () => (await count(`asof_date = DATE '${day}'`)) === rows);
    times_ms.push(since(began_ms));
    // The next one must not share the machine with what is still published of this one.
    await until(`${day} published`, async () => (await publishedCount(ports)) === times_ms.length);
  }
  const [first, ...warm] = times_ms;
  const note = `${rows} rows`;
  print('RP dropped to counted by Trino, first', first!, 'ms', note);
  print('RP dropped to counted by Trino, warm', median(warm), 'ms', `${note}, median of ${DROPS}`);
  print('RP dropped to counted by Trino, warm, slowest', Math.max(...warm), 'ms', `of ${DROPS}, goal 10,000`);
  return rows * times_ms.length;
}

async function published(env: NodeJS.ProcessEnv): Promise<void> {
  const settings = {
    brokers: env.AURUM_KAFKA_BROKERS!.split(','),
    registry: { registry_url: env.AURUM_SCHEMA_REGISTRY_URL! },
    topic_prefix: 'bench.',
  };
  await deploy(settings, [curveObservationTopic]);
  const bus = kafkaEventBus(settings);
  const rows = rowsIn(await sampleFile('rp', HUNDRED_DAY));
  const times_ms: number[] = [];
  for (let index = 0; index <= PUBLICATIONS; index++) {
    const began_ms = performance.now();
    await bus.publish(curveObservationTopic, `workbook ${index}`, rows);
    times_ms.push(since(began_ms));
  }
  let records = 0;
  for await (const _ of bus.read(curveObservationTopic)) records += 1;
  await bus.close();
  if (records !== rows.length * times_ms.length) throw new Error(`${records} records are in the topic`);
  const [first, ...warm] = times_ms;
  print('RP published in one transaction, first', first!, 'ms', `${rows.length} rows`);
  print(
    'RP published in one transaction, slowest',
    Math.max(...warm),
    'ms',
    `of ${PUBLICATIONS}, goal 3,000`,
  );
}

/** Stages as they follow each other, without the notifications' way: what many cost beside one alone. */
async function handledAtOnce(stack: OwnStack): Promise<void> {
  const settings = stackSettings(stack.env);
  const site = await stackSite(settings, { disposable: true });
  try {
    const { single_ms, all_ms, conflicts, processes } = await atOnce(site, AT_ONCE);
    const one_by_one = `${AT_ONCE} small workbooks handled one by one`;
    print(one_by_one, single_ms * AT_ONCE, 'ms', `${AT_ONCE} x the mean of a few, 176 rows each`);
    const note = `one as-of day, ${processes} processes, ${conflicts} conflicts retried, goal 1.2 x`;
    print(`${AT_ONCE} small workbooks handled at once`, all_ms, 'ms', note, one_by_one);
  } finally {
    await site.close();
  }
}

/** @returns the rows on main that came */
async function droppedAtOnce(ports: Ports): Promise<number> {
  const sample = await sampleFile('eugp', HUNDRED_DAY);
  const rows = rowsIn(sample).length;
  const fileOf = (index: number) => sample.file.replace('1430', timeOf(index));
  const before = await publishedCount(ports);
  const done = (count: number) =>
    until(`${count} published`, async () => (await publishedCount(ports)) === before + count);
  const singles_began_ms = performance.now();
  for (let index = 0; index < SINGLES; index++) {
    await put(ports, HUNDRED_DAY, fileOf(index), sample.bytes);
    await done(index + 1);
  }
  const single_ms = since(singles_began_ms) / SINGLES;
  const began_ms = performance.now();
  const files = Array.from({ length: AT_ONCE }, (_, index) => fileOf(SINGLES + index));
  // One after another: a rebuild cannot tell the order of uploads of one slot within one millisecond.
  for (const file of files) await put(ports, HUNDRED_DAY, file, sample.bytes);
  await done(SINGLES + AT_ONCE);
  const all_ms = since(began_ms);
  const releases = (await ports.tables.releases('main')).filter(({ asof_date }) => asof_date === HUNDRED_DAY);
  if (new Set(releases.map(({ version }) => version)).size !== SINGLES + AT_ONCE)
    throw new Error(`${releases.length} releases are on main, not ${SINGLES + AT_ONCE}`);
  const one_by_one = `${AT_ONCE} EUGP workbooks dropped one by one`;
  const note = `${AT_ONCE} x the mean of ${SINGLES}, ${rows} rows each, to published; MinIO hands on what it queued every 3 s`;
  print(one_by_one, single_ms * AT_ONCE, 'ms', note);
  const goal = 'one as-of day, none lost';
  print(`${AT_ONCE} EUGP workbooks dropped at once`, all_ms, 'ms', goal, one_by_one);
  return rows * (SINGLES + AT_ONCE);
}

/** Only what users uploaded is left; the services come back empty. */
async function wiped(stack: OwnStack, ports: Ports, env: NodeJS.ProcessEnv): Promise<void> {
  const lost = ['kafka', 'nessie', 'postgres', 'registry'];
  await stack.wipe(...lost);
  for await (const { key } of ports.objects.list(''))
    if (!key.startsWith('raw/')) await ports.objects.delete(key);
  await ports.close();
  await stack.up(...SERVICES);
  await aurum(env, 'bootstrap');
}

async function rebuilt(stack: OwnStack, ports: Ports, env: NodeJS.ProcessEnv, rows: number): Promise<void> {
  const plan = (await aurum<RebuildPlan>(env, 'rebuild', '--dry-run'))!;
  const { digest: before, uploads } = plan;
  const began_ms = performance.now();
  await wiped(stack, ports, env);
  const services_ms = since(began_ms);
  const report = (await aurum<RebuildReport>(env, 'rebuild'))!;
  const content = (digest: MainDigest | null) => digest?.content;
  if (content(before) !== content(report.digest) || report.rows !== rows)
    throw new Error(
      `rebuilt ${report.rows} rows of ${rows}, digests ${content(before)}, ${content(report.digest)}`,
    );
  const counted = await trinoOf(env).count('true');
  if (counted !== rows) throw new Error(`Trino counts ${counted} rows of ${rows}`);
  const note = `${rows} rows of ${uploads} workbooks, equal digests`;
  print('all but the raw area wiped: services empty and up', services_ms / 1000, 's');
  print('all but the raw area wiped: RTO of the rebuild', report.rto_s, 's', `${note}, goal 7,200`);
  print('all but the raw area wiped: RPO', report.rpo_s ?? Number.NaN, 's', 'nothing lost, goal 900');
}

const home = mkdtempSync(join(tmpdir(), 'aurum-bench-stack-'));
say('starting services');
const stack = await startOwnStack(SERVICES);
try {
  const env = { ...stack.env, AURUM_HOME: home, AURUM_EXPECTED_VENDORS: 'rp' };
  await aurum(env, 'bootstrap');
  const ports = await compose(readConfig(env));
  print(
    'load average of the machine at the begin',
    loadavg()[0]!,
    '',
    'of all that runs on it; figures want below 2',
  );
  const stages = await startStages(env);
  say('dropping workbooks');
  let rows = await dropped(ports, env);
  await published(env);
  say(`${AT_ONCE} at once`);
  rows += await droppedAtOnce(ports);
  await stages.stop();
  await handledAtOnce(stack);
  say('wiping and rebuilding');
  await rebuilt(stack, ports, env, rows);
} finally {
  await stack.close();
  rmSync(home, { recursive: true, force: true });
}
process.exit(0);
