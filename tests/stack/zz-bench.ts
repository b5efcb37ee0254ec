import { bucketThere, clearCorners, corner, trinoOn } from './lake-services.ts';
import { commitTable } from './released-tables.ts';
import { curveTable, seriesOf } from '../../tests/unit/parquet/curve-tables.ts';
import { trinoCurveQueries } from '../../lib/adapters/curve-queries/trino.ts';
import { raw, trinoSql } from '../../lib/adapters/curve-queries/trino-sql.ts';
const lake = corner(); const tables = lake.open(); const trino = await trinoOn(lake);
const q = trinoCurveQueries({ ...trino.options, location_root: lake.location_root });
const sqlx = trinoSql(trino.options);
const ms = async (name: string, f: () => Promise<unknown>) => { const t = performance.now(); const r = await f(); console.log(name, (performance.now() - t).toFixed(0), 'ms', r); };
const releases = [];
for (let d = 1; d <= 12; d++) {
  const asof_date = `2025-09-${String(d).padStart(2, '0')}`;
  const table = curveTable({ asof_date, curves: 200, tenors: 140, seed: d, source_file: `EOD_RP_${asof_date}.xlsx` });
  await ms(`commit ${table.length}`, async () => { const r = await commitTable(tables, table, `${asof_date}T21:30:00.123Z`); releases.push(r); });
}
const slice = (p: object) => q.slice({ releases, latest: false, filter: {}, limit: 1000, ...p }).then((r) => r.length);
const one = { curve_key: seriesOf(7).curve_key };
await ms('raw select 1', () => sqlx.query(raw('select 1')));
await ms('raw select 1', () => sqlx.query(raw('select 1')));
await ms('raw count', () => sqlx.query(raw('select count(*) from curve_observation')));
await ms('raw count', () => sqlx.query(raw('select count(*) from curve_observation')));
for (let i = 0; i < 5; i++) await ms('slice one curve, one day', () => slice({ releases: releases.slice(-1), filter: one }));
for (let i = 0; i < 3; i++) await ms('slice one curve, 12 days latest', () => slice({ latest: true, filter: one }));
for (let i = 0; i < 3; i++) await ms('slice iso PJM latest', () => slice({ latest: true, filter: { iso: 'pjm' }, limit: 10000 }));
for (let i = 0; i < 2; i++) await ms('whole day', () => slice({ releases: releases.slice(-1), limit: 100000 }));
const asof_date = '2025-09-20';
const table = curveTable({ asof_date, curves: 200, tenors: 140, seed: 99, source_file: `EOD_RP_${asof_date}.xlsx` });
await ms('release and first slice', async () => { const r = await commitTable(tables, table, `${asof_date}T21:30:00.123Z`); releases.push(r); return slice({ releases: [r], filter: one }); });
await trino.close(); await clearCorners();
