/** The tenant's PPA valuations. */
import { listValuations } from '#lib/flows/query-valuations.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { ppaValuationListAnswer, ppaValuationListQuery } from '#schemas/ppa-routes.ts';

export const trigger = http('GET', '/v1/ppa/valuations', {
  summary: 'PPA valuations of the tenant, newest first',
  permission: 'ppa:read',
  query: ppaValuationListQuery,
  answer: ppaValuationListAnswer,
});

export const handler = onRequest(trigger, listValuations);
