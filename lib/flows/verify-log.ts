/**
 * The event log against releases: one pass accounts every record to its release by a count and a sum of hashes that does
 * not depend on order, so memory stays flat however long the log is. A second pass, only for a release whose account is
 * wrong, names the cells. Knows nothing of workbooks or data files.
 */
import { hash } from 'node:crypto';
import type { Topic } from '#events/topic.ts';
import { type CurveTable, rowAt, versionHash } from '#lib/domain/curve.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import { CURVE_COLUMNS, type CurveObservation } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';

export interface LogPorts {
  readonly bus: EventBus;
  readonly curveTopic: Topic<CurveObservation>;
}

/** How many rows, and which, in any order: equal accounts hold the same rows equally often. */
export interface RowAccount {
  rows: number;
  /** Sum of the rows' SHA-256, each of its eight words by itself. */
  readonly sum: Uint32Array;
}

export interface LogReading {
  /** By version; none for a release without a record. */
  readonly accounts: ReadonlyMap<string, RowAccount>;
  /** Records that belong to none of the releases: how many, and the first of them. */
  readonly strays: { count: number; readonly first: CurveObservation[] };
}

type RecordOrigin = Pick<CurveObservation, 'asof_date' | 'source_file' | 'sheet_name' | 'version_hash'>;

const STRAYS_KEPT = 100;
const TELL_EVERY_ROWS = 100_000;

export const emptyAccount = (): RowAccount => ({ rows: 0, sum: new Uint32Array(8) });

export function addRow(account: RowAccount, row: CurveObservation): void {
  account.rows += 1;
  const digest = hash('sha256', rowText(row), 'buffer');
  for (let word = 0; word < account.sum.length; word++)
    account.sum[word] = account.sum[word]! + digest.readUInt32LE(word * 4);
}

export const equalAccounts = (a: RowAccount, b: RowAccount): boolean =>
  a.rows === b.rows && a.sum.every((word, index) => word === b.sum[index]);

/** The row's values in canonical order, whatever order its keys were set in. */
export function rowText(row: CurveObservation): string {
  return JSON.stringify(CURVE_COLUMNS.map((column) => row[column]));
}

/** The columns in which two rows differ. */
export function differingColumns(a: CurveObservation, b: CurveObservation): (keyof CurveObservation)[] {
  return CURVE_COLUMNS.filter((column) => !Object.is(a[column], b[column]));
}

/** Finds the release a record came from: its version hash is one over file, sheet, as-of and the workbook's bytes. */
export function releaseFinder<
  Release extends Pick<CurveRelease, 'source_file' | 'asof_date' | 'source_sha256'>,
>(releases: readonly Release[]): (record: RecordOrigin) => Release | undefined {
  const deliveries = Map.groupBy(releases, ({ source_file, asof_date }) => `${source_file}|${asof_date}`);
  const known = new Map<string, Release>();
  return ({ source_file, asof_date, sheet_name, version_hash }) => {
    const found =
      known.get(version_hash) ??
      deliveries
        .get(`${source_file}|${asof_date}`)
        ?.find(
          (each) => versionHash(source_file, sheet_name, asof_date, each.source_sha256) === version_hash,
        );
    if (found !== undefined) known.set(version_hash, found);
    return found;
  };
}

/**
 * @param wanted releases whose records are accounted; those of others are passed over.
 * @param withContent false: only counted.
 */
export async function readLog(
  releases: readonly CurveRelease[],
  wanted: ReadonlySet<string>,
  withContent: boolean,
  ports: LogPorts,
  tell: (text: string) => void,
): Promise<LogReading> {
  const find = releaseFinder(releases);
  const accounts = new Map<string, RowAccount>();
  const strays: LogReading['strays'] = { count: 0, first: [] };
  let read = 0;
  for await (const { value } of ports.bus.read(ports.curveTopic)) {
    if (++read % TELL_EVERY_ROWS === 0) tell(`event log: ${read.toLocaleString('en-US')} records read`);
    const version = find(value)?.version;
    if (version === undefined) {
      strays.count += 1;
      if (strays.first.length < STRAYS_KEPT) strays.first.push(value);
    } else if (wanted.has(version)) {
      const account = accounts.get(version) ?? emptyAccount();
      accounts.set(version, account);
      if (withContent) addRow(account, value);
      else account.rows += 1;
    }
  }
  return { accounts, strays };
}

/** What is wrong with the record of one cell; `fields` when it is there with other values. */
export interface RecordFault {
  readonly code: 'log_missing' | 'log_doubled' | 'log_differs' | 'log_unexpected';
  readonly cell: string;
  readonly times: number;
  readonly expected?: CurveObservation;
  readonly found?: CurveObservation;
}

/** Reads the log once more and compares the release's records with its rows, cell by cell. */
export async function* recordFaults(
  release: CurveRelease,
  table: CurveTable,
  ports: LogPorts,
): AsyncGenerator<RecordFault> {
  const find = releaseFinder([release]);
  const rowOfCell = new Map<string, number>();
  for (let row = 0; row < table.length; row++)
    rowOfCell.set(rowAt(table, row, release.known_at).source_cell, row);
  const times = new Uint32Array(table.length);
  for await (const { value } of ports.bus.read(ports.curveTopic)) {
    if (find(value) === undefined) continue;
    const row = rowOfCell.get(value.source_cell);
    if (row === undefined) {
      yield { code: 'log_unexpected', cell: value.source_cell, times: 1, found: value };
      continue;
    }
    times[row] = times[row]! + 1;
    const expected = rowAt(table, row, release.known_at);
    if (rowText(expected) !== rowText(value))
      yield { code: 'log_differs', cell: value.source_cell, times: 1, expected, found: value };
  }
  for (const [cell, row] of rowOfCell) {
    if (times[row] === 0) yield { code: 'log_missing', cell, times: 0 };
    else if (times[row]! > 1) yield { code: 'log_doubled', cell, times: times[row]! };
  }
}
