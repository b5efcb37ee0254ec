/**
 * The reconciling sweep: lists the bucket against what the stages left behind and drives on whatever lost its event.
 * Safe at any time, any number of times: every stage is void the second time.
 */
import type { IngestLog } from '#lib/ports/ingest-log.ts';
import type { ObjectEntry, ObjectStore } from '#lib/ports/object-store.ts';
import { RAW_PREFIX, versionOfKey } from './stage-keys.ts';

/** The stages, as the host wires them; each takes what its event would have carried. */
export interface SweepStages {
  ingest(object: ObjectEntry): Promise<unknown>;
  gate(version: string): Promise<unknown>;
  release(version: string): Promise<unknown>;
  publish(version: string): Promise<unknown>;
  /** Carries out what people decided on the version. */
  decisions(version: string): Promise<unknown>;
}

export interface SweepPorts {
  readonly objects: ObjectStore;
  readonly log: IngestLog;
  readonly stages: SweepStages;
  /** An object younger than this is left to its own event. */
  readonly grace_ms: number;
  readonly now_ms: number;
}

/** What was driven on: object keys, then versions. */
export interface SweepReport {
  readonly listed: number;
  readonly ingested: readonly string[];
  readonly gated: readonly string[];
  readonly released: readonly string[];
  readonly decided: readonly string[];
  readonly published: readonly string[];
  /** What could not be driven on this time, with the reason; the next sweep tries again. */
  readonly failed: readonly string[];
}

/** Deliveries the log is asked for; more than any bucket holds between two clean-ups. */
const ALL_DELIVERIES = 1_000_000;

export async function sweep(ports: SweepPorts): Promise<SweepReport> {
  const failed: string[] = [];
  const { objects, log, stages } = ports;
  const isOld = ({ last_modified }: ObjectEntry) =>
    ports.now_ms - Date.parse(last_modified) >= ports.grace_ms;

  const raw = (await listed(objects, RAW_PREFIX)).filter(isOld);
  const entries = await log.latest({ limit: ALL_DELIVERIES });
  const begun = new Set(
    entries.flatMap(({ source_key, etag, stage }) => (stage === 'raw' ? [] : [`${source_key}|${etag}`])),
  );
  const lost = raw.filter(({ key, etag }) => !begun.has(`${key}|${etag}`));
  const ingested = await driveOn(lost, ({ key }) => key, stages.ingest, failed);

  const staged = versions(await listed(objects, 'staged/'), '/report.json', isOld);
  const judged = versions(await listed(objects, 'gated/'), '/result.json');
  const gated = await driveOn(without(staged, judged), String, stages.gate, failed);

  const rejected = versions(await listed(objects, 'rejected/'), '.json');
  const settled = [...versions(await listed(objects, 'released/'), '.json'), ...rejected];
  const decisions = versions(await listed(objects, 'decisions/'), '.json', isOld);
  const decided = await driveOn(without(decisions, settled), String, stages.decisions, failed);

  const results = await listed(objects, 'gated/');
  const red = versions(await listed(objects, 'quarantine/'), '/result.json');
  const green = without(versions(results, '/result.json', isOld), red);
  // What people decided on a red one wrote another result beside it.
  const again = results.filter(({ key }) => !key.endsWith('/result.json'));
  const let_through = without(versions(again, '.json', isOld), green);
  const released = await driveOn(
    without([...green, ...let_through], settled),
    String,
    stages.release,
    failed,
  );

  // Publication leaves no object, so the log says which released versions are not published yet.
  const releasedLongAgo = versions(await listed(objects, 'released/'), '.json', isOld);
  const served = entries.flatMap(({ version, stage }) =>
    stage === 'published' && version !== null ? [version] : [],
  );
  const published = await driveOn(without(releasedLongAgo, served), String, stages.publish, failed);
  return { listed: raw.length, ingested, gated, decided, released, published, failed };
}

async function listed(objects: ObjectStore, prefix: string): Promise<ObjectEntry[]> {
  const entries: ObjectEntry[] = [];
  for await (const entry of objects.list(prefix)) entries.push(entry);
  return entries;
}

/** Versions that have an object of that name. */
function versions(
  entries: readonly ObjectEntry[],
  suffix: string,
  wanted: (entry: ObjectEntry) => boolean = () => true,
): string[] {
  const found = entries.filter((entry) => entry.key.endsWith(suffix) && wanted(entry));
  return [...new Set(found.map(({ key }) => versionOfKey(key)))];
}

function without(some: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return some.filter((one) => !known.has(one));
}

/** Names of the items that were driven on; not of those that wait for people. One that fails is told and does not stop the others. */
async function driveOn<T>(
  items: readonly T[],
  name: (item: T) => string,
  drive: (item: T) => Promise<unknown>,
  failed: string[],
): Promise<string[]> {
  const driven: string[] = [];
  for (const item of items) {
    try {
      const outcome = await drive(item);
      if (outcome !== 'waiting' && outcome !== 'red') driven.push(name(item));
    } catch (error) {
      failed.push(`${name(item)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return driven;
}
