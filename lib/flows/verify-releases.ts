/**
 * Proves that what is released agrees with itself everywhere: the raw workbook's cells, the staged rows, the data file of
 * the table, the records of the event log, the lake's commit. Every witness is read again; nothing is repaired. Whether
 * the table's own manifests name the data file is for an Iceberg reader to say.
 */
import { type AurumError, refusal } from '#lib/domain/errors.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { VersionedLake } from '#lib/ports/versioned-lake.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { parseReport } from '#schemas/stages.ts';
import { readJson } from './json-objects.ts';
import { stagedReportKey, stagedRowsKey } from './stage-keys.ts';
import { identityFaults } from './verify-cells.ts';
import { proveFile, proveRecords, proveStaged, tableOf } from './verify-data-file.ts';
import { type Findings, noteFault, proofOf, type ReleaseProof } from './verify-findings.ts';
import { type LogPorts, type LogReading, readLog } from './verify-log.ts';
import {
  lakeObjects,
  proveLake,
  proveLog,
  proveRaw,
  rawWorkbook,
  type Witnesses,
} from './verify-witnesses.ts';

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

/** Each names the cells of one release by reading the log again; beyond, the release is told by its counts. */
const LOG_READINGS = 10;

/**
 * One proof a release, oldest commit first, then one for records of no release if there are any. The log and the lake's
 * history are read once; then each release by itself.
 * @throws AurumError (refused) `release_unknown` for a version or a market day that is not on main; `busy` when a store is away.
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
  const isWhole = filter.version === undefined && filter.asof_date === undefined;
  if (!isWhole && chosen.length === 0) throw unknownRelease(filter);
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
  if (!isWhole) return;
  const strays = await remainingStrays(witnesses.strays, released.length, ports, tell);
  if (strays.count > 0) yield strayProof(strays);
}

/** What was released while we read is no stray: then the log is read again, with that. */
async function remainingStrays(
  found: LogReading['strays'],
  releases: number,
  ports: VerifyPorts,
  tell: (text: string) => void,
): Promise<LogReading['strays']> {
  let strays = found;
  for (let known = releases; strays.count > 0; ) {
    const released = await ports.tables.releases('main');
    if (released.length === known) break;
    known = released.length;
    ({ strays } = await readLog(released, new Set(), false, ports, tell));
  }
  return strays;
}

function unknownRelease({ version, asof_date }: VerifyFilter): AurumError {
  const [field, what] = version === undefined ? ['asof', `of ${asof_date}`] : ['version', version];
  return refusal('release_unknown', `no release ${what} is on main`, {
    field,
    remedy: 'Take it from `aurum status`.',
  });
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
