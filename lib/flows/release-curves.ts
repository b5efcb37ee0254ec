/**
 * Green gate result, or a red one that two people let pass -> rows on `main`. Stages the data files, commits them with the
 * release record and the QA checks on branch `eod_{YYYYMMDD}`, moves `main` to it, versions the workbook's objects in the
 * lake, tags the day when it is complete. A correction of what is released goes by a branch of its own, and may wait there. Every step is conditional or void the second time, so a crash between any two is mended by redelivery.
 */
import { z } from 'zod';
import { busy } from '#lib/domain/errors.ts';
import { qaChecks } from '#lib/domain/gate.ts';
import { inTurns } from '#lib/domain/turns.ts';
import { decodeCurveTable } from '#lib/parquet/decode.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { IngestLog } from '#lib/ports/ingest-log.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { RefHead, StagedFile, Tables } from '#lib/ports/tables.ts';
import type { LakeObject, VersionedLake } from '#lib/ports/versioned-lake.ts';
import { utcTimestamp } from '#schemas/curve-observation.ts';
import { type CurveRelease, curveRelease } from '#schemas/lake.ts';
import type { GateResult } from '#schemas/stages.ts';
import {
  claimHotfixBranch,
  type HotfixPorts,
  hotfixBranchOf,
  hotfixStanding,
  impactOf,
  releaseToCorrect,
} from './hotfix.ts';
import { readJson, requireJson, toJson, writeOnce } from './json-objects.ts';
import {
  gateResultKey,
  releasedKey,
  releaseIntentKey,
  stagedFailuresKey,
  stagedReportKey,
  stagedRowsKey,
} from './stage-keys.ts';
import { type StandingGate, standingGate } from './standing-gate.ts';
import { sendersOf } from './uploader.ts';

export interface ReleasePorts extends HotfixPorts {
  readonly lake: VersionedLake;
  readonly log: IngestLog;
  readonly clock: Clock;
  /** Vendors whose release completes a market day. */
  readonly expected_vendors: readonly string[];
}

/** What `released/{version}.json` holds. */
export const releasedWorkbook = z.strictObject({
  release: curveRelease,
  tables_commit: z.string(),
  tag: z.string().nullable(),
});

/** What `releasing/{version}.json` holds; the place of the upload, for a rebuild from the raw area alone. */
export const releaseIntent = z.strictObject({
  known_at: utcTimestamp,
  sequence: z.string().min(1).optional(),
});

/** Other releases may move `main` first; each loss costs one cheap retry, since staged files are kept. */
const COMMIT_ATTEMPTS = 200;

/** `waiting`: a correction that lies on its branch until it is approved. */
export type ReleaseOutcome = 'released' | 'already' | 'red' | 'waiting' | 'rejected';

export async function releaseWorkbook(version: string, ports: ReleasePorts): Promise<ReleaseOutcome> {
  if ((await ports.objects.head(releasedKey(version))) !== undefined) return 'already';
  const standing = await standingGate(ports.objects, version);
  if (standing === undefined) throw busy('stage_object_missing', `${version} has no gate result yet`);
  if (standing.gate.verdict === 'red') return 'red';
  for (;;) {
    const way = await wayOf(standing, ports);
    if ('stopped' in way) return way.stopped;
    const lake_commit = await commitLake(standing, way.branch, ports);
    await mergeLake(standing, way.branch, ports);
    const made = await commitTables(standing.gate, { ...way, lake_commit }, ports);
    // Another workbook of the slot was first: then this one is its correction.
    if (made !== 'slot_taken') return announce(standing.gate, made, ports);
  }
}

interface Way {
  readonly branch: string;
  /** Whether it is known to correct what is released. */
  readonly isCorrection: boolean;
}

/** The branch the version goes by, or why it goes no further now. */
async function wayOf(
  standing: StandingGate,
  ports: ReleasePorts,
): Promise<Way | { readonly stopped: 'waiting' | 'rejected' }> {
  const { report } = standing.gate;
  const current = await releaseToCorrect(report, ports.tables);
  if (current === undefined) {
    const claimed = await hotfixBranchOf(report, ports.objects);
    return { branch: claimed ?? branchOf(report.asof_date), isCorrection: claimed !== undefined };
  }
  const branch = await claimHotfixBranch(report, ports.objects);
  const impact = await impactOf(report, branch, current, ports);
  const senders = await sendersOf(report.source, ports.audit);
  const { state } = await hotfixStanding(impact, senders, ports);
  if (state === 'rejected') return { stopped: 'rejected' };
  if (state !== 'waiting') return { branch, isCorrection: true };
  await layOnBranch(standing, branch, ports);
  return { stopped: 'waiting' };
}

