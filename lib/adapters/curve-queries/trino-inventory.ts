/** What exists, counted by Trino: one aggregate over curves and tenors, one over days. Knows nothing of files. */
import type { Series } from '#lib/domain/curve.ts';
import type { CurveInventory, InventoryQuery } from '#lib/ports/curve-queries.ts';
import { PRICE_TYPES, type PriceType, type TenorType } from '#schemas/curve-observation.ts';
import { addSpan, inventoryTally } from './inventory-tally.ts';
import { raw, type Sql, sql, type TrinoRow, type TrinoSql } from './trino-sql.ts';

const WRITTEN = [
  'asset_class',
  'iso',
  'region',
  'location',
  'market',
  'product',
  'block',
  'spark_location',
  'units_raw',
  'currency',
  'per_unit',
] as const;

/** @param rows the rows in question as a subquery, with their `vendor`. */
export async function trinoInventory(
  trino: TrinoSql,
  rows: Sql,
  accept: InventoryQuery['accept'] = () => true,
): Promise<CurveInventory> {
  const written = raw(WRITTEN.map((column) => `arbitrary(${column})`).join(', '));
  const spans = sql`SELECT curve_key, vendor, tenor_type, price_type, min(contract_month), max(contract_month), count(*),
    ${written} FROM ${rows} GROUP BY curve_key, vendor, tenor_type, price_type ORDER BY curve_key, vendor`;
  const days = sql`SELECT curve_key, vendor, asof_date, count(*) FROM ${rows} GROUP BY curve_key, vendor, asof_date`;
  const found = inventoryTally();
  for (const row of await trino.query(spans)) {
    const [curve_key, vendor, tenor_type, price_type, first_month, last_month, count, ...parts] = row;
    const series = seriesOf(curve_key as string, parts);
    if (!accept(series, vendor as string)) continue;
    const curve = found.curve(series, vendor as string);
    curve.sides[PRICE_TYPES.indexOf(price_type as PriceType) as 0] += count as number;
    addSpan(curve.spans, {
      tenor_type: tenor_type as TenorType,
      first_month: first_month as string,
      last_month: last_month as string,
      rows: count as number,
    });
  }
  for (const [curve_key, vendor, asof_date, count] of await trino.query(days)) {
    const curve = found.known(curve_key as string, vendor as string);
    if (curve !== undefined) found.addDay(curve, asof_date as string, count as number);
  }
  return found.result();
}

function seriesOf(curve_key: string, parts: TrinoRow): Series {
  return { ...Object.fromEntries(WRITTEN.map((column, at) => [column, parts[at]])), curve_key } as Series;
}
