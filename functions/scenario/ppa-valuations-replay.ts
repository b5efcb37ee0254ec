/** A stored PPA valuation made again. */
import { replayValuation } from '#lib/flows/replay-valuation.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { ppaReplayAnswer, ppaValuationPath } from '#schemas/ppa-routes.ts';

export const trigger = http('GET', '/v1/ppa/valuations/{hash}/replay', {
  summary: 'Make a stored PPA valuation again from its inputs: the same bytes, or where they differ',
  permission: 'ppa:read',
  query: ppaValuationPath,
  answer: ppaReplayAnswer,
});

export const handler = onRequest(trigger, replayValuation);
