/**
 * Events as the cluster delivers them: every object a stage leaves becomes an event for the stages it triggers, and a
 * delivery that fails is made again, later and later, until it is handled. Can lose and double what it delivers. Knows the
 * stages' triggers, and the hosts' rule which failure is tried again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ObjectCreated } from '#events/object-created.ts';
import { AurumError, type ErrorDetail } from '#lib/domain/errors.ts';
import { deadLetter, giveUpAfterTries } from '#lib/flows/dead-letter.ts';
import { describeRelease } from '#lib/flows/describe-release.ts';
import { ingestWorkbook } from '#lib/flows/ingest-workbook.ts';
import { publishWorkbook } from '#lib/flows/publish-curves.ts';
import { releaseWorkbook } from '#lib/flows/release-curves.ts';
import { gateWorkbook } from '#lib/flows/run-gate.ts';
import { RAW_PREFIX, versionOfKey } from '#lib/flows/stage-keys.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { ChaosPorts, OpenOptions } from './ports.ts';
import type { ChaosWorkbook } from './workbooks.ts';

interface StageOfChain {
  readonly name: string;
  readonly wants: (key: string) => boolean;
  readonly run: (event: ObjectCreated, ports: ChaosPorts) => Promise<unknown>;
}

/** The first is started by users, the others by what a stage leaves. */
const STAGES: readonly StageOfChain[] = [
  { name: 'parse-workbook', wants: (key) => key.startsWith(RAW_PREFIX), run: ingestWorkbook },
  {
    name: 'run-gate',
    wants: (key) => /^staged\/.*\/report\.json$/.test(key),
    run: ({ key }, ports) => gateWorkbook(versionOfKey(key), ports),
  },
  {
    name: 'release-curves',
    wants: (key) => /^gated\/.*\/result\.json$/.test(key),
    run: ({ key }, ports) => releaseWorkbook(versionOfKey(key), ports),
  },
  {
    name: 'publish-curves',
    wants: (key) => /^released\/.*\.json$/.test(key),
    run: ({ key }, ports) => publishWorkbook(versionOfKey(key), ports),
  },
  {
    name: 'describe-release',
    wants: (key) => /^released\/.*\.json$/.test(key),
    run: async ({ key }, { objects, operations }) =>
      operations === undefined ? 0 : describeRelease(versionOfKey(key), { objects, operations }),
  },
];

export interface EventingOptions {
  /** Deliveries under way at once. */
  readonly lanes?: number;
  /** Whether objects the stages leave are announced here; false where the store itself announces them. */
  readonly announces?: boolean;
  /** How often each event of an object a stage left is delivered; 1 when left out. */
  readonly copies?: number;
  /** Whether the event of an object a stage left is lost. */
  readonly loses?: (key: string) => boolean;
  /** Before the ports are built, for faults in between. */
  readonly open?: OpenOptions;
}

export interface Eventing {
  readonly ports: ChaosPorts;
  /** Delivered to every stage that wants it. */
  emit(event: ObjectCreated): void;
  /** Waits until nothing is left to deliver. @throws when nothing was handled for minutes: a hang. */
  idle(): Promise<void>;
  readonly counts: { delivered: number; handled: number; again: number; refused: number; lost: number };
  /** Why deliveries were made again, by code. */
  readonly reasons: ReadonlyMap<string, number>;
}

interface Delivery {
  readonly stage: StageOfChain;
  readonly event: ObjectCreated;
  tries: number;
}

const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 1_000;
const HANG_MS = 180_000;

let sequence = 0n;

/** As MinIO makes it: the nanoseconds since 1970 in 16 hex digits, ascending. */
export function nextSequencer(): string {
  const now_ns = BigInt(Date.now()) * 1_000_000n;
  sequence = now_ns > sequence ? now_ns : sequence + 1n;
  return sequence.toString(16).toUpperCase().padStart(16, '0');
}

export const createdEvent = (ports: ChaosPorts, key: string, etag: string): ObjectCreated => ({
  bucket: ports.bucket,
  key,
  etag,
  version_id: undefined,
  sequencer: nextSequencer(),
  event_time: ports.clock.now(),
});

/** Uploads a workbook as a user does. @returns its event, which is not delivered by this. */
export async function upload(ports: ChaosPorts, { key, bytes }: Pick<ChaosWorkbook, 'key' | 'bytes'>) {
  const put = await ports.objects.put(key, bytes);
  if (put.outcome !== 'stored') throw new Error('an unconditional put was refused');
  return createdEvent(ports, key, put.etag);
}

