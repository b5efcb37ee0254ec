import { type QaCheck, qaCheck } from '#schemas/lake.ts';
import type { Topic } from './topic.ts';

export const qaResultTopic: Topic<QaCheck> = {
  name: 'aurum.qa.result.v1',
  description: 'One record per expectation of a gate run',
  partitions: 1,
  schema: qaCheck,
  key: (check) => check.version,
};
