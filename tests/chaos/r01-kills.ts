/**
 * R1: a handler killed (SIGKILL) before each of its effects and at random moments, then every event delivered again, many at
 * once. The same workbooks on an undisturbed site say what must be there, to the byte.
 */
import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ObjectCreated } from '#events/object-created.ts';
import { account, recordsOf, sameLines } from './account.ts';
import { type Eventing, eventsOf, nextSequencer, shuffled, startEventing, upload } from './eventing.ts';
import type { ChaosPorts } from './ports.ts';
import { type Found, nothingFound, onSite, scenario } from './scenario.ts';
import { openSite, type Site } from './site.ts';
import { type ChaosWorkbook, marketDays, smallWorkbook } from './workbooks.ts';
import { startWorkerProcess, type WorkerProcess } from './worker.ts';

interface Kill {
  readonly workbook: ChaosWorkbook;
  /** Of the upload, the same on both sites. */
  readonly sequencer: string;
  /** Before the n-th effect; left out: at a random moment. */
  readonly at?: number;
  /** How often each of its events is delivered again. */
  readonly redeliveries: number;
}

const STORM_LANES = 100;
/** After a kill, but for the first one of each step: that one, and the last of all, are delivered again a thousand times. */
const REDELIVERIES = 20;

export const r01 = scenario(
  { id: 'R1', what: 'killed at every step, delivered again' },
  onSite(async ({ site, on, size }) => {
    const calm = await openSite(on);
    try {
      const { effects, took_ms } = await effectsOfOne(calm);
      const kills = await planned(effects.length, {
        rounds: size(50, 1),
        random: size(500, 3),
        storm: size(1_000, 8),
      });
      const [{ killed, delivered }] = await Promise.all([
        disturbed(site, kills, size(1_000, 100), took_ms),
        undisturbed(calm, kills),
      ]);
      const found = await compared(calm, site, kills);
      const random = kills.filter(({ at }) => at === undefined).length;
      return {
        ...found,
        tried: `${effects.length} steps, ${killed} kills (${random} at random moments), ${delivered} redeliveries, ${STORM_LANES} at once`,
        note: `steps: ${summary(effects)}`,
      };
    } finally {
      await calm.close();
    }
  }),
);

/** The effects of one delivery and how long it takes, the second of a site: the first makes what all others share. */
async function effectsOfOne({ where }: Site) {
  const probe = await openSite(where);
  try {
    const worker = await startWorkerProcess(probe.settings, { timeless: true });
    const ports = await probe.open({ timeless: true });
    const [first, second] = await Promise.all(['2025-01-02', '2025-01-03'].map((day) => smallWorkbook(day)));
    await worker.run({ events: [await upload(ports, first!)] });
    const event = await upload(ports, second!);
    const began_ms = performance.now();
    const { effects } = await worker.run({ events: [event] });
    const took_ms = performance.now() - began_ms;
    await worker.end();
    return { effects, took_ms };
  } finally {
    await probe.close();
  }
}

interface Numbers {
  /** Kills at each step. */
  readonly rounds: number;
  /** Kills at random moments. */
  readonly random: number;
  /** Redeliveries after the first kill of each step. */
  readonly storm: number;
}

async function planned(steps: number, { rounds, random, storm }: Numbers): Promise<readonly Kill[]> {
  const days = marketDays(steps * rounds + random);
  return Promise.all(
    days.map(async (day, index) => ({
      workbook: await smallWorkbook(day, { seed: index }),
      sequencer: nextSequencer(),
      redeliveries: index < steps ? storm : Math.min(storm, REDELIVERIES),
      ...(index < steps * rounds ? { at: 1 + (index % steps) } : {}),
    })),
  );
}

async function uploaded(ports: ChaosPorts, { workbook, sequencer }: Kill): Promise<ObjectCreated> {
  return { ...(await upload(ports, workbook)), sequencer };
}

async function undisturbed(calm: Site, kills: readonly Kill[]): Promise<void> {
  const worker = await startWorkerProcess(calm.settings, { timeless: true });
  const ports = await calm.open({ timeless: true });
  for (const kill of kills) await worker.run({ events: [await uploaded(ports, kill)] });
  await worker.end();
}

