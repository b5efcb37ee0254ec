/**
 * Proves that what is released agrees with itself everywhere: the raw workbook's cells, the staged rows, the data file of
 * the table, the records of the event log, the lake's commit. Every witness is read again; nothing is repaired. Whether
 * the table's own manifests name the data file is for an Iceberg reader to say.
 */
import { hash } from 'node:crypto';
import { type CurveTable, rowAt } from '#lib/domain/curve.ts';
import { AurumError, refusal } from '#lib/domain/errors.ts';
import { decodeCurveTable, decodeRows } from '#lib/parquet/decode.ts';
import { CURVE_FIELDS } from '#lib/parquet/fields.ts';
import type { ObjectStore, StoredObject } from '#lib/ports/object-store.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { LakeObject, VersionedLake } from '#lib/ports/versioned-lake.ts';
import { readWorkbook } from '#lib/workbook/read.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { type ParseReport, parseReport } from '#schemas/stages.ts';
import { readJson } from './json-objects.ts';
import { releasedRecord } from './release-curves.ts';
import { gateResultKey, stagedReportKey, stagedRowsKey } from './stage-keys.ts';
import { standingGate } from './standing-gate.ts';
import { type CellFault, type CellProof, cellFaults, identityFaults, midCell } from './verify-cells.ts';
import {
  addRow,
  differingColumns,
  emptyAccount,
  equalAccounts,
  type LogPorts,
  type LogReading,
  readLog,
  recordFaults,
} from './verify-log.ts';

export interface VerifyPorts extends LogPorts {
  readonly objects: ObjectStore;
  readonly tables: Tables;
  readonly lake: VersionedLake;
}

export interface VerifyFilter {
  readonly asof_date?: string;
  readonly version?: string;
  /** Rows a release whose cells and staged rows are compared, evenly spread; the log is then counted only. All when left out. */
  readonly sample?: number;
}

/** One disagreement, named by cell where it is about one. */
export interface Mismatch {
  /** Stable, lower snake case; `cell_...`, `staged_...`, `log_...` say which witness disagrees with the data file. */
  readonly code: string;
  readonly message: string;
  readonly cell?: string;
  readonly fields?: readonly string[];
  /** The values themselves: a vendor's prices, not for every eye. */
  readonly expected?: unknown;
  readonly found?: unknown;
}

export interface ReleaseProof {
  /** Null for the records of the log that belong to no release. */
  readonly version: string | null;
  readonly vendor: string | null;
  readonly asof_date: string | null;
  readonly source_file: string | null;
  /** Rows of the data file. */
  readonly rows: number;
  /** What was found to agree. */
  readonly proven: {
    readonly mids: number;
    readonly bid_asks: number;
    readonly staged_rows: number;
    readonly log_records: number;
    readonly lake_objects: number;
  };
  readonly mismatch_count: number;
  /** By code. */
  readonly mismatch_codes: Readonly<Record<string, number>>;
  /** The first hundred of each code. */
  readonly mismatches: readonly Mismatch[];
}

const NAMED_A_CODE = 100;
/** Each names the cells of one release by reading the log again; beyond, the release is told by its counts. */
const LOG_READINGS = 10;
/** Columns that are one value in the whole file. */
const FILE_COLUMNS = ['asof_date', 'source_file', '_ingest_ts'] as const;
const FILE_FIELDS = CURVE_FIELDS.filter(({ name }) => (FILE_COLUMNS as readonly string[]).includes(name));

/** What was found of one release so far. */
interface Findings {
  readonly release: CurveRelease;
  readonly sample: number | undefined;
  readonly proven: { -readonly [name in keyof ReleaseProof['proven']]: number };
  readonly codes: Map<string, number>;
  readonly mismatches: Mismatch[];
  rows: number;
}

interface Witnesses extends LogReading {
  /** Objects of each lake commit that a release names and `main` reaches. */
  readonly lake: ReadonlyMap<string, readonly LakeObject[]>;
  readingsLeft: number;
}

/**
 * One proof a release, oldest commit first, then one for records of no release if there are any. The log and the lake's
 * history are read once; then each release by itself.
 * @throws AurumError (refused) `release_unknown` for a version that is not on main; `busy` when a store is away.
 */
export async function* verifyReleases(
  filter: VerifyFilter,
  ports: VerifyPorts,
  tell: (text: string) => void = () => {},
): AsyncGenerator<ReleaseProof> {
  const released = await ports.tables.releases('main');
  const chosen = released.filter(
    ({ version, asof_date }) =>
      (filter.version ?? version) === version && (filter.asof_date ?? asof_date) === asof_date,
  );
  if (filter.version !== undefined && chosen.length === 0) throw unknownRelease(filter.version);
  const versions = new Set(chosen.map(({ version }) => version));
  const witnesses: Witnesses = {
    ...(await readLog(released, versions, filter.sample === undefined, ports, tell)),
    lake: await lakeObjects(chosen, ports.lake),
    readingsLeft: LOG_READINGS,
  };
  for (const [index, release] of chosen.entries()) {
    tell(`release ${index + 1} of ${chosen.length}: ${release.source_file}, ${release.version}`);
    yield proveRelease(release, filter.sample, witnesses, ports);
  }
  if (filter.version === undefined && filter.asof_date === undefined && witnesses.strays.count > 0) {
    // What was released while we read is no stray.
    const newer = (await ports.tables.releases('main')).length > released.length;
    if (!newer) yield strayProof(witnesses.strays);
  }
}

