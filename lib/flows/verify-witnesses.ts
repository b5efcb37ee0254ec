/**
 * The witnesses beside the tables: the raw workbook with its cells, the records of the event log, the lake's commit. Each
 * is held against the data file of one release.
 */
import { hash } from 'node:crypto';
import { type CurveTable, rowAt } from '#lib/domain/curve.ts';
import { AurumError } from '#lib/domain/errors.ts';
import type { ObjectStore, StoredObject } from '#lib/ports/object-store.ts';
import type { LakeObject, VersionedLake } from '#lib/ports/versioned-lake.ts';
import { readWorkbook } from '#lib/workbook/read.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import type { ParseReport } from '#schemas/stages.ts';
import { gateResultKey, stagedReportKey, stagedRowsKey } from './stage-keys.ts';
import { standingGate } from './standing-gate.ts';
import { type CellProof, cellFaults } from './verify-cells.ts';
import { type Findings, note, noteFault, noteRows, rowsToCompare } from './verify-findings.ts';
import {
  addRow,
  differingColumns,
  emptyAccount,
  equalAccounts,
  type LogPorts,
  type LogReading,
  recordFaults,
} from './verify-log.ts';

export interface Witnesses extends LogReading {
  /** Objects of each lake commit that a release names and `main` reaches. */
  readonly lake: ReadonlyMap<string, readonly LakeObject[]>;
  readingsLeft: number;
}

/** The version released; in a bucket restored from a copy it has another id and is the current one if none followed it. */
export async function rawWorkbook(
  { source_key, source_version_id }: CurveRelease,
  objects: ObjectStore,
): Promise<StoredObject | undefined> {
  const named = source_version_id === null ? {} : { version_id: source_version_id };
  return (await objects.get(source_key, named)) ?? objects.get(source_key);
}

/** The raw workbook is the one released, and its cells hold the rows' prices. */
export function proveRaw(
  findings: Findings,
  raw: StoredObject | undefined,
  data: CurveTable | undefined,
): void {
  const { source_key, source_version_id, source_sha256, source_file } = findings.release;
  const name = source_version_id === null ? source_key : `${source_key}, version ${source_version_id}`;
  if (raw === undefined) {
    note(findings, { code: 'raw_missing', message: `${name} is not in the store` });
    return;
  }
  if (hash('sha256', raw.body, 'hex') !== source_sha256)
    note(findings, { code: 'raw_replaced', message: `${name} has other bytes than were released` });
  if (data === undefined) return;
  try {
    // Also of other bytes: which cells changed is what somebody will ask.
    const workbook = readWorkbook(raw.body, { source_file });
    const proof: CellProof = { mids: 0, bid_asks: 0 };
    const rows = rowsToCompare(data.length, findings.sample);
    for (const fault of cellFaults(workbook, data, rows, proof)) noteFault(findings, fault);
    Object.assign(findings.proven, proof);
  } catch (error) {
    if (!(error instanceof AurumError)) throw error;
    note(findings, { code: 'raw_unreadable', message: `${name} cannot be read: ${error.message}` });
  }
}

/** Objects of the commits that the releases name, as far as the lake's main reaches them. */
export async function lakeObjects(
  releases: readonly CurveRelease[],
  lake: VersionedLake,
): Promise<ReadonlyMap<string, readonly LakeObject[]>> {
  const wanted = new Set(releases.map(({ lake_commit }) => lake_commit));
  const found = new Map<string, readonly LakeObject[]>();
  if (wanted.size === 0) return found;
  for await (const { id, objects } of lake.log('main')) {
    if (wanted.has(id)) found.set(id, objects);
    if (found.size === wanted.size) break;
  }
  return found;
}

export async function proveLog(
  findings: Findings,
  table: CurveTable,
  witnesses: Witnesses,
  ports: LogPorts,
): Promise<void> {
  const { release, sample } = findings;
  const logged = witnesses.accounts.get(release.version) ?? emptyAccount();
  const wanted = emptyAccount();
  if (sample === undefined)
    for (let row = 0; row < table.length; row++) addRow(wanted, rowAt(table, row, release.known_at));
  else wanted.rows = table.length;
  if (equalAccounts(wanted, logged)) {
    findings.proven.log_records = logged.rows;
    return;
  }
  const counts = `the data file has ${wanted.rows} rows, the event log ${logged.rows} records of them`;
  if (logged.rows === 0 || witnesses.readingsLeft === 0) {
    const message = logged.rows === 0 ? `${counts}: not published` : `${counts}, not the same ones`;
    note(findings, { code: logged.rows === 0 ? 'log_empty' : 'log_differs', message });
    return;
  }
  witnesses.readingsLeft -= 1;
  const faulty = new Set<string>();
  for await (const { code, cell, times, expected, found } of recordFaults(release, table, ports)) {
    faulty.add(cell);
    if (expected !== undefined && found !== undefined)
      noteRows(
        findings,
        code,
        'the record of the log',
        cell,
        differingColumns(found, expected),
        found,
        expected,
      );
    else note(findings, { code, message: LOG_TEXTS[code]?.(times) ?? counts, cell });
  }
  findings.proven.log_records = table.length - faulty.size;
}

const LOG_TEXTS: Readonly<Record<string, (times: number) => string>> = {
  log_missing: () => 'the event log has no record of the row',
  log_doubled: (times) => `the event log has ${times} records of the row`,
  log_unexpected: () => 'the event log has a record of a cell that the data file has no row of',
};

/** The commit is reachable from main and lists the workbook's objects with the content they have now. */
export async function proveLake(
  findings: Findings,
  report: ParseReport | undefined,
  raw: StoredObject | undefined,
  { lake }: Witnesses,
  objects: ObjectStore,
): Promise<void> {
  const { version, lake_commit, source_key } = findings.release;
  const listed = lake.get(lake_commit);
  if (listed === undefined) {
    const message = `lake commit ${lake_commit} is not in the history of main`;
    note(findings, { code: 'lake_commit_missing', message });
    return;
  }
  const keys = [stagedRowsKey(version), stagedReportKey(version), gateResultKey(version)];
  // The result of an override, or of a gate that was run again.
  const standing = await standingGate(objects, version);
  if (standing !== undefined && standing.key !== gateResultKey(version)) keys.push(standing.key);
  if (report !== undefined && report.failures_key !== null) keys.push(report.failures_key);
  const current = await Promise.all(keys.map((key) => objects.head(key)));
  const etags = new Map([
    [source_key, raw?.etag],
    ...keys.map((key, at) => [key, current[at]?.etag] as const),
  ]);
  for (const [key, etag] of etags) {
    const entry = listed.find((object) => object.key === key);
    if (entry?.etag === etag && etag !== undefined) findings.proven.lake_objects += 1;
    else if (entry === undefined)
      note(findings, { code: 'lake_object_missing', message: `the lake commit does not list ${key}` });
    else note(findings, { code: 'lake_object_differs', message: `${key} is not what the lake commit lists` });
  }
}
