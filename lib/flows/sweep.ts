/**
 * The reconciling sweep: lists the bucket against what the stages left behind and drives on whatever lost its event.
 * Safe at any time, any number of times: every stage is void the second time.
 */
import type { IngestLog } from '#lib/ports/ingest-log.ts';
import type { ObjectEntry, ObjectStore } from '#lib/ports/object-store.ts';
import { gateResultKey, RAW_PREFIX, releasedKey, versionOfKey } from './stage-keys.ts';

/** The stages, as the host wires them; each takes what its event would have carried. */
export interface SweepStages {
  ingest(object: ObjectEntry): Promise<unknown>;
  gate(version: string): Promise<unknown>;
  release(version: string): Promise<unknown>;
  publish(version: string): Promise<unknown>;
}

export interface SweepPorts {
  readonly objects: ObjectStore;
  readonly log: IngestLog;
  readonly stages: SweepStages;
  /** An object younger than this is left to its own event. */
  readonly grace_ms: number;
  readonly now_ms: number;
}

export interface SweepReport {
  readonly listed: number;
  readonly ingested: readonly string[];
  readonly gated: readonly string[];
  readonly released: readonly string[];
  readonly published: readonly string[];
}

export async function sweep(ports: SweepPorts): Promise<SweepReport> {
  const raw = await listOld(RAW_PREFIX, ports);
  const ingested = await each(
    raw,
    (object) => object.key,
    async (object) => {
      const delivery = `${object.key}|${object.etag}`;
      const entries = await ports.log.latest({ source_key: object.key, limit: 1_000 });
      const known = entries.some(
        (entry) => `${entry.source_key}|${entry.etag}` === delivery && entry.stage !== 'raw',
      );
      if (known) return false;
      await ports.stages.ingest(object);
      return true;
    },
  );
  const gated = await advance('staged/', '/report.json', gateResultKey, ports.stages.gate, ports);
  const released = await advance(
    'gated/',
    '/result.json',
    releasedKey,
    async (version) => (await ports.stages.release(version)) !== 'red',
    ports,
  );
  const published = await publishPending(ports);
  return { listed: raw.length, ingested, gated, released, published };
}

async function listOld(prefix: string, ports: SweepPorts): Promise<ObjectEntry[]> {
  const entries: ObjectEntry[] = [];
  for await (const entry of ports.objects.list(prefix)) {
    if (ports.now_ms - Date.parse(entry.last_modified) >= ports.grace_ms) entries.push(entry);
  }
  return entries;
}

/** Runs `next` for each output of a stage that the following stage has no output for. */
async function advance(
  prefix: string,
  suffix: string,
  outputKey: (version: string) => string,
  next: (version: string) => Promise<unknown>,
  ports: SweepPorts,
): Promise<string[]> {
  const outputs = (await listOld(prefix, ports)).filter(({ key }) => key.endsWith(suffix));
  return each(
    outputs,
    ({ key }) => versionOfKey(key),
    async ({ key }) => {
      const version = versionOfKey(key);
      if ((await ports.objects.head(outputKey(version))) !== undefined) return false;
      return (await next(version)) !== false;
    },
  );
}

/** Publication leaves no object, so the log says which released versions are not published yet. */
async function publishPending(ports: SweepPorts): Promise<string[]> {
  const released = (await listOld('released/', ports)).map(({ key }) => versionOfKey(key));
  if (released.length === 0) return [];
  const entries = await ports.log.latest({ limit: 100_000 });
  const published = new Set(
    entries.filter(({ stage }) => stage === 'published').map(({ version }) => version),
  );
  const pending = released.filter((version) => !published.has(version));
  return each(
    pending,
    (version) => version,
    async (version) => {
      await ports.stages.publish(version);
      return true;
    },
  );
}

/** Names of the items for which `drive` did something. One that fails is left for the next sweep and does not stop this one. */
async function each<T>(
  items: readonly T[],
  name: (item: T) => string,
  drive: (item: T) => Promise<boolean>,
): Promise<string[]> {
  const driven: string[] = [];
  const failures: unknown[] = [];
  for (const item of items) {
    try {
      if (await drive(item)) driven.push(name(item));
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0 && driven.length === 0)
    throw new AggregateError(failures, 'the sweep could drive nothing on');
  return driven;
}
