/** Runs of the tenant's scenarios, the newest first. */
import { listRuns } from '#lib/flows/scenario-runs.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { scenarioRunListAnswer, scenarioRunListQuery } from '#schemas/scenario-run.ts';

export const trigger = http('GET', '/v1/scenarios/runs', {
  summary: 'Runs of scenarios, the newest first',
  permission: 'scenarios:read',
  query: scenarioRunListQuery,
  answer: scenarioRunListAnswer,
});

export const handler = onRequest(trigger, listRuns);
