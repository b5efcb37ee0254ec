/** One scenario with its assumptions. */
import { showScenario } from '#lib/flows/scenarios.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { scenarioAnswer, scenarioPath } from '#schemas/scenario.ts';

export const trigger = http('GET', '/v1/scenarios/{id}', {
  summary: 'A scenario with its assumptions, the current or any version',
  permission: 'scenarios:read',
  query: scenarioPath,
  answer: scenarioAnswer,
});

export const handler = onRequest(trigger, showScenario);
