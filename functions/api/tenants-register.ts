/** A new tenant. */
import { audited } from '#lib/flows/audit.ts';
import { registerTenant } from '#lib/flows/tenants.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';
import { tenantAnswer, tenantRequest } from '#schemas/tenant.ts';

export const trigger = http('POST', '/v1/tenants', {
  summary: 'Register a tenant; it sees nothing until it is entitled to something',
  permission: 'tenants:write',
  query: emptyQuery,
  body: tenantRequest,
  answer: tenantAnswer,
  status: 201,
});

export const handler = onRequest(
  trigger,
  audited(registerTenant, ({ data: { id, name } }) => ({
    action: 'tenant.register',
    object: id,
    details: { name },
    event_id: `tenant/${id}`,
  })),
);
