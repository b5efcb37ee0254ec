/** What people decide on a correction of released curves. */
import { decideHotfix } from '#lib/flows/decide-hotfix.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { hotfixDecisionAnswer, hotfixDecisionRequest, hotfixParameters } from '#schemas/hotfix.ts';

export const trigger = http('POST', '/v1/releases/{version}/decisions', {
  summary: 'Approve or reject a correction that waits on its hotfix branch',
  permission: 'quarantine:decide',
  query: hotfixParameters,
  body: hotfixDecisionRequest,
  answer: hotfixDecisionAnswer,
});

export const handler = onRequest(trigger, decideHotfix);
