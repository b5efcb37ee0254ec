/** The tenant's PPA contracts. */
import { listContracts } from '#lib/flows/store-contract.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { ppaContractListAnswer, ppaContractListQuery } from '#schemas/ppa-routes.ts';

export const trigger = http('GET', '/v1/ppa/contracts', {
  summary: 'PPA contracts of the tenant, newest first',
  permission: 'ppa:read',
  query: ppaContractListQuery,
  answer: ppaContractListAnswer,
});

export const handler = onRequest(trigger, listContracts);
