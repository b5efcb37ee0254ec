/**
 * Restores the tables, the versioned lake and the operational database from the raw area: every version of every workbook
 * goes through the same stages again, and each step that is there already is void. What the raw area cannot give back:
 * tenants' own records, which the database's backups hold, and, where neither intent nor record nor event survives, the
 * instant a release was known from.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type CurveTable, rowAt } from '#lib/domain/curve.ts';
import { AurumError, errorLine, refusal } from '#lib/domain/errors.ts';
import { decodeCurveTable } from '#lib/parquet/decode.ts';
import type { IngestEntry } from '#lib/ports/ingest-log.ts';
import type { ObjectStore, ObjectVersionEntry, VersionedObjectStore } from '#lib/ports/object-store.ts';
import type { Tables } from '#lib/ports/tables.ts';
import { utcTimestamp } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { gateResult, type ParseReport, parseReport } from '#schemas/stages.ts';
import { keepOverride } from './apply-decisions.ts';
import { type DescribePorts, describeRelease } from './describe-release.ts';
import { type IngestPorts, ingestWorkbook } from './ingest-workbook.ts';
import { readJson, requireJson, toJson, writeOnce } from './json-objects.ts';
import { type PublishPorts, publishWorkbook } from './publish-curves.ts';
import { type ReleasePorts, releasedRecord, releaseWorkbook } from './release-curves.ts';
import { type GatePorts, gateWorkbook } from './run-gate.ts';
import {
  dayOfRawKey,
  gateResultKey,
  RAW_PREFIX,
  releasedKey,
  releaseIntentKey,
  stagedReportKey,
} from './stage-keys.ts';
import { releaseFinder, rowText } from './verify-log.ts';

/** `tables`: tables, lake and event log from the raw area. `operational`: the database from what the stages left. */
export type RebuildScope = 'all' | 'tables' | 'operational';

export interface RebuildPorts extends IngestPorts, GatePorts, ReleasePorts, PublishPorts, DescribePorts {
  readonly objects: VersionedObjectStore;
  readonly bucket: string;
}

export interface MainDigest {
  readonly releases: number;
  readonly rows: number;
  /** Over every row but the instant it was released, and which version of a slot is current. */
  readonly content: string;
  /** Over the instants the releases are known from. */
  readonly instants: string;
}

export interface RebuildPlan {
  readonly scope: RebuildScope;
  /** Versions of workbooks in the raw area. */
  readonly uploads: number;
  readonly upload_bytes: number;
  readonly last_upload: string | null;
  readonly releases_on_main: number;
  readonly staged: number;
  readonly intents: number;
  readonly records: number;
  /** Of main as it is; null when its data files cannot be read. */
  readonly digest: MainDigest | null;
}

export interface RebuildReport {
  readonly scope: RebuildScope;
  readonly uploads: number;
  readonly released: number;
  readonly red: number;
  readonly refused: number;
  readonly rows: number;
  /** Releases whose original instant was kept, and those that are known from now on. */
  readonly instants: { readonly kept: number; readonly new: number };
  readonly failed: readonly { readonly what: string; readonly reason: string }[];
  /** Uploads that ended neither on main nor in quarantine nor refused. */
  readonly lost: readonly { readonly key: string; readonly version_id: string | null }[];
  readonly last_upload: string | null;
  readonly last_restored: string | null;
  /** Recovery point: from the last upload that is restored to the last upload. Null when nothing is restored. */
  readonly rpo_s: number | null;
  /** Recovery time: until all of it is served again. */
  readonly rto_s: number;
  readonly rows_per_s: number;
  readonly digest: MainDigest;
}

type Tell = (text: string) => void;
interface Run {
  readonly ports: RebuildPorts;
  readonly failed: { what: string; reason: string }[];
  readonly tell: Tell;
}

/** A workbook version that the stages have seen. */
interface Delivery {
  readonly version: string;
  readonly uploaded_at: string;
  readonly sequence: string;
  readonly source_file: string;
  readonly asof_date: string;
  readonly source_sha256: string;
}

const releaseIntent = z.object({ known_at: utcTimestamp });
const refusedWorkbook = z.looseObject({
  source: z.string(),
  etag: z.string(),
  failed_at: utcTimestamp,
  code: z.string(),
  message: z.string(),
});

/** What a rebuild would do; changes nothing. */
export async function planRebuild(scope: RebuildScope, ports: RebuildPorts): Promise<RebuildPlan> {
  const uploads = await rawUploads(ports.objects);
  const main = await ports.tables.releases('main');
  return {
    scope,
    uploads: uploads.length,
    upload_bytes: uploads.reduce((sum, { size }) => sum + size, 0),
    last_upload: uploads.at(-1)?.last_modified ?? null,
    releases_on_main: main.length,
    staged: (await keysBelow(ports.objects, 'staged/', '/report.json')).length,
    intents: (await keysBelow(ports.objects, 'releasing/', '.json')).length,
    records: (await keysBelow(ports.objects, 'released/', '.json')).length,
    digest: await digest(ports).catch((error: unknown) => {
      if (error instanceof AurumError && error.kind === 'fault') return null;
      throw error;
    }),
  };
}

