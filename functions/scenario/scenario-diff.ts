/** Two runs compared, month by month. */
import { compareRuns } from '#lib/flows/scenario-outputs.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { scenarioDiffAnswer, scenarioDiffQuery } from '#schemas/scenario-run.ts';

export const trigger = http('GET', '/v1/scenarios/diff', {
  summary: 'Two runs or scenarios compared, month by month, with what each assumption adds',
  permission: 'scenarios:read',
  query: scenarioDiffQuery,
  answer: scenarioDiffAnswer,
});

export const handler = onRequest(trigger, compareRuns);