/** Commits the correction on its branch of lake and tables, where it can be looked at; once. */
async function layOnBranch(standing: StandingGate, branch: string, ports: ReleasePorts): Promise<void> {
  const { gate } = standing;
  if ((await ports.tables.head(branch)) !== undefined) return;
  const lake_commit = await commitLake(standing, branch, ports);
  const base = await mainHead(ports.tables);
  // Known from its merge on, the rows are staged again then; until then they say when they were checked.
  const { files } = await stageFiles(gate, lake_commit, gate.checked_at, ports);
  const { version, vendor, asof_date } = gate.report;
  const summary = { 'aurum.version': version, 'aurum.vendor': vendor, 'aurum.asof': asof_date };
  const made = await ports.tables.commit({ branch, base, files, summary, committed_at: gate.checked_at });
  if (made.outcome === 'conflict') throw busy('release_contended', `main moved while ${branch} was made`);
}

interface Released {
  readonly release: CurveRelease;
  readonly commit: string;
}

async function announce(
  gate: GateResult,
  { release, commit }: Released,
  ports: ReleasePorts,
): Promise<'released'> {
  const tag = await tagDay(release, commit, ports);
  const { version, source, vendor, asof_date } = gate.report;
  const let_pass = gate.override === undefined ? '' : `, overridden by ${gate.override.author}`;
  const detail = `${release.row_count} rows on main${tag === null ? '' : `, ${tag}`}${let_pass}`;
  const entry = { source_key: source.key, etag: source.etag, version, vendor, asof_date, detail };
  await ports.log.record({ ...entry, stage: 'released', status: 'running', at: ports.clock.now() });
  await writeOnce(ports.objects, releasedKey(version), toJson({ release, tables_commit: commit, tag }));
  return 'released';
}

const branchOf = (asof_date: string) => `eod_${asof_date.replaceAll('-', '')}`;

/** The raw, staged and gate objects of the workbook as one lake commit, with what people decided on it. */
async function commitLake(
  { key: gate_key, gate }: StandingGate,
  branch: string,
  ports: ReleasePorts,
): Promise<string> {
  const { version, report } = gate;
  const objects: LakeObject[] = [
    { key: report.source.key, etag: report.source.etag, size: report.source.size },
  ];
  const keys = [
    stagedRowsKey(version),
    stagedReportKey(version),
    stagedFailuresKey(version),
    gateResultKey(version),
  ];
  if (gate_key !== gateResultKey(version)) keys.push(gate_key);
  for (const key of keys) {
    const stored = await ports.objects.get(key);
    if (stored !== undefined) objects.push({ key, etag: stored.etag, size: stored.body.length });
  }
  const metadata = {
    'aurum.version': version,
    'aurum.vendor': report.vendor,
    'aurum.asof': report.asof_date,
  };
  await ports.lake.ensureBranch(branch, 'main');
  const message = `Release ${report.source_file}`;
  const commit = await ports.lake.commit(branch, message, metadata, objects, gate.checked_at);
  return commit.id;
}

async function mergeLake({ gate }: StandingGate, branch: string, { lake }: ReleasePorts): Promise<void> {
  await lake.merge(branch, 'main', `Merge ${branch}: ${gate.report.source_file}`, gate.checked_at);
}

/** Releases of one process take turns, instead of losing the race for `main` to each other. */
const turns = inTurns();

function commitTables(
  gate: GateResult,
  way: Way & { readonly lake_commit: string },
  ports: ReleasePorts,
): Promise<Released | 'slot_taken'> {
  return turns('main', () => commitInTurn(gate, way, ports));
}

