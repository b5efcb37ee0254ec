/** One PPA contract with its terms. */
import { showContract } from '#lib/flows/store-contract.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { ppaContractAnswer, ppaContractPath } from '#schemas/ppa-routes.ts';

export const trigger = http('GET', '/v1/ppa/contracts/{id}', {
  summary: 'One PPA contract with its terms',
  permission: 'ppa:read',
  query: ppaContractPath,
  answer: ppaContractAnswer,
});

export const handler = onRequest(trigger, showContract);
