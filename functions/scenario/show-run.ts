/** Where a run stands, and why it failed. */
import { showRun } from '#lib/flows/scenario-runs.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { runPath, scenarioRunAnswer } from '#schemas/scenario-run.ts';

export const trigger = http('GET', '/v1/scenarios/runs/{run_id}', {
  summary: 'Where a run stands, and why it failed',
  permission: 'scenarios:read',
  query: runPath,
  answer: scenarioRunAnswer,
});

export const handler = onRequest(trigger, showRun);