async function commitInTurn(
  gate: GateResult,
  { branch, isCorrection, lake_commit }: Way & { readonly lake_commit: string },
  ports: ReleasePorts,
): Promise<Released | 'slot_taken'> {
  const { version, vendor, asof_date } = gate.report;
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS; attempt++) {
    const base = await mainHead(ports.tables);
    const released = await ports.tables.releases(base);
    const slot = released.filter((release) => release.vendor === vendor && release.asof_date === asof_date);
    const done = slot.find((release) => release.version === version);
    if (done !== undefined) return { release: done, commit: base.commit };
    if (slot.length > 0 && !isCorrection) return 'slot_taken';
    const known_at = await knownAt(gate, slot, ports);
    const { release, files } = await stageFiles(gate, lake_commit, known_at, ports);
    const summary = { 'aurum.version': version, 'aurum.vendor': vendor, 'aurum.asof': asof_date };
    const commit = await ports.tables.commit({ branch, base, files, summary, committed_at: known_at });
    if (commit.outcome === 'conflict') continue;
    if ((await ports.tables.fastForward(commit.head, base)) === 'moved')
      return { release, commit: commit.head.commit };
  }
  throw busy('release_contended', `main moved ${COMMIT_ATTEMPTS} times while ${version} was being released`, {
    remedy: 'The event is delivered again; nothing is lost.',
  });
}

async function mainHead(tables: Tables): Promise<RefHead> {
  const head = await tables.head('main');
  if (head === undefined) throw busy('catalog_missing', 'the catalog has no main branch yet');
  return head;
}

/**
 * The instant from which `as_known_at` sees the release, decided once and kept, so that every redelivery writes the same
 * bytes. Within a slot it ascends whatever the machines' clocks say.
 */
async function knownAt(
  gate: GateResult,
  slot: readonly CurveRelease[],
  ports: ReleasePorts,
): Promise<string> {
  const newest = slot.reduce((latest, { known_at }) => (known_at > latest ? known_at : latest), '');
  const key = releaseIntentKey(gate.version);
  const { sequence } = gate.report.source;
  await writeOnce(ports.objects, key, toJson({ known_at: after(newest, ports.clock.now()), sequence }));
  const { known_at } = await requireJson(ports.objects, key, releaseIntent);
  if (known_at > newest) return known_at;
  const later = after(newest, ports.clock.now());
  await ports.objects.put(key, toJson({ known_at: later, sequence }));
  return later;
}

/** `now`, or one millisecond after `previous` when the clock is behind it. */
function after(previous: string, now: string): string {
  return now > previous ? now : new Date(Date.parse(previous) + 1).toISOString();
}

async function stageFiles(
  gate: GateResult,
  lake_commit: string,
  known_at: string,
  ports: ReleasePorts,
): Promise<{ release: CurveRelease; files: StagedFile[] }> {
  const { version, report } = gate;
  const rows = await ports.objects.get(report.rows_key);
  if (rows === undefined) throw busy('stage_object_missing', `${report.rows_key} is not in the store`);
  const curves = await ports.tables.stageCurves(decodeCurveTable(rows.body), version, known_at);
  const release: CurveRelease = {
    vendor: report.vendor,
    asof_date: report.asof_date,
    version,
    sequence: report.source.sequence,
    known_at,
    source_file: report.source_file,
    source_key: report.source.key,
    source_version_id: report.source.version_id,
    source_sha256: report.source.sha256,
    row_count: curves.rows,
    data_file: curves.key,
    lake_commit,
  };
  const checks = qaChecks(version, report.asof_date, gate.suites, gate.checked_at);
  return {
    release,
    files: [
      curves,
      await ports.tables.stageRows('market.curve_release', { version, at: known_at }, [release]),
      await ports.tables.stageRows('market.qa_checks', { version, at: gate.checked_at }, checks),
    ],
  };
}

/**
 * Tags the day when every expected vendor is released: `release-{asof}`, and `.2`, `.3` ... for each release after that.
 * The number follows from the place in the history, so tagging again finds its own tag.
 */
async function tagDay(release: CurveRelease, commit: string, ports: ReleasePorts): Promise<string | null> {
  const day = (await ports.tables.releases({ ref: 'main', commit })).filter(
    ({ asof_date }) => asof_date === release.asof_date,
  );
  const place = day.findIndex(({ version }) => version === release.version);
  const complete = day.findIndex((_, index) => {
    const vendors = new Set(day.slice(0, index + 1).map(({ vendor }) => vendor));
    return ports.expected_vendors.every((vendor) => vendors.has(vendor));
  });
  if (complete < 0 || place < complete) return null;
  const number = place - complete + 1;
  const id = `release-${release.asof_date}${number === 1 ? '' : `.${number}`}`;
  await ports.tables.tag(id, commit);
  await ports.lake.tag(id, release.lake_commit);
  return id;
}

/** The release record of a version, once it is released. */
export async function releasedRecord(objects: ObjectStore, version: string) {
  return readJson(objects, releasedKey(version), releasedWorkbook);
}