function unknownRelease(version: string): AurumError {
  return refusal('release_unknown', `no release ${version} is on main`, {
    field: 'version',
    remedy: 'Take the version from `aurum status`.',
  });
}

/** Objects of the commits that the releases name, as far as the lake's main reaches them. */
async function lakeObjects(
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

async function proveRelease(
  release: CurveRelease,
  sample: number | undefined,
  witnesses: Witnesses,
  ports: VerifyPorts,
): Promise<ReleaseProof> {
  const findings: Findings = {
    release,
    sample,
    proven: { mids: 0, bid_asks: 0, staged_rows: 0, log_records: 0, lake_objects: 0 },
    codes: new Map(),
    mismatches: [],
    rows: 0,
  };
  const report = await readJson(ports.objects, stagedReportKey(release.version), parseReport);
  const raw = await rawWorkbook(release, ports.objects);
  const data = await tableOf(findings, 'data_file', release.data_file, ports.objects);
  const staged = await tableOf(findings, 'staged', stagedRowsKey(release.version), ports.objects);
  await proveRecords(findings, report, data?.table, staged?.table, ports.objects);
  if (data !== undefined) {
    findings.rows = data.table.length;
    proveFile(findings, data.stored, data.table);
    for (const fault of identityFaults(data.table, release)) noteFault(findings, fault);
    if (staged !== undefined) proveStaged(findings, data.table, staged.table);
  }
  proveRaw(findings, raw, data?.table);
  const table = data?.table ?? staged?.table;
  if (table !== undefined) await proveLog(findings, table, witnesses, ports);
  await proveLake(findings, report, raw, witnesses, ports.objects);
  return proofOf(findings);
}

/** The version released; in a bucket restored from a copy it has another id and is the current one if none followed it. */
async function rawWorkbook(
  { source_key, source_version_id }: CurveRelease,
  objects: ObjectStore,
): Promise<StoredObject | undefined> {
  const named = source_version_id === null ? {} : { version_id: source_version_id };
  return (await objects.get(source_key, named)) ?? objects.get(source_key);
}

function note(findings: Findings, mismatch: Mismatch): void {
  const count = (findings.codes.get(mismatch.code) ?? 0) + 1;
  findings.codes.set(mismatch.code, count);
  if (count <= NAMED_A_CODE) findings.mismatches.push(mismatch);
}

function proofOf({ release, rows, proven, codes, mismatches }: Findings): ReleaseProof {
  const { version, vendor, asof_date, source_file } = release;
  return {
    version,
    vendor,
    asof_date,
    source_file,
    rows,
    proven,
    mismatch_count: [...codes.values()].reduce((sum, count) => sum + count, 0),
    mismatch_codes: Object.fromEntries(codes),
    mismatches,
  };
}

/** The rows of a Parquet object; what is wrong with it is noted. */
async function tableOf(
  findings: Findings,
  what: 'data_file' | 'staged',
  key: string,
  objects: ObjectStore,
): Promise<{ readonly stored: StoredObject; readonly table: CurveTable } | undefined> {
  const stored = await objects.get(key);
  if (stored === undefined) {
    note(findings, { code: `${what}_missing`, message: `${key} is not in the store` });
    return undefined;
  }
  try {
    return { stored, table: decodeCurveTable(stored.body) };
  } catch (error) {
    note(findings, { code: `${what}_unreadable`, message: `${key} holds no rows: ${reasonOf(error)}` });
    return undefined;
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The release as its record and its report have it, and the number of rows as all say. */
async function proveRecords(
  findings: Findings,
  report: ParseReport | undefined,
  data: CurveTable | undefined,
  staged: CurveTable | undefined,
  objects: ObjectStore,
): Promise<void> {
  const { release } = findings;
  const record = await releasedRecord(objects, release.version);
  if (record === undefined) {
    const message = 'the release is on main and has no record: it was never announced';
    note(findings, { code: 'release_record_missing', message });
  } else {
    const fields = (Object.keys(release) as (keyof CurveRelease)[]).filter(
      (field) => release[field] !== record.release[field],
    );
    if (fields.length > 0) {
      const message = `the release record and market.curve_release differ in ${fields.join(', ')}`;
      note(findings, { code: 'release_record_differs', message, fields });
    }
  }
  if (report === undefined)
    note(findings, { code: 'staged_report_missing', message: `${stagedReportKey(release.version)} is gone` });
  const counts = { release: release.row_count, report: report?.row_count, staged: staged?.length };
  for (const [where, count] of Object.entries(counts)) {
    if (data === undefined || count === undefined || count === data.length) continue;
    const message = `the data file has ${data.length} rows, the ${where} ${count}`;
    note(findings, { code: 'row_count_differs', message });
  }
}

/** The columns that are one value in the whole file. */
function proveFile(findings: Findings, { body }: StoredObject, data: CurveTable): void {
  const { asof_date, source_file, known_at } = findings.release;
  const wanted = { asof_date, source_file, _ingest_ts: known_at };
  const rows = decodeRows<Pick<CurveObservation, (typeof FILE_COLUMNS)[number]>>(
    FILE_FIELDS as Parameters<typeof decodeRows<typeof wanted>>[0],
    body,
  );
  const statement = data.asof_date === asof_date && data.source_file === source_file;
  if (!statement) {
    const message = 'the data file says it is of another workbook';
    note(findings, { code: 'data_file_foreign', message });
  }
  for (const [index, row] of rows.entries()) {
    const fields = FILE_COLUMNS.filter((column) => row[column] !== wanted[column]);
    if (fields.length === 0) continue;
    const message = `${fields.join(', ')} of the data file is not the release's`;
    note(findings, { code: 'release_column_differs', message, cell: midCell(data, index), fields });
  }
}

/** Row numbers to compare: all, or so many of them evenly spread. */
function* rowsToCompare(length: number, sample: number | undefined): Generator<number> {
  const count = Math.min(length, sample ?? length);
  for (let index = 0; index < count; index++) yield Math.floor((index * length) / count);
}

function proveStaged(findings: Findings, data: CurveTable, staged: CurveTable): void {
  const { known_at } = findings.release;
  const rowOfCell = new Map<string, number>();
  for (let row = 0; row < staged.length; row++) rowOfCell.set(midCell(staged, row), row);
  for (const row of rowsToCompare(data.length, findings.sample)) {
    const cell = midCell(data, row);
    const at = rowOfCell.get(cell);
    if (at === undefined) {
      note(findings, { code: 'staged_row_missing', message: 'no staged row is of this cell', cell });
      continue;
    }
    const [expected, found] = [rowAt(staged, at, known_at), rowAt(data, row, known_at)];
    const fields = differingColumns(expected, found);
    if (fields.length === 0) findings.proven.staged_rows += 1;
    else noteRows(findings, 'staged_differs', 'the staged row', cell, fields, expected, found);
  }
  if (findings.sample !== undefined) return;
  for (let row = 0; row < data.length; row++) rowOfCell.delete(midCell(data, row));
  for (const cell of rowOfCell.keys())
    note(findings, { code: 'data_row_missing', message: 'the staged row is not in the data file', cell });
}

function noteRows(
  findings: Findings,
  code: string,
  what: string,
  cell: string,
  fields: readonly (keyof CurveObservation)[],
  expected: CurveObservation,
  found: CurveObservation,
): void {
  const only = (row: CurveObservation) => Object.fromEntries(fields.map((field) => [field, row[field]]));
  const message = `${what} and the data file differ in ${fields.join(', ')}`;
  note(findings, { code, message, cell, fields, expected: only(expected), found: only(found) });
}

/** The raw workbook is the one released, and its cells hold the rows' prices. */
function proveRaw(findings: Findings, raw: StoredObject | undefined, data: CurveTable | undefined): void {
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

const FAULT_TEXTS: Readonly<Record<CellFault['code'], string>> = {
  cell_missing: 'no price stands in the cell of the row',
  cell_differs: 'the cell and the mid of the data file differ',
  bid_ask_missing: 'no bid and ask stand in the cell of the row',
  bid_ask_differs: 'the cell and the bid or ask of the data file differ',
  value_differs: 'the value is not the side that price_type says',
  curve_key_differs: 'the curve key is not the hash of the identity',
  version_hash_differs: 'the version hash is not of this workbook',
};

function noteFault(findings: Findings, { code, ...fault }: CellFault): void {
  note(findings, { code, message: FAULT_TEXTS[code], ...fault });
}

async function proveLog(
  findings: Findings,
  table: CurveTable,
  witnesses: Witnesses,
  ports: VerifyPorts,
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
async function proveLake(
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

function strayProof({ count, first }: LogReading['strays']): ReleaseProof {
  return {
    version: null,
    vendor: null,
    asof_date: null,
    source_file: null,
    rows: 0,
    proven: { mids: 0, bid_asks: 0, staged_rows: 0, log_records: 0, lake_objects: 0 },
    mismatch_count: count,
    mismatch_codes: { log_stray: count },
    mismatches: first.map(({ source_file, asof_date, source_cell }) => ({
      code: 'log_stray',
      message: `the event log has a record of ${source_file} of ${asof_date} that belongs to no release`,
      cell: source_cell,
    })),
  };
}
