/** A run of a scenario, asked for: it is done later, and once for the same inputs. */
import { audited } from '#lib/flows/audit.ts';
import { requestRun } from '#lib/flows/request-run.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { scenarioPath } from '#schemas/scenario.ts';
import { scenarioRunAnswer, scenarioRunRequest } from '#schemas/scenario-run.ts';

export const trigger = http('POST', '/v1/scenarios/{id}/run', {
  summary: 'Run a scenario; the same inputs are the same run',
  permission: 'scenarios:write',
  query: scenarioPath,
  body: scenarioRunRequest,
  answer: scenarioRunAnswer,
  status: 202,
});

export const handler = onRequest(
  trigger,
  audited(requestRun, ({ data: { run_id, scenario_id, attempt } }, { tenant }) => ({
    action: 'scenario.run',
    object: run_id,
    details: { scenario_id, attempt },
    event_id: `scenario_run/${tenant}/${run_id}/${attempt}`,
  })),
);
