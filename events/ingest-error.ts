import { z } from 'zod';
import { utcTimestamp } from '#schemas/curve-observation.ts';
import type { Topic } from './topic.ts';

export const ingestError = z.strictObject({
  failed_at: utcTimestamp,
  stage: z.string().min(1),
  source: z.string().min(1).describe('Object key of the input'),
  etag: z.string().nullable(),
  code: z.string().min(1),
  message: z.string().min(1),
  remedy: z.string().nullable(),
  sheet: z.string().nullable(),
  cell: z.string().nullable(),
  field: z.string().nullable(),
});
export type IngestError = z.infer<typeof ingestError>;

export const ingestErrorTopic: Topic<IngestError> = {
  name: 'aurum.ingest.error.v1',
  description: 'Inputs that were refused, with the reason: the dead-letter topic',
  partitions: 1,
  schema: ingestError,
  key: (value) => value.source,
};
