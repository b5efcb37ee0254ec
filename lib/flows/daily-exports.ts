/**
 * The newest market day for everybody: the house, and each tenant that is entitled to something. One tenant's trouble is not
 * another's; what was there already stays as it is.
 */
import { type Caller, HOUSE_TENANT } from '#lib/domain/access.ts';
import { AurumError } from '#lib/domain/errors.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { type ExportPorts, exportCurves } from './export-curves.ts';
import { listTenants } from './tenants.ts';

export interface DailyExportPorts extends ExportPorts {
  readonly sql: Sql;
}

export interface DailyExport {
  readonly tenant: string;
  /** `nothing`: no released row of the day is the tenant's. */
  readonly outcome: 'written' | 'already' | 'nothing';
  readonly rows: number;
}

/** @throws the first failure, once all others have what is theirs */
export async function exportNewestDay(ports: DailyExportPorts): Promise<readonly DailyExport[]> {
  const asof = (await ports.tables.releases('main')).reduce(
    (newest, { asof_date }) => (asof_date > newest ? asof_date : newest),
    '',
  );
  if (asof === '') return [];
  const done: DailyExport[] = [];
  const failures: unknown[] = [];
  for (const owner of await owners(ports.sql)) {
    try {
      done.push(await exportDay(asof, ports, owner));
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return done;
}

type Owner = Pick<Caller, 'tenant' | 'entitlements'>;

async function owners(sql: Sql): Promise<readonly Owner[]> {
  const { data } = await listTenants({}, { sql });
  const entitled = data.filter(({ entitlements }) => entitlements.length > 0);
  return [
    { tenant: HOUSE_TENANT, entitlements: 'all' },
    ...entitled.map(({ id, entitlements }) => ({ tenant: id, entitlements })),
  ];
}

async function exportDay(asof: string, ports: DailyExportPorts, owner: Owner): Promise<DailyExport> {
  const { tenant } = owner;
  try {
    const { meta, data } = await exportCurves({ asof, format: 'parquet' }, ports, owner);
    return { tenant, outcome: meta.outcome, rows: data.rows };
  } catch (error) {
    if (!(error instanceof AurumError && error.code === 'rows_not_found')) throw error;
    return { tenant, outcome: 'nothing', rows: 0 };
  }
}