/**
 * Safe to repeat: an interrupted rebuild goes on where it stopped, with `force`.
 * @throws AurumError (refused) `main_exists` without `force`; `busy` when a store is away or used by another process.
 */
export async function rebuild(
  { scope, force }: { readonly scope: RebuildScope; readonly force: boolean },
  ports: RebuildPorts,
  tell: Tell = () => {},
): Promise<RebuildReport> {
  const started_ms = performance.now();
  const before = await ports.tables.releases('main');
  if (scope !== 'operational' && before.length > 0 && !force) throw mainExists(before.length);
  // Opens the database: another process that uses it is told before anything is touched.
  await ports.log.latest({ limit: 1 });
  const run: Run = { ports, failed: [], tell };
  const uploads = await rawUploads(ports.objects);
  const instants = scope === 'operational' ? undefined : await replay(uploads, before, run);
  const standing = await settle(scope, run);
  const main = await ports.tables.releases('main');
  const rto_s = (performance.now() - started_ms) / 1_000;
  const isSettled = ({ key, etag }: ObjectVersionEntry) => standing.settled.has(`${key}|${etag}`);
  const isKept = ({ version, known_at }: CurveRelease) =>
    instants === undefined || instants.get(version) === known_at;
  const rows = main.reduce((sum, { row_count }) => sum + row_count, 0);
  const kept = main.filter(isKept).length;
  const last_upload = uploads.at(-1)?.last_modified ?? null;
  const last_restored = uploads.findLast(isSettled)?.last_modified ?? null;
  return {
    scope,
    uploads: uploads.length,
    released: main.length,
    red: standing.red,
    refused: standing.refused,
    rows,
    instants: { kept, new: main.length - kept },
    failed: run.failed,
    lost: uploads
      .filter((upload) => !isSettled(upload))
      .map(({ key, version_id }) => ({ key, version_id: version_id ?? null })),
    last_upload,
    last_restored,
    rpo_s: last_upload === null ? 0 : secondsBetween(last_restored, last_upload),
    rto_s,
    rows_per_s: rows / rto_s,
    digest: await digest(ports),
  };
}

function mainExists(releases: number): AurumError {
  return refusal('main_exists', `main already holds ${releases} releases`, {
    field: 'force',
    remedy:
      'To restore what main lacks, or to go on after an interruption, use --force. To begin anew, remove catalog/, curated/ and lake/ from the bucket first.',
  });
}

const secondsBetween = (from: string | null, to: string): number | null =>
  from === null ? null : (Date.parse(to) - Date.parse(from)) / 1_000;

/** All versions in the raw area in the order they were uploaded; of one instant, by key and age. */
async function rawUploads(objects: VersionedObjectStore): Promise<ObjectVersionEntry[]> {
  const uploads: ObjectVersionEntry[] = [];
  for await (const upload of objects.listVersions(RAW_PREFIX)) uploads.push(upload);
  return uploads.sort((a, b) => Date.parse(a.last_modified) - Date.parse(b.last_modified));
}

async function keysBelow(objects: ObjectStore, prefix: string, suffix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of objects.list(prefix)) if (key.endsWith(suffix)) keys.push(key);
  return keys;
}

/** Runs one step. What it cannot do is told and does not stop the others; a store that is away stops all. */
async function attempt<Result>(
  { failed }: Run,
  what: string,
  step: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof AurumError && error.retryable) throw error;
    const reason = error instanceof AurumError ? errorLine(error.detail()) : String(error);
    failed.push({ what, reason });
    return undefined;
  }
}

/** The stages over all uploads, then over all staged versions. @returns the known instants of versions, by version. */
async function replay(
  uploads: readonly ObjectVersionEntry[],
  main: readonly CurveRelease[],
  run: Run,
): Promise<ReadonlyMap<string, string>> {
  const { ports, tell } = run;
  for (const [index, upload] of uploads.entries()) {
    tell(`reading upload ${index + 1} of ${uploads.length}: ${upload.key}`);
    await attempt(run, upload.key, () => ingestWorkbook(eventOf(uploads, index, ports.bucket), ports));
  }
  const staged = await deliveries(ports.objects);
  const instants = await knownInstants(staged, ports);
  const onMain = new Set(main.map(({ version }) => version));
  const later: Delivery[] = [];
  const knownPorts = (version: string) =>
    instants.has(version) ? { ...ports, hotfix_approval: false } : ports;
  for (const [index, delivery] of inOrder(staged, instants).entries()) {
    const { version } = delivery;
    tell(`releasing ${index + 1} of ${staged.length}: ${delivery.source_file}, ${version}`);
    const verdict = await attempt(run, version, () => gateWorkbook(version, ports));
    if (verdict === undefined) continue;
    await attempt(run, version, () => keepOverride(version, ports.objects));
    // A new instant is after all old ones: given too early, it would push the instants of its slot that are known.
    if (instants.size > 0 && !instants.has(version)) later.push(delivery);
    else await attempt(run, version, () => releaseAgain(version, onMain, knownPorts(version)));
  }
  for (const { version } of later) await attempt(run, version, () => releaseAgain(version, onMain, ports));
  return instants;
}

