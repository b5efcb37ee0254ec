/** A run called off, as long as nothing of it can be seen. */
import { audited } from '#lib/flows/audit.ts';
import { cancelRun } from '#lib/flows/scenario-runs.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { runPath, scenarioRunAnswer } from '#schemas/scenario-run.ts';

export const trigger = http('POST', '/v1/scenarios/runs/{run_id}/cancel', {
  summary: 'Cancel a run that is queued or running',
  permission: 'scenarios:write',
  query: runPath,
  answer: scenarioRunAnswer,
});

export const handler = onRequest(
  trigger,
  audited(cancelRun, ({ data: { run_id, scenario_id, attempt } }, { tenant }) => ({
    action: 'scenario.cancel',
    object: run_id,
    details: { scenario_id, attempt },
    event_id: `scenario_cancel/${tenant}/${run_id}/${attempt}`,
  })),
);
