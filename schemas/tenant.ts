/** Tenants and the curves each is entitled to, as the routes take and give them. */
import { z } from 'zod';
import { utcTimestamp } from './curve-observation.ts';
import { listMeta } from './page.ts';

/** Also part of object keys. */
export const tenantId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be a tenant id: a-z, 0-9 and -');

const MAX_TEXT = 200;
const MAX_ENTITLEMENTS = 1_000;

/** Text without control characters, of which no store takes all. */
export const textLine = z
  .string()
  .min(1)
  .max(MAX_TEXT)
  .regex(
    /^[!-~\u00a1-\uffff][ -~\u00a0-\uffff]*$/,
    'must be text on one line that does not begin with a blank',
  );

/** One of a tenant's entitlements: text compares as the curve key does, null stands for any. */
const part = textLine.nullable();
export const entitlement = z.strictObject({
  vendor: part.describe('Vendor of the workbooks, null for any'),
  asset_class: part.describe('Asset class, null for any'),
  region: part.describe('Region as the curves have it, null for any'),
});

export const tenant = z.object({
  id: tenantId.describe('Its members are in the group `tenant-{id}` of the identity provider'),
  name: z.string(),
  created_at: utcTimestamp,
  entitlements: z.array(entitlement),
});
export type Tenant = z.infer<typeof tenant>;

export const tenantListAnswer = z.object({
  meta: listMeta,
  data: z.array(tenant),
});
export type TenantListAnswer = z.infer<typeof tenantListAnswer>;

const entitlementList = z
  .array(entitlement)
  .max(MAX_ENTITLEMENTS)
  .describe('Curves its members may see: those that any one of these covers');

export const tenantRequest = z.strictObject({
  id: tenantId,
  name: textLine,
});
export type TenantRequest = z.infer<typeof tenantRequest>;

export const entitlementsQuery = z.strictObject({ id: tenantId.describe('Id of the tenant') });
export const entitlementsRequest = z.strictObject({ entitlements: entitlementList });
export type EntitlementsRequest = z.infer<typeof entitlementsRequest>;

export const tenantAnswer = z.object({
  meta: z.object({ outcome: z.enum(['registered', 'already', 'entitled']) }),
  data: tenant,
});
export type TenantAnswer = z.infer<typeof tenantAnswer>;
