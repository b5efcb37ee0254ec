/**
 * Who may do what: roles, the one table of permissions, and which curves a tenant has bought. Knows neither tokens nor
 * HTTP; the hosts make a `Caller` of a token, the flows ask this module.
 */
import { normalisedIdentityPart } from './curve.ts';

export const ROLES = ['admin', 'ops', 'analyst', 'tenant'] as const;
export type Role = (typeof ROLES)[number];

/**
 * The table: what each role may do. `tenant` is every member of a `tenant-<id>` group, who sees the curves the tenant is
 * entitled to and the tenant's own scenarios, contracts and exports.
 */
export const PERMISSIONS = {
  'curves:read': ['admin', 'ops', 'analyst', 'tenant'],
  'ingest:read': ['admin', 'ops', 'analyst'],
  'ingest:write': ['admin', 'ops'],
  'quarantine:decide': ['admin', 'ops'],
  'audit:read': ['admin', 'ops'],
  'exports:read': ['admin', 'ops', 'analyst', 'tenant'],
  'exports:write': ['admin', 'ops', 'analyst', 'tenant'],
  'scenarios:read': ['admin', 'analyst', 'tenant'],
  'scenarios:write': ['admin', 'analyst', 'tenant'],
  'ppa:read': ['admin', 'analyst', 'tenant'],
  'ppa:write': ['admin', 'analyst', 'tenant'],
  'tenants:read': ['admin'],
  'tenants:write': ['admin'],
} as const satisfies Readonly<Record<string, readonly Role[]>>;
export type Permission = keyof typeof PERMISSIONS;

/** Curves of one vendor, asset class and region; null stands for any. */
export interface Entitlement {
  readonly vendor: string | null;
  readonly asset_class: string | null;
  readonly region: string | null;
}

/** Staff that belongs to no tenant keeps its scenarios and contracts here. */
export const HOUSE_TENANT = 'house';

/** Who asks. */
export interface Caller {
  /** The `sub` of the token. */
  readonly subject: string;
  readonly roles: readonly Role[];
  /** Whose scenarios, contracts and exports are seen and written. */
  readonly tenant: string;
  readonly entitlements: readonly Entitlement[] | 'all';
}

/** Whether one of the caller's roles has the permission. Belonging to a tenant narrows what any other role gives. */
export function mayDo({ roles }: Pick<Caller, 'roles'>, permission: Permission): boolean {
  const allowed: readonly Role[] = PERMISSIONS[permission];
  if (roles.includes('tenant')) return allowed.includes('tenant');
  return roles.some((role) => allowed.includes(role));
}

/** A curve as entitlements speak of it, its text compared as the curve key compares it. */
interface OfferedCurve {
  readonly vendor: string;
  readonly asset_class: string;
  readonly region: string | null;
}

/** What of a vendor's curves may be seen: those of these asset classes and regions, normalised; null stands for any. */
export type CurveRight = Pick<Entitlement, 'asset_class' | 'region'>;

/** @returns `all`, or rights any one of which suffices; none of them when nothing of the vendor may be seen. */
export function rightsTo(
  { entitlements }: Pick<Caller, 'entitlements'>,
  vendor: string,
): 'all' | readonly CurveRight[] {
  if (entitlements === 'all') return 'all';
  const rights = entitlements
    .filter((one) => one.vendor === null || sameText(one.vendor, vendor))
    .map(({ asset_class, region }) => ({ asset_class: folded(asset_class), region: folded(region) }));
  return rights.some(({ asset_class, region }) => asset_class === null && region === null) ? 'all' : rights;
}

const folded = (part: string | null) => (part === null ? null : normalisedIdentityPart(part));
const sameText = (a: string, b: string) => normalisedIdentityPart(a) === normalisedIdentityPart(b);

/** Whether one of the rights covers a curve whose text is normalised. */
export function covers(
  rights: 'all' | readonly CurveRight[],
  curve: { readonly asset_class: string; readonly region: string },
): boolean {
  if (rights === 'all') return true;
  return rights.some(
    ({ asset_class, region }) =>
      (asset_class === null || asset_class === curve.asset_class) &&
      (region === null || region === curve.region),
  );
}

/** Whether the caller may see curves of this vendor, asset class and region. */
export function isEntitled(caller: Pick<Caller, 'entitlements'>, curve: OfferedCurve): boolean {
  return covers(rightsTo(caller, curve.vendor), {
    asset_class: normalisedIdentityPart(curve.asset_class),
    region: normalisedIdentityPart(curve.region),
  });
}

/** Whether any curve of the vendor may be shown: what is said of a whole workbook needs no more. */
export function seesVendor(caller: Pick<Caller, 'entitlements'>, vendor: string): boolean {
  const rights = rightsTo(caller, vendor);
  return rights === 'all' || rights.length > 0;
}
