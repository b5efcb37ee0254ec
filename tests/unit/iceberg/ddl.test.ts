/** What Trino would create must be what our files carry: names, types, nullability, order, partition, sort. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fieldsOf, layoutOf, TABLE_NAMES } from '#lib/adapters/tables/iceberg/schema.ts';
import { CURVE_SORT } from '#lib/parquet/fields.ts';

const DDL = readFileSync(new URL('../../../ddl/iceberg/market.sql', import.meta.url), 'utf8');

const TRINO_TYPES = {
  string: 'VARCHAR',
  date: 'DATE',
  double: 'DOUBLE',
  timestamptz: 'TIMESTAMP(6) WITH TIME ZONE',
  long: 'BIGINT',
  boolean: 'BOOLEAN',
} as const;

function statement(table: string): { columns: string[]; properties: string } {
  const found = new RegExp(
    `CREATE TABLE IF NOT EXISTS iceberg\\.${table} \\(\\n(.*?)\\n\\)\\nWITH \\((.*?)\\n\\);`,
    's',
  ).exec(DDL);
  return { columns: found![1]!.split(',\n').map((column) => column.trim()), properties: found![2]! };
}

describe('ddl/iceberg/market.sql', () => {
  test.each(TABLE_NAMES)('%s has the columns our files carry', (table) => {
    const { columns, properties } = statement(table);
    const ours = fieldsOf(table).map(
      ({ name, type, required }) =>
        `${name === 'column' ? '"column"' : name} ${TRINO_TYPES[type]}${required ? ' NOT NULL' : ''}`,
    );
    expect(columns).toEqual(ours);
    // Trino numbers columns from 1 in their order.
    expect(fieldsOf(table).map(({ id }) => id)).toEqual(columns.map((_, index) => index + 1));
    expect(properties).toContain("partitioning = ARRAY['month(asof_date)']");
    expect(properties).toContain(`location = 's3://aurum/curated/iceberg/${table.replace('.', '/')}'`);
  });

  test('no other table is created, and the sort order is the one of the files', () => {
    expect(DDL.match(/CREATE TABLE/g)).toHaveLength(TABLE_NAMES.length);
    const sorted = `sorted_by = ARRAY[${CURVE_SORT.map((name) => `'${name}'`).join(', ')}]`;
    expect(statement('market.curve_observation').properties).toContain(sorted);
    const names = new Map(fieldsOf('market.curve_observation').map(({ id, name }) => [id, name]));
    const [order] = layoutOf('market.curve_observation')['sort-orders'];
    expect(order!.fields.map((field) => names.get(field['source-id']))).toEqual([...CURVE_SORT]);
  });
});
