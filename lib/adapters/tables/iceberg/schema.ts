/**
 * The tables in Iceberg's terms: schema with field ids, partition by month of the market day, sort order. Knows
 * nothing of files or snapshots.
 */
import { CURVE_FIELDS, CURVE_SORT, type Field, FLAT_FIELDS } from '#lib/parquet/fields.ts';
import type { StagedFile } from '#lib/ports/tables.ts';

export type TableName = StagedFile['table'];

export const PARTITION_FIELD = 'asof_date_month';
const PARTITION_FIELD_ID = 1000;

const FIELDS: Readonly<Record<TableName, readonly Field[]>> = {
  'market.curve_observation': CURVE_FIELDS,
  ...FLAT_FIELDS,
};

export const TABLE_NAMES = Object.keys(FIELDS) as readonly TableName[];

export function fieldsOf(table: TableName): readonly Field[] {
  return FIELDS[table];
}

const sortOf = (table: TableName): readonly string[] =>
  table === 'market.curve_observation' ? CURVE_SORT : [];

/** `curated/iceberg/market/curve_observation` */
export function tableFolder(warehouse_prefix: string, table: TableName): string {
  return `${warehouse_prefix}/${table.replace('.', '/')}`;
}

/** The parts of a table's metadata that say how it is laid out. */
export function layoutOf(table: TableName) {
  const fields = fieldsOf(table);
  return {
    'last-column-id': Math.max(...fields.map((field) => field.id)),
    'current-schema-id': 0,
    schemas: [schemaOf(table)],
    'default-spec-id': 0,
    'partition-specs': [{ 'spec-id': 0, fields: partitionFields(table) }],
    'last-partition-id': PARTITION_FIELD_ID,
    'default-sort-order-id': sortOrderId(table),
    'sort-orders': sortOrders(table),
  };
}

export function schemaOf(table: TableName) {
  const fields = fieldsOf(table).map(({ id, name, type, required }) => ({ id, name, required, type }));
  return { type: 'struct', 'schema-id': 0, fields };
}

export function partitionFields(table: TableName) {
  const source = fieldId(table, 'asof_date');
  return [{ 'source-id': source, 'field-id': PARTITION_FIELD_ID, transform: 'month', name: PARTITION_FIELD }];
}

/** Order 0 is "unsorted" by the specification. */
export function sortOrderId(table: TableName): number {
  return sortOf(table).length === 0 ? 0 : 1;
}

function sortOrders(table: TableName) {
  const sort = sortOf(table);
  if (sort.length === 0) return [{ 'order-id': 0, fields: [] }];
  const fields = sort.map((name) => ({
    transform: 'identity',
    'source-id': fieldId(table, name),
    direction: 'asc',
    'null-order': 'nulls-first',
  }));
  return [{ 'order-id': 1, fields }];
}

function fieldId(table: TableName, name: string): number {
  return fieldsOf(table).find((field) => field.name === name)!.id;
}