/** @param openAs opens the ports of the handlers with the given options. */
export async function startEventing(
  openAs: (options: OpenOptions) => Promise<ChaosPorts>,
  options: EventingOptions = {},
): Promise<Eventing> {
  const { lanes = 8, announces = true, copies = 1, loses = () => false, open = {} } = options;
  const queue: Delivery[] = [];
  const counts = { delivered: 0, handled: 0, again: 0, refused: 0, lost: 0 };
  const reasons = new Map<string, number>();
  let busyLanes = 0;
  let sleeping = 0;

  /** The store tells of every object a stage creates, whatever becomes of the stage. */
  const telling = (store: ObjectStore): ObjectStore => ({
    ...store,
    async put(key, body, put) {
      const result = await store.put(key, body, put);
      if (announces && result.outcome === 'stored' && STAGES.slice(1).some(({ wants }) => wants(key))) {
        if (loses(key)) counts.lost += 1;
        else for (let copy = 0; copy < copies; copy++) emit(createdEvent(ports, key, result.etag));
      }
      return result;
    },
  });
  const ports: ChaosPorts = await openAs({
    ...open,
    objects: (store) => telling((open.objects ?? ((same) => same))(store)),
  });

  function emit(event: ObjectCreated): void {
    for (const stage of STAGES.filter(({ wants }) => wants(event.key)))
      queue.push({ stage, event, tries: 0 });
    fill();
  }

  function fill(): void {
    while (busyLanes < lanes && queue.length > 0) {
      busyLanes += 1;
      const delivery = queue.shift()!;
      void deliver(delivery).finally(() => {
        busyLanes -= 1;
        fill();
      });
    }
  }

  async function deliver(delivery: Delivery): Promise<void> {
    const { stage, event } = delivery;
    counts.delivered += 1;
    delivery.tries += 1;
    const again = await failureOf(stage, event, ports);
    if (again === undefined || again === 'refused') counts.handled += 1;
    if (again === undefined) return;
    counts[again === 'refused' ? 'refused' : 'again'] += 1;
    reasons.set(again, (reasons.get(again) ?? 0) + 1);
    if (again === 'refused') return;
    const pause_ms = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** delivery.tries) * (0.5 + Math.random());
    sleeping += 1;
    void delay(pause_ms).then(() => {
      sleeping -= 1;
      queue.push(delivery);
      fill();
    });
  }

  async function idle(): Promise<void> {
    let handled = counts.handled;
    let since_ms = Date.now();
    while (queue.length + busyLanes + sleeping > 0) {
      await delay(5);
      if (counts.handled > handled) since_ms = Date.now();
      handled = counts.handled;
      if (Date.now() - since_ms < HANG_MS) continue;
      const left = queue.slice(0, 3).map(({ stage, event }) => `${stage.name} ${event.key}`);
      const lanesText = `${queue.length} waiting, ${busyLanes} under way, ${sleeping} to be tried again`;
      throw new Error(`hang: ${lanesText}: ${left.join(', ')} ${JSON.stringify([...reasons])}`);
    }
  }
  return { ports, emit, idle, counts, reasons };
}

/** Undefined when the delivery is handled; else the code of what went wrong, `refused` when it is in the dead letters. */
async function failureOf(
  stage: StageOfChain,
  event: ObjectCreated,
  ports: ChaosPorts,
): Promise<string | undefined> {
  try {
    await stage.run(event, ports);
    return undefined;
  } catch (error) {
    if (error instanceof AurumError && error.retryable) return error.code;
    return lastTry(stage, event, error, ports).catch((failure: unknown) => detailOf(failure).code);
  }
}

async function lastTry(stage: StageOfChain, event: ObjectCreated, error: unknown, ports: ChaosPorts) {
  const detail = detailOf(error);
  if (error instanceof AurumError && error.kind === 'refused') {
    await deadLetter(stage.name, event, detail, ports);
    return 'refused';
  }
  return (await giveUpAfterTries(stage.name, event, detail, ports)) ? 'refused' : detail.code;
}

function detailOf(error: unknown): ErrorDetail {
  if (error instanceof AurumError) return error.detail();
  return {
    code: 'internal_error',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}

/** Every event there ever was of a version: of the workbook itself, and of what its stages have left so far. */
export async function eventsOf(
  ports: ChaosPorts,
  event: ObjectCreated,
  version: string,
): Promise<readonly ObjectCreated[]> {
  const keys = [`staged/${version}/report.json`, `gated/${version}/result.json`, `released/${version}.json`];
  const there = await Promise.all(keys.map((key) => ports.objects.head(key)));
  const later = there.flatMap((object) =>
    object === undefined ? [] : [createdEvent(ports, object.key, object.etag)],
  );
  return [event, ...later];
}

export function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items];
  for (let at = result.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    [result[at], result[other]] = [result[other]!, result[at]!];
  }
  return result;
}
