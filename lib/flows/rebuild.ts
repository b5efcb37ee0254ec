/**
 * Restores the tables, the versioned lake and the operational database from the bucket: every version of every workbook
 * goes through the same stages again, and each step that is there already is void; then tenants' own records come back
 * from what was kept of them. What the raw area alone cannot give back: the instant a release was known from, where
 * neither intent nor record nor event survives, and the order of uploads of one millisecond, where nothing of them does.
 */
import { AurumError, refusal } from '#lib/domain/errors.ts';
import type { ObjectVersionEntry } from '#lib/ports/object-store.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { keysBelow, settle } from './rebuild-deliveries.ts';
import { digest, type MainDigest } from './rebuild-digest.ts';
import { type RestoredRecords, restoreRecords } from './rebuild-records.ts';
import { replayStages } from './rebuild-releases.ts';
import type { NotRestored, RebuildPorts, RebuildScope, Run } from './rebuild-steps.ts';
import { eventsOf, rawUploads } from './rebuild-uploads.ts';
import { RECORDS } from './tenant-records.ts';

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
  /** Of tenants: what they registered, asked for and were told. */
  readonly tenant_records: number;
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
  /** Tenants' own records; those that cannot be as they were are among `failed`. */
  readonly restored: RestoredRecords;
  readonly failed: readonly NotRestored[];
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
    tenant_records: (await keysBelow(ports.objects, RECORDS, '.json')).length,
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
  tell: (text: string) => void = () => {},
): Promise<RebuildReport> {
  const started_ms = performance.now();
  const before = await ports.tables.releases('main');
  if (scope !== 'operational' && before.length > 0 && !force) throw mainExists(before.length);
  // Opens the database: another process that uses it is told before anything is touched.
  await ports.log.latest({ limit: 1 });
  const run: Run = { ports, failed: [], tell };
  const uploads = await rawUploads(ports.objects);
  const instants = scope === 'operational' ? undefined : await replayAll(uploads, before, run);
  const standing = await settle(scope, run);
  const restored = await restoreRecords(ports, run);
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
    restored,
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

async function replayAll(
  uploads: readonly ObjectVersionEntry[],
  main: readonly CurveRelease[],
  run: Run,
): Promise<ReadonlyMap<string, string>> {
  const { objects, bucket } = run.ports;
  return replayStages(await eventsOf(uploads, main, bucket, objects), main, run);
}
