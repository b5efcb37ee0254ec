/**
 * The data file of a release against its records, its own statements, and the rows as they were staged. Knows nothing of
 * workbooks, log or lake.
 */
import { type CurveTable, rowAt } from '#lib/domain/curve.ts';
import { decodeCurveTable, decodeRows } from '#lib/parquet/decode.ts';
import { CURVE_FIELDS } from '#lib/parquet/fields.ts';
import type { ObjectStore, StoredObject } from '#lib/ports/object-store.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import type { ParseReport } from '#schemas/stages.ts';
import { releasedRecord } from './release-curves.ts';
import { stagedReportKey } from './stage-keys.ts';
import { midCell } from './verify-cells.ts';
import { type Findings, note, noteRows, rowsToCompare } from './verify-findings.ts';
import { differingColumns } from './verify-log.ts';

/** Columns that are one value in the whole file. */
const FILE_COLUMNS = ['asof_date', 'source_file', '_ingest_ts'] as const;
const FILE_FIELDS = CURVE_FIELDS.filter(({ name }) => (FILE_COLUMNS as readonly string[]).includes(name));

/** The rows of a Parquet object; what is wrong with it is noted. */
export async function tableOf(
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
export async function proveRecords(
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
export function proveFile(findings: Findings, { body }: StoredObject, data: CurveTable): void {
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

export function proveStaged(findings: Findings, data: CurveTable, staged: CurveTable): void {
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
