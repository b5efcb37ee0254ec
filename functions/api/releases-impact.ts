/** What a correction changes, and whom it touches. */
import { showImpact } from '#lib/flows/decide-hotfix.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { hotfixParameters, impactAnswer } from '#schemas/hotfix.ts';

export const trigger = http('GET', '/v1/releases/{version}/impact', {
  summary:
    'What a correction changes: rows, strips, and the runs, valuations and exports made from what it replaces',
  permission: 'ingest:read',
  query: hotfixParameters,
  answer: impactAnswer,
});

export const handler = onRequest(trigger, showImpact);
