import { type ScenarioOutput, scenarioOutput } from '#schemas/scenario-run.ts';
import type { Topic } from './topic.ts';

export const scenarioOutputTopic: Topic<ScenarioOutput> = {
  name: 'aurum.scenario.output.v1',
  description: 'One record per curve and delivery month of a scenario run',
  partitions: 6,
  schema: scenarioOutput,
  key: (row) => row.run_id,
};
