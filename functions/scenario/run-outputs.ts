/** The curves a run came to: base, scenario, bands and each assumption's share. */
import { runOutputs } from '#lib/flows/scenario-outputs.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { scenarioOutput, scenarioOutputQuery } from '#schemas/scenario-run.ts';

export const trigger = http('GET', '/v1/scenarios/runs/{run_id}/outputs', {
  summary: 'Rows of a run: base and scenario price, bands, share of each assumption',
  permission: 'scenarios:read',
  query: scenarioOutputQuery,
  rows: scenarioOutput,
});

export const handler = onRequest(trigger, runOutputs);
