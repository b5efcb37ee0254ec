/** Runs that were asked for, one after the other. */
import { scenarioRequestTopic } from '#events/scenario-request.ts';
import { runRequested } from '#lib/flows/run-scenario.ts';
import { onRecords } from '#lib/runtime/hosts/topic.ts';
import { onTopic } from '#lib/runtime/triggers.ts';

export const trigger = onTopic(scenarioRequestTopic.name);

export const handler = onRecords('run-scenario', scenarioRequestTopic, async (request, ports) => {
  await runRequested(request, ports);
});
