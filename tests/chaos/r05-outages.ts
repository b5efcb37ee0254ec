/**
 * R5: services that go away while workbooks come in: Kafka killed, PostgreSQL stopped, the catalog answering 500, one S3
 * request in five refused or its answer lost. On services of this scenario's own, fed by MinIO's own notifications.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { objectEvent, objectsCreated } from '#events/object-created.ts';
import { prepareBucket } from '#lib/adapters/object-store/minio-bucket.ts';
import { busy } from '#lib/domain/errors.ts';
import { functionList } from '#lib/runtime/hosts/server-functions.gen.ts';
import { account } from './account.ts';
import { type Eventing, startEventing, upload } from './eventing.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { startOwnStack } from './own-stack.ts';
import type { SiteSettings } from './ports.ts';
import { onSite, type Played, type Stage, type StageWithSite, scenario } from './scenario.ts';
import { type Site, stackSettings, stackSite } from './site.ts';
import { followStorageEvents } from './storage-events.ts';
import { sweepOnce } from './sweep-once.ts';
import { type ChaosWorkbook, marketDays, smallWorkbook } from './workbooks.ts';

const S3_FAULTS = 0.2;
/** After the last outage everything must be done within this. */
const DRAIN_MS = 300_000;
/** Without anything new for so long, what is missing is left to the sweep. */
const QUIET_MS = 15_000;
/** More than the caches may hold: what waits must not pile up in memory. */
const MEMORY_GROWTH_MB = 256;

export const r05 = scenario(
  { id: 'R5', what: 'outages of Kafka, PostgreSQL, the catalog and S3' },
  (stage) => (stage.on === 'stack' ? onOwnStack(stage) : onSite(onLocalStores)(stage)),
);

/** One thing away for a while. */
interface Outage {
  readonly name: string;
  readonly lasts_ms: number;
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
}

const DURATIONS_MS = {
  kafka: [600_000, 6_000],
  database: [300_000, 4_000],
  catalog: [120_000, 3_000],
} as const;

const outage = (
  { size }: Stage,
  name: keyof typeof DURATIONS_MS,
  begin: () => Promise<void>,
  end: () => Promise<void>,
): Outage => {
  const [full_ms, bounded_ms] = DURATIONS_MS[name];
  return { name, lasts_ms: size(full_ms, bounded_ms), begin, end };
};

const halfAndHalf = () => (Math.random() < 0.5 ? 'refuse' : 'lose_answer');

const s3Faults = (target: string) =>
  startFaultProxy({
    target,
    fate: () => (Math.random() >= S3_FAULTS ? 'pass' : halfAndHalf()),
    status: 503,
    body: '<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>chaos</Message></Error>',
  });

async function onOwnStack(stage: Stage): Promise<Played> {
  const stack = await startOwnStack(['kafka', 'minio', 'nessie', 'postgres']);
  const corner = stackSettings(stack.env);
  const { prefix: _, ...s3 } = corner.s3;
  const settings: SiteSettings = { ...corner, s3 };
  let catalogIsDown = false;
  const faulty = await Promise.all([
    s3Faults(s3.endpoint),
    startFaultProxy({
      target: settings.nessie!.nessie_url,
      fate: () => (catalogIsDown ? halfAndHalf() : 'pass'),
      status: 500,
      body: '{"message":"chaos"}',
    }),
  ]);
  const through = {
    s3: { ...s3, endpoint: faulty[0].url },
    nessie: { ...settings.nessie!, nessie_url: faulty[1].url },
  };
  const setCatalog = (down: boolean) => async () => {
    catalogIsDown = down;
  };
  let site: Site | undefined;
  try {
    await prepare(s3);
    site = await stackSite(settings, { disposable: true });
    const eventing = await startEventing((options) => site!.open({ ...options, settings: through }), {
      announces: false,
    });
    const following = await followStorageEvents(settings.kafka!.brokers, (envelope) =>
      emitAll(eventing, envelope),
    );
    const played = await play(
      stage,
      site,
      eventing,
      [
        outage(
          stage,
          'kafka',
          async () => stack.kill('kafka'),
          () => stack.up('kafka'),
        ),
        outage(
          stage,
          'database',
          () => stack.down('postgres'),
          () => stack.up('postgres'),
        ),
        outage(stage, 'catalog', setCatalog(true), setCatalog(false)),
      ],
      faulty[0],
    );
    await following.close();
    const [refused, failed] = faulty.map(({ faults }) => faults);
    return { ...played, note: `${played.note}; ${refused} S3 faults, ${failed} catalog faults` };
  } finally {
    await site?.close();
    await Promise.all(faulty.map((proxy) => proxy.close()));
    await stack.close();
  }
}

function emitAll(eventing: Eventing, envelope: unknown): void {
  for (const created of objectsCreated(objectEvent.parse(envelope))) eventing.emit(created);
}