/**
 * The notification the upload would have had. Sequencers of MinIO and the gateway are nanoseconds in upper-case hex: one
 * made from the listing stands between those of earlier and later uploads, and tells apart those of one millisecond.
 */
function eventOf(uploads: readonly ObjectVersionEntry[], index: number, bucket: string) {
  const { key, etag, version_id, last_modified } = uploads[index]!;
  let before = index;
  while (before > 0 && uploads[before - 1]!.last_modified === last_modified) before -= 1;
  const sequence = BigInt(Date.parse(last_modified)) * 1_000_000n + BigInt(index - before);
  const sequencer = sequence.toString(16).toUpperCase().padStart(16, '0');
  return { bucket, key, etag, version_id, sequencer, event_time: last_modified };
}

async function deliveries(objects: ObjectStore): Promise<Delivery[]> {
  const found: Delivery[] = [];
  for (const key of await keysBelow(objects, 'staged/', '/report.json')) {
    const { version, source, source_file, asof_date } = await requireJson(objects, key, parseReport);
    const { uploaded_at, sequence, sha256: source_sha256 } = source;
    found.push({ version, uploaded_at, sequence, source_file, asof_date, source_sha256 });
  }
  return inOrder(found, new Map());
}

/** As it was: a release at the instant it is known from, anything else at its upload. */
function inOrder(staged: readonly Delivery[], instants: ReadonlyMap<string, string>): Delivery[] {
  const at = ({ version, uploaded_at }: Delivery) => Date.parse(instants.get(version) ?? uploaded_at);
  return staged.toSorted(
    (a, b) => at(a) - at(b) || (a.sequence === b.sequence ? 0 : a.sequence < b.sequence ? -1 : 1),
  );
}

/**
 * From when each version is known, where an intent, a release record or the event log still says so. What only the record
 * or the log says is written as an intent, where the release looks for it.
 */
async function knownInstants(
  staged: readonly Delivery[],
  ports: RebuildPorts,
): Promise<ReadonlyMap<string, string>> {
  const instants = new Map<string, string>();
  const silent: Delivery[] = [];
  for (const delivery of staged) {
    const { version } = delivery;
    const intent = await readJson(ports.objects, releaseIntentKey(version), releaseIntent);
    const known_at = intent?.known_at ?? (await releasedRecord(ports.objects, version))?.release.known_at;
    if (known_at === undefined) silent.push(delivery);
    else instants.set(version, known_at);
  }
  if (silent.length > 0) {
    const find = releaseFinder(silent);
    for await (const { value } of ports.bus.read(ports.curveTopic)) {
      const version = find(value)?.version;
      if (version !== undefined) instants.set(version, value._ingest_ts);
    }
  }
  for (const [version, known_at] of instants)
    await writeOnce(ports.objects, releaseIntentKey(version), toJson({ known_at }));
  return instants;
}

/**
 * A correction of which an instant is known was let in before; any other waits as it did. A release record without its rows on main is
 * of a table that is gone: it would make the release void.
 */
async function releaseAgain(
  version: string,
  onMain: ReadonlySet<string>,
  ports: RebuildPorts,
): Promise<void> {
  const key = releasedKey(version);
  if (!onMain.has(version) && (await ports.objects.head(key)) !== undefined) await ports.objects.delete(key);
  const outcome = await releaseWorkbook(version, ports);
  if (outcome === 'released' || outcome === 'already') await publishWorkbook(version, ports);
}

interface Standing {
  /** `key|etag` of every upload that ended on main, in quarantine or refused. */
  readonly settled: ReadonlySet<string>;
  readonly red: number;
  readonly refused: number;
}

