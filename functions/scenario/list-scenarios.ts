/** The tenant's scenarios by name. */
import { listScenarios } from '#lib/flows/scenarios.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { scenarioListAnswer, scenarioListQuery } from '#schemas/scenario.ts';

export const trigger = http('GET', '/v1/scenarios', {
  summary: 'Scenarios by name, each with its current version',
  permission: 'scenarios:read',
  query: scenarioListQuery,
  answer: scenarioListAnswer,
});

export const handler = onRequest(trigger, listScenarios);
