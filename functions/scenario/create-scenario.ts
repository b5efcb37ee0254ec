/** Scenarios: created, or changed as a new version. */
import { audited } from '#lib/flows/audit.ts';
import { scenarioExamples } from '#lib/flows/scenario-examples.ts';
import { createScenario } from '#lib/flows/scenarios.ts';
import { onRequest } from '#lib/runtime/hosts/http.ts';
import { http } from '#lib/runtime/triggers.ts';
import { emptyQuery } from '#schemas/ingest-query.ts';
import { scenarioAnswer, scenarioCreate } from '#schemas/scenario.ts';

export const trigger = http('POST', '/v1/scenarios', {
  summary: 'Create a scenario; other assumptions under a known name are its next version',
  permission: 'scenarios:write',
  query: emptyQuery,
  body: scenarioCreate,
  examples: scenarioExamples,
  answer: scenarioAnswer,
  status: 201,
});

export const handler = onRequest(
  trigger,
  audited(createScenario, ({ meta: { scenario_hash }, data: { id, version, name } }) => ({
    action: 'scenario.save',
    object: id,
    details: { version, name, scenario_hash },
  })),
);
