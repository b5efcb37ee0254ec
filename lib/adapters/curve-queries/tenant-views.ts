/**
 * The views through which a tenant's own SQL sees released curves: the statements that make them, made again whenever its
 * entitlements change. A view reads with the rights of who made it, so a tenant needs none on the tables.
 */
import { type Caller, rightsTo } from '#lib/domain/access.ts';
import { covered } from './trino-identity.ts';
import { inlined, joined, raw, type Sql, sql } from './trino-sql.ts';

export interface TenantViewsOptions {
  /** Catalog of the tables, whose schema is `market`. */
  readonly catalog: string;
  /** Location of the object with key "", `s3://aurum`. */
  readonly location_root: string;
  /** All there are: a view names what it shows, so a vendor that is new shows with the next making. */
  readonly vendors: readonly string[];
}

/** Ids of tenants have no `_`, so no two of them share a schema. */
const tenantSchema = (tenant: string): string => `tenant_${tenant.replaceAll('-', '_')}`;

export function tenantViews(
  tenant: string,
  entitlements: Exclude<Caller['entitlements'], 'all'>,
  { catalog, location_root, vendors }: TenantViewsOptions,
): readonly string[] {
  const schema = tenantSchema(tenant);
  const place = `${catalog}.${schema}`;
  const market = `${catalog}.market`;
  const shown = vendors
    .map((vendor) => ({ vendor, rights: rightsTo({ entitlements }, vendor) }))
    .filter(({ rights }) => rights === 'all' || rights.length > 0);
  const ofVendor = ({ vendor, rights }: (typeof shown)[number]): Sql =>
    rights === 'all' ? sql`r.vendor = ${vendor}` : sql`(r.vendor = ${vendor} AND ${covered(rights)})`;
  // A join on the bare `$path` fails in Trino 476: it pushes the keys of the other side into the scan, which refuses them.
  const releases = anyOf(shown.map(({ vendor }) => sql`r.vendor = ${vendor}`));
  const rows = anyOf(shown.map(ofVendor));
  return [
    sql`CREATE SCHEMA IF NOT EXISTS ${raw(place)} WITH (location = ${`${location_root}/curated/iceberg/${schema}`})`,
    sql`CREATE OR REPLACE VIEW ${raw(place)}.curve_release SECURITY DEFINER AS
SELECT r.* FROM ${raw(market)}.curve_release r
WHERE ${releases}`,
    sql`CREATE OR REPLACE VIEW ${raw(place)}.curve_observation SECURITY DEFINER AS
SELECT r.vendor, r.version, r.known_at, o.*
FROM ${raw(market)}.curve_observation o
JOIN ${raw(market)}.curve_release r ON substr(o."$path", ${location_root.length + 2}) = r.data_file
WHERE ${rows}`,
  ].map(inlined);
}

const anyOf = (conditions: readonly Sql[]): Sql =>
  conditions.length === 0 ? raw('false') : joined(conditions, '\n  OR ');
