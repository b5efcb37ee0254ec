/**
 * Data files of the tables, written where no snapshot names them yet. Shared by every catalog: only who moves the
 * pointer differs. Names derive from version and time, so a repeated step finds its own file.
 */
import { refusal } from '#lib/domain/errors.ts';
import { encodeCurveTable, encodeRows } from '#lib/parquet/encode.ts';
import { type EncodedFile, type Field, FLAT_FIELDS } from '#lib/parquet/fields.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { StagedFile, Tables } from '#lib/ports/tables.ts';
import { createOnce } from '../../pointer.ts';
import { type DataFile, dataFile, type FileFigures } from './manifest.ts';
import { PARTITION_FIELD, type TableName, tableFolder } from './schema.ts';
import { monthOf } from './values.ts';

export function dataFiles(
  objects: ObjectStore,
  warehouse_prefix: string,
): Pick<Tables, 'stageCurves' | 'stageRows'> {
  const stage = async (
    table: TableName,
    asof_date: string,
    version: string,
    at: string,
    file: EncodedFile,
  ): Promise<StagedFile> => {
    const folder = `${tableFolder(warehouse_prefix, table)}/data/${PARTITION_FIELD}=${asof_date.slice(0, 7)}`;
    const key = `${folder}/${version}-${at.replace(/[-:.]/g, '')}.parquet`;
    await createOnce(objects, key, file.bytes);
    const entry: FileFigures = {
      month: monthOf(asof_date),
      columns: file.columns,
      split_offsets: file.split_offsets,
    };
    return { table, key, rows: file.rows, bytes: file.bytes.length, entry };
  };

  return {
    async stageCurves(table, version, ingest_ts) {
      const file = encodeCurveTable(table, { ingest_ts });
      return stage('market.curve_observation', table.asof_date, version, ingest_ts, file);
    },
    async stageRows(table, { version, at }, rows) {
      const [first] = rows;
      if (first === undefined) throw refusal('rows_empty', `${version} has no row for ${table}`);
      if (rows.some(({ asof_date }) => asof_date !== first.asof_date))
        throw refusal('rows_of_several_days', `The rows of ${version} for ${table} are of several days`);
      const file = encodeRows(FLAT_FIELDS[table] as readonly Field<never>[], rows);
      return stage(table, first.asof_date, version, at, file);
    },
  };
}

/** The staged file as a manifest names it; `root` is the location of key "". */
export function stagedDataFile(staged: StagedFile, root: string): DataFile {
  return dataFile(staged.table, {
    path: `${root}/${staged.key}`,
    rows: staged.rows,
    bytes: staged.bytes,
    figures: staged.entry as FileFigures,
  });
}
