/**
 * What a tenant is, told us and asked for, kept in the bucket beside the operational database: rows as that has them, after
 * each decision and before it is told. Nothing reads them while the database is there; `aurum rebuild` does when it is not.
 */
import { z } from 'zod';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { toJson } from './json-objects.ts';
import { numbered } from './stage-keys.ts';

export interface KeptPorts {
  readonly sql: Sql;
  readonly objects: ObjectStore;
}

export const RECORD_KINDS = ['tenant', 'scenario', 'contract', 'run', 'valuation'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];
/** A valuation is kept as it was published. */
type KeptKind = Exclude<RecordKind, 'valuation'>;

const row = z.record(z.string().regex(/^[a-z_]+$/), z.json());
/** Rows by table. */
export const tenantRecord = z.strictObject({
  tenant: z.array(row).optional(),
  entitlement: z.array(row).optional(),
  scenario: z.array(row).optional(),
  assumption: z.array(row).optional(),
  ppa_contract: z.array(row).optional(),
  model_run: z.array(row).optional(),
});
export type TenantRecord = z.infer<typeof tenantRecord>;
export type KeptRow = z.infer<typeof row>;

export const RECORDS = 'records/';
/** Of a thing that changes, each state has a name of its own, in the order of the states. */
export const recordKey = (tenant: string, kind: RecordKind, name: string) =>
  `${RECORDS}${tenant}/${kind}/${name}.json`;

export function parseRecordKey(key: string): { tenant: string; kind: RecordKind; name: string } | undefined {
  const [tenant, kind, name, ...deeper] = key.slice(RECORDS.length, -'.json'.length).split('/');
  const known = RECORD_KINDS.find((one) => one === kind);
  if (tenant === undefined || known === undefined || name === undefined || deeper.length > 0)
    return undefined;
  return { tenant, kind: known, name };
}

interface Kept {
  /** The rows of the thing in each table; that of the first table is the thing itself. */
  readonly tables: Readonly<Partial<Record<keyof TenantRecord, string>>>;
  readonly name: (row: KeptRow) => string;
}

const KEPT: Readonly<Record<KeptKind, Kept>> = {
  tenant: { tables: { tenant: 'id = $1', entitlement: 'tenant_id = $1' }, name: ({ id }) => String(id) },
  scenario: {
    tables: { scenario: 'id = $1::uuid', assumption: 'scenario_id = $1::uuid' },
    name: ({ id, version }) => `${id}.${numbered(Number(version))}`,
  },
  contract: { tables: { ppa_contract: 'id = $1::uuid' }, name: ({ id }) => String(id) },
  run: {
    tables: { model_run: 'id = $1::uuid' },
    name: ({ id, attempt }) => `${id}.${numbered(Number(attempt))}`,
  },
};

/** Which thing a decision is about that no workbook and no topic holds. */
export const DECIDED: Readonly<Record<string, KeptKind>> = {
  'tenant.register': 'tenant',
  'tenant.entitle': 'tenant',
  'scenario.save': 'scenario',
  'scenario.run': 'run',
  'scenario.cancel': 'run',
  'ppa.contract': 'contract',
};

/** Keeps what a decision made, when it is of a tenant's own. */
export async function keepDecided(
  action: string,
  id: string,
  tenant: string,
  ports: KeptPorts,
): Promise<void> {
  const kind = DECIDED[action];
  if (kind !== undefined) await keepRecord(kind, id, kind === 'tenant' ? id : tenant, ports);
}

/** Keeps the thing as the database has it; read again afterwards, since who decided at the same moment keeps it, too. */
export async function keepRecord(
  kind: KeptKind,
  id: string,
  tenant: string,
  ports: KeptPorts,
): Promise<void> {
  for (let kept = ''; ; ) {
    const found = await rowsOf(kind, id, tenant, ports.sql);
    const [thing] = found[Object.keys(KEPT[kind].tables)[0] as keyof TenantRecord] ?? [];
    const body = toJson(found);
    if (thing === undefined || body === kept) return;
    // A run that ended meanwhile is kept by whoever ended it.
    const isUnderWay = thing.state === 'queued' || thing.state === 'running';
    const key = recordKey(tenant, kind, KEPT[kind].name(thing));
    await ports.objects.put(key, body, {
      ...(isUnderWay ? { expect: 'absent' } : {}),
      contentType: 'application/json',
    });
    kept = body;
  }
}

/** In one statement, so that the rows belong together; but for how often a run was begun, which is no part of it. */
async function rowsOf(kind: KeptKind, id: string, tenant: string, sql: Sql): Promise<TenantRecord> {
  const columns = Object.entries(KEPT[kind].tables).map(
    ([table, of_thing]) =>
      `(SELECT coalesce(jsonb_agg(to_jsonb(t) - 'tries' ORDER BY to_jsonb(t)), '[]') FROM ${table} t WHERE ${of_thing})
       AS ${table}`,
  );
  const read = `SELECT ${columns.join(', ')}`;
  const rows = await sql.transaction('aurum_api', (tx) => tx.query<Found>(read, [id]), tenant);
  return rows[0]!;
}

type Found = TenantRecord & Record<string, unknown>;
