/**
 * Tenants and their entitlements: registered, listed, replaced, each change in one transaction with its event of the audit
 * trail. Who may do so the route says.
 */
import { type Caller, type Entitlement, HOUSE_TENANT } from '#lib/domain/access.ts';
import { normalisedIdentityPart } from '#lib/domain/curve.ts';
import { refusal } from '#lib/domain/errors.ts';
import type { VendorAdapter } from '#lib/domain/vendor.ts';
import type { Sql, SqlTransaction } from '#lib/ports/sql.ts';
import type {
  EntitlementsRequest,
  Tenant,
  TenantAnswer,
  TenantListAnswer,
  TenantRequest,
} from '#schemas/tenant.ts';
import type { RecordWithin } from './audit.ts';

export interface TenantPorts {
  readonly sql: Sql;
  readonly vendors: readonly Pick<VendorAdapter, 'vendor'>[];
  /** Left out where no trail is kept. */
  readonly recordWithin?: RecordWithin<TenantAnswer>;
}

/** All of them, by id. */
export async function listTenants(_: object, { sql }: Pick<TenantPorts, 'sql'>): Promise<TenantListAnswer> {
  const data = await sql.transaction('aurum_admin', (tx) => tenants(tx));
  return { meta: { count: data.length }, data };
}

/** A tenant sees nothing until it is entitled to something. @throws AurumError `tenant_conflict`, `tenant_reserved` */
export async function registerTenant(
  { body: { id, name } }: { readonly body: TenantRequest },
  { sql, recordWithin }: Pick<TenantPorts, 'sql' | 'recordWithin'>,
): Promise<TenantAnswer> {
  requireOfOthers(id);
  return sql.transaction('aurum_admin', async (tx) => {
    const added = await tx.query(
      'INSERT INTO tenant (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id',
      [id, name],
    );
    const data = await tenantOf(tx, id);
    if (data.name !== name) {
      throw refusal('tenant_conflict', `tenant ${id} is registered under another name`, {
        field: 'name',
        remedy: 'Take another id, or the name it has: GET /v1/tenants lists them.',
      });
    }
    const outcome = added.length === 0 ? 'already' : 'registered';
    await recordWithin?.({ meta: { outcome }, data }, tx);
    return { meta: { outcome }, data };
  });
}

/** Replaces the whole list. @throws AurumError `tenant_not_found`, `vendor_unknown` */
export async function entitleTenant(
  { id, body: { entitlements } }: { readonly id: string; readonly body: EntitlementsRequest },
  { sql, vendors, recordWithin }: TenantPorts,
): Promise<TenantAnswer> {
  requireOfOthers(id);
  const wanted = entitlements.map(normalised);
  requireVendors(wanted, vendors);
  return sql.transaction('aurum_admin', async (tx) => {
    // Two replacements at once follow one another.
    await tx.query('SELECT id FROM tenant WHERE id = $1 FOR UPDATE', [id]);
    await tenantOf(tx, id);
    await tx.query('DELETE FROM entitlement WHERE tenant_id = $1', [id]);
    const column = (name: keyof Entitlement) => wanted.map((one) => one[name]);
    await tx.query(
      `INSERT INTO entitlement (tenant_id, vendor, asset_class, region)
       SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING`,
      [id, column('vendor'), column('asset_class'), column('region')],
    );
    const answer: TenantAnswer = { meta: { outcome: 'entitled' }, data: await tenantOf(tx, id) };
    await recordWithin?.(answer, tx);
    return answer;
  });
}

/** Of the caller's tenant, as row-level security shows it; undefined for one that is not registered. */
export function entitlementsOf(
  sql: Sql,
  tenant: Caller['tenant'],
): Promise<readonly Entitlement[] | undefined> {
  return sql.transaction(
    'aurum_api',
    async (tx) => {
      const [registered] = await tx.query('SELECT id FROM tenant');
      if (registered === undefined) return undefined;
      return tx.query<Tenant['entitlements'][number]>(
        'SELECT vendor, asset_class, region FROM entitlement ORDER BY vendor, asset_class, region',
      );
    },
    tenant,
  );
}

async function tenants(tx: SqlTransaction, id?: string): Promise<Tenant[]> {
  return [
    ...(await tx.query<Tenant>(
      `SELECT id, name, created_at, coalesce((
         SELECT jsonb_agg(jsonb_build_object('vendor', vendor, 'asset_class', asset_class, 'region', region)
           ORDER BY vendor, asset_class, region)
         FROM entitlement WHERE tenant_id = tenant.id), '[]') AS entitlements
       FROM tenant WHERE id <> $1 AND id = coalesce($2, id) ORDER BY id`,
      [HOUSE_TENANT, id ?? null],
    )),
  ];
}

async function tenantOf(tx: SqlTransaction, id: string): Promise<Tenant> {
  const [found] = await tenants(tx, id);
  if (found !== undefined) return found;
  throw refusal('tenant_not_found', `there is no tenant ${id}`, {
    field: 'id',
    remedy: 'Register it first: POST /v1/tenants, or `aurum tenant add`.',
  });
}

const normalised = ({ vendor, asset_class, region }: Entitlement): Entitlement => ({
  vendor: folded(vendor),
  asset_class: folded(asset_class),
  region: folded(region),
});
const folded = (part: string | null) => (part === null ? null : normalisedIdentityPart(part));

function requireOfOthers(id: string): void {
  if (id !== HOUSE_TENANT) return;
  throw refusal('tenant_reserved', `${HOUSE_TENANT} is where staff keeps what is its own; it sees all`, {
    field: 'id',
    remedy: 'Take another id.',
  });
}

/** A vendor misspelt would entitle to nothing without a word. */
function requireVendors(entitlements: readonly Entitlement[], vendors: TenantPorts['vendors']): void {
  const known = vendors.map(({ vendor }) => vendor);
  const at = entitlements.findIndex(({ vendor }) => vendor !== null && !known.includes(vendor));
  if (at < 0) return;
  throw refusal('vendor_unknown', `there is no vendor "${entitlements[at]!.vendor}"`, {
    field: `entitlements.${at}.vendor`,
    remedy: `Vendors: ${known.join(', ')}; null for any.`,
  });
}
