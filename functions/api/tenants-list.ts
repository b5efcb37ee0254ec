/** Tenants with their entitlements. */
import { listTenants } from '#lib/flows/tenants.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';
import { tenantListAnswer } from '#schemas/tenant.ts';

export const trigger = http('GET', '/v1/tenants', {
  summary: 'Tenants with the curves each is entitled to',
  permission: 'tenants:read',
  query: emptyQuery,
  answer: tenantListAnswer,
});

export const handler = onRequest(trigger, listTenants);
