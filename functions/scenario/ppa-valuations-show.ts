/** One PPA valuation with all it is a function of. */
import { showValuation } from '#lib/flows/query-valuations.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { ppaShowAnswer, ppaValuationPath } from '#schemas/ppa-routes.ts';

export const trigger = http('GET', '/v1/ppa/valuations/{hash}', {
  summary: 'One PPA valuation, with all it is a function of',
  permission: 'ppa:read',
  query: ppaValuationPath,
  answer: ppaShowAnswer,
});

export const handler = onRequest(trigger, showValuation);
