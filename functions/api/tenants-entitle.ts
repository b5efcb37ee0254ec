/** What a tenant may see. */
import { audited } from '#lib/flows/audit.ts';
import { entitleTenant } from '#lib/flows/tenants.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { entitlementsQuery, entitlementsRequest, tenantAnswer } from '#schemas/tenant.ts';

export const trigger = http('POST', '/v1/tenants/{id}/entitlements', {
  summary: 'Replace what a tenant is entitled to',
  permission: 'tenants:write',
  query: entitlementsQuery,
  body: entitlementsRequest,
  answer: tenantAnswer,
});

export const handler = onRequest(
  trigger,
  audited(entitleTenant, ({ data: { id, entitlements } }) => ({
    action: 'tenant.entitle',
    object: id,
    details: { entitlements },
  })),
);