/** Goes over what the stages left: counts it, and tells the operational database unless only tables are wanted. */
async function settle(scope: RebuildScope, run: Run): Promise<Standing> {
  const { ports, tell } = run;
  const settled = new Set<string>();
  const onMain = new Set((await ports.tables.releases('main')).map(({ version }) => version));
  const staged = await deliveries(ports.objects);
  let red = 0;
  for (const [index, { version }] of staged.entries()) {
    if (scope !== 'tables') tell(`recording ${index + 1} of ${staged.length}: ${version}`);
    const report = await requireJson(ports.objects, stagedReportKey(version), parseReport);
    const gate = await readJson(ports.objects, gateResultKey(version), gateResult);
    if (gate?.verdict === 'red' && !onMain.has(version)) red += 1;
    if (gate?.verdict === 'red' || onMain.has(version))
      settled.add(`${report.source.key}|${report.source.etag}`);
    if (scope !== 'tables')
      await attempt(run, version, () => recordDelivery(report, scope, onMain.has(version), ports));
  }
  const refusals = await keysBelow(ports.objects, 'refused/', '.json');
  for (const key of refusals) {
    const { source, etag, failed_at, ...error } = await requireJson(ports.objects, key, refusedWorkbook);
    settled.add(`${source}|${etag}`);
    if (scope === 'tables') continue;
    await ports.log.record({
      source_key: source,
      etag,
      version: null,
      vendor: null,
      asof_date: dayOfRawKey(source),
      stage: 'refused',
      status: 'red',
      detail: errorLine(error),
      at: failed_at,
    });
  }
  return { settled, red, refused: refusals.length };
}

/** The stages of one delivery as they recorded them; a stage that is recorded already stays as it is. */
async function recordDelivery(
  report: ParseReport,
  scope: RebuildScope,
  isReleased: boolean,
  ports: RebuildPorts,
): Promise<void> {
  const { version, source, row_count, curve_count, failure_count } = report;
  const raw = {
    source_key: source.key,
    etag: source.etag,
    version,
    vendor: null,
    asof_date: report.asof_date,
  };
  const of = { ...raw, vendor: report.vendor };
  const gate = await readJson(ports.objects, gateResultKey(version), gateResult);
  const record = isReleased ? await releasedRecord(ports.objects, version) : undefined;
  const entries: IngestEntry[] = [
    { ...raw, stage: 'raw', status: 'running', detail: `${source.size} bytes`, at: source.uploaded_at },
    {
      ...of,
      stage: 'staged',
      status: 'running',
      detail: `${row_count} rows of ${curve_count} curves, ${failure_count} failures`,
      at: report.parsed_at,
    },
  ];
  if (gate !== undefined) {
    const [stage, status] =
      gate.verdict === 'green' ? (['gated', 'running'] as const) : (['quarantined', 'red'] as const);
    entries.push({ ...of, stage, status, detail: gate.summary, at: gate.checked_at });
  }
  if (record !== undefined) {
    const { release, tag } = record;
    const detail = `${release.row_count} rows on main${tag === null ? '' : `, ${tag}`}`;
    entries.push({ ...of, stage: 'released', status: 'running', detail, at: release.known_at });
  }
  for (const entry of entries) await ports.log.record(entry);
  if (record === undefined) return;
  // After a replay it is published and recorded already.
  if (scope === 'operational') await publishWorkbook(version, ports);
  await describeRelease(version, ports);
}

/**
 * One figure for all that main serves: equal digests mean equal rows, bit for bit, and equal answers. Reads one data file
 * at a time.
 * @throws AurumError (fault) `data_file_missing`.
 */
export async function digest(ports: {
  readonly objects: ObjectStore;
  readonly tables: Tables;
}): Promise<MainDigest> {
  const content = createHash('sha256');
  const instants = createHash('sha256');
  const releases = (await ports.tables.releases('main')).toSorted(bySlot);
  let rows = 0;
  for (const { vendor, asof_date, version, known_at, data_file } of releases) {
    const stored = await ports.objects.get(data_file);
    if (stored === undefined) {
      const remedy = 'Restore the object, or rebuild the tables.';
      throw new AurumError('fault', 'data_file_missing', `${data_file} is not in the store`, { remedy });
    }
    const table = decodeCurveTable(stored.body);
    content.update(`${vendor}|${asof_date}|${version}|${table.length}\n`);
    addRows(content, table);
    instants.update(`${version}|${known_at}\n`);
    rows += table.length;
  }
  return {
    releases: releases.length,
    rows,
    content: content.digest('hex'),
    instants: instants.digest('hex'),
  };
}

/** By slot, and in a slot as uploaded: the last one is current. */
function bySlot(a: CurveRelease, b: CurveRelease): number {
  const [left, right] = [a, b].map(({ vendor, asof_date, sequence, version }) =>
    [vendor, asof_date, sequence, version].join('|'),
  ) as [string, string];
  return left < right ? -1 : 1;
}

function addRows(content: ReturnType<typeof createHash>, table: CurveTable): void {
  for (let row = 0; row < table.length; row++) content.update(rowText(rowAt(table, row, '')));
}