/** The bucket with versions and notifications, as the bootstrap makes it. */
async function prepare(s3: SiteSettings['s3']): Promise<void> {
  const triggers = functionList.flatMap(({ trigger }) =>
    trigger.kind === 'object-created' ? [trigger] : [],
  );
  const rules = new Map(triggers.map(({ prefix, suffix }) => [`${prefix}|${suffix}`, { prefix, suffix }]));
  await prepareBucket({
    ...s3,
    notify_arn: 'arn:minio:sqs:us-east-1:AURUM:kafka',
    notifications: [...rules.values()],
    pointer_prefixes: ['lake/', 'tries/'],
  });
}

/** The local stores cannot go away: the log and the database say that they have. */
async function onLocalStores(stage: StageWithSite): Promise<Played> {
  const { site } = stage;
  const away = new Set<string>();
  const unless = (name: string) => {
    if (away.has(name)) throw busy(`${name}_unavailable`, `${name} is away`);
  };
  const proxy = await s3Faults(site.settings.s3.endpoint);
  try {
    const eventing = await startEventing(site.open, {
      announces: false,
      open: {
        settings: { s3: { ...site.settings.s3, endpoint: proxy.url } },
        bus: (bus) => ({
          ...bus,
          async publish(topic, marker, values) {
            unless('kafka');
            return bus.publish(topic, marker, values);
          },
        }),
        sql: (sql) => ({
          ...sql,
          async transaction(role, work, tenant) {
            unless('database');
            return sql.transaction(role, work, tenant);
          },
        }),
      },
    });
    await site.announce!(['s3:ObjectCreated:*'], (envelope) => emitAll(eventing, envelope));
    const named = (name: 'kafka' | 'database') =>
      outage(
        stage,
        name,
        async () => void away.add(name),
        async () => void away.delete(name),
      );
    const played = await play(stage, site, eventing, [named('kafka'), named('database')], proxy);
    return { ...played, note: `${played.note}; ${proxy.faults} S3 faults; the catalog is in S3` };
  } finally {
    await proxy.close();
  }
}

/** Uploads before, during and after each outage; then everything must come to its end. */
async function play(
  { size }: Stage,
  site: Site,
  eventing: Eventing,
  outages: readonly Outage[],
  s3: FaultProxy,
): Promise<Played> {
  const uploads = size(100, 32);
  const days = marketDays(uploads);
  const user = await site.open();
  const workbooks: ChaosWorkbook[] = [];
  const drop = async (count: number, spread_ms: number) => {
    for (let at = 0; at < count; at++) {
      const workbook = await smallWorkbook(days[workbooks.length]!);
      workbooks.push(workbook);
      await upload(user, workbook);
      await delay(spread_ms / count);
    }
  };
  const share = Math.floor(uploads / (outages.length + 1));
  const memory_mb = [rss()];
  for (const { begin, end, lasts_ms } of outages) {
    await begin();
    await drop(share, lasts_ms);
    await end();
    memory_mb.push(rss());
  }
  await drop(uploads - workbooks.length, 1_000);
  s3.heal();
  const ended_ms = Date.now();
  const swept = await drained(site, eventing, uploads);
  const drained_s = (Date.now() - ended_ms) / 1_000;
  memory_mb.push(rss());
  const found = await account(site, { released: workbooks });
  const grown_mb = Math.max(...memory_mb) - memory_mb[0]!;
  if (grown_mb > MEMORY_GROWTH_MB) found.wrong.push(`memory grew by ${grown_mb} MB`);
  if (drained_s * 1_000 > DRAIN_MS) found.wrong.push(`drained after ${drained_s} s`);
  const away = outages.map(({ name, lasts_ms }) => `${name} ${lasts_ms / 1_000} s`).join(', ');
  const reasons = [...eventing.reasons].map(([code, count]) => `${count} ${code}`).join(', ');
  return {
    ...found,
    tried: `${uploads} uploads; away: ${away}; ${S3_FAULTS * 100} % of S3`,
    note: `drained in ${drained_s.toFixed(1)} s, ${swept} left to the sweep; again: ${reasons}; ${memory_mb.join(', ')} MB`,
  };
}

const rss = () => Math.round(process.memoryUsage.rss() / 2 ** 20);

/** Waits until all is published. @returns what the sweep had to drive on. */
async function drained(site: Site, eventing: Eventing, uploads: number): Promise<number> {
  const ports = await site.open();
  const deadline_ms = Date.now() + DRAIN_MS;
  let progress_ms = Date.now();
  let delivered = 0;
  let swept = 0;
  for (;;) {
    const done = (await ports.log.latest({ limit: 10_000 })).filter(({ stage }) => stage === 'published');
    if (done.length === uploads) break;
    if (Date.now() > deadline_ms) throw new Error(`hang: ${done.length} of ${uploads} published`);
    if (eventing.counts.delivered > delivered) progress_ms = Date.now();
    delivered = eventing.counts.delivered;
    if (Date.now() - progress_ms > QUIET_MS) {
      const { ingested, gated, released, published } = await sweepOnce(ports);
      swept += ingested.length + gated.length + released.length + published.length;
    }
    await delay(100);
  }
  await eventing.idle();
  return swept;
}