/** @param atEnd how often each event of the last workbook is delivered again. */
async function disturbed(site: Site, kills: readonly Kill[], atEnd: number, one_ms: number) {
  const eventing = await startEventing((options) => site.open({ ...options, timeless: true }), {
    lanes: STORM_LANES,
  });
  const start = () => startWorkerProcess(site.settings, { timeless: true });
  let next = start();
  let killed = 0;
  let last: readonly ObjectCreated[] = [];
  for (const kill of kills) {
    const worker = await next;
    next = start();
    const event = await uploaded(eventing.ports, kill);
    if (await isKilled(worker, event, kill.at ?? { within_ms: one_ms })) killed += 1;
    last = await redelivered(eventing, event, kill.workbook.version, kill.redeliveries);
  }
  await (await next).end();
  // Long after everything is done, many at once.
  for (const again of shuffled(Array.from({ length: atEnd }, () => last).flat())) eventing.emit(again);
  await eventing.idle();
  return { killed, delivered: eventing.counts.delivered };
}

async function isKilled(
  worker: WorkerProcess,
  event: ObjectCreated,
  at: number | { readonly within_ms: number },
): Promise<boolean> {
  const atEffect = typeof at === 'number';
  const run = worker.runUntilKilled({ events: [event], ...(atEffect ? { kill_at: at } : {}) });
  if (!atEffect) {
    await Promise.race([run, delay(Math.random() * at.within_ms)]);
    worker.process.kill('SIGKILL');
  }
  const report = await run;
  if (report !== 'killed') await worker.end();
  return report === 'killed';
}

/** What is there already was announced by the store before the kill; what comes now is announced as it comes. */
async function redelivered(eventing: Eventing, event: ObjectCreated, version: string, times: number) {
  const events = await eventsOf(eventing.ports, event, version);
  for (const again of shuffled(Array.from({ length: times }, () => events).flat())) eventing.emit(again);
  await eventing.idle();
  return eventsOf(eventing.ports, event, version);
}

async function compared(calm: Site, site: Site, kills: readonly Kill[]): Promise<Found> {
  const found = nothingFound();
  await account(site, { released: kills.map(({ workbook }) => workbook) }, found);
  const [wanted, there] = await Promise.all([stateOf(calm), stateOf(site)]);
  sameLines(there, wanted, found);
  return found;
}

/** Everything there is, a line each: two sites that went through the same have the same lines. */
async function stateOf(site: Site): Promise<readonly string[]> {
  const ports = await site.open({ timeless: true });
  const lines: string[] = [];
  for await (const { key } of ports.objects.list('')) {
    if (isCatalogs(site, key)) continue;
    const { body } = (await ports.objects.get(key))!;
    lines.push(`object ${key} ${hash('sha256', comparable(key, body), 'hex')}`);
  }
  for (const topic of [ports.curveTopic, ports.qaTopic, ports.alertTopic, ports.errorTopic] as const) {
    const records = await recordsOf(ports, topic as typeof ports.curveTopic);
    lines.push(...records.map((value) => `${topic.name} ${JSON.stringify(value)}`));
  }
  const releases = await ports.tables.releases('main');
  lines.push(...releases.map((release, index) => `release ${index} ${JSON.stringify(release)}`));
  lines.push(`tags ${(await ports.tables.tags('')).map(({ ref }) => ref).join()}`);
  lines.push(...(await databaseOf(site)));
  return lines;
}

/**
 * Names in the tables' metadata derive from Nessie's commit ids, which hold the time: those files are compared by what
 * `main` says. A site without Nessie has none but ours.
 */
const isCatalogs = ({ where }: Site, key: string) => where === 'stack' && /^tables\/.*\/metadata\//.test(key);

function comparable(key: string, body: Uint8Array): string | Uint8Array {
  if (!key.startsWith('released/')) return body;
  return Buffer.from(body)
    .toString()
    .replace(/"tables_commit": "[0-9a-f]+"/, '"tables_commit": "*"');
}

/** A process that was killed on local stores had no database. */
async function databaseOf(site: Site): Promise<readonly string[]> {
  if (site.where === 'local') return [];
  const [log, instruments, watermarks] = await Promise.all([
    site.asOwner('SELECT path, etag, version, stage, status, details, at FROM file_ingest_log'),
    site.asOwner('SELECT curve_key FROM instrument'),
    site.asOwner('SELECT * FROM ingest_watermark'),
  ]);
  return [
    ...log.map((row) => `log ${JSON.stringify(row)}`),
    ...instruments.map((row) => `instrument ${JSON.stringify(row)}`),
    ...watermarks.map((row) => `watermark ${Object.keys(row).length > 0}`),
  ];
}

function summary(effects: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const effect of effects) counts.set(effect, (counts.get(effect) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count} x ${name}`)).join(', ');
}
