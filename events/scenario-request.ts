import { z } from 'zod';
import { canonicalJson, isoDate, sha256Hex, utcTimestamp } from '#schemas/curve-observation.ts';
import type { Topic } from './topic.ts';

/** A run asked for: complete in itself, so that what was asked for does not change under it. */
export const scenarioRequest = z.strictObject({
  run_id: z.string().min(1),
  tenant_id: z.string().min(1),
  attempt: z.int32().positive().describe('A failed or cancelled run asked for again is its next attempt'),
  scenario_id: z.string().min(1),
  scenario_version: z.int32().positive(),
  scenario_hash: sha256Hex,
  run_hash: sha256Hex.describe('Over scenario, request, inputs and code: what was asked for'),
  code_version: z.string().min(1),
  requested_at: utcTimestamp,
  requested_by: z.string().min(1),
  asof_date: isoDate.describe('`latest` resolved when it was asked for'),
  input_commit: z.string().min(1).describe('Commit of the tables whose releases are read'),
  input_versions: z.array(z.string()).describe('Versions of the sheets and workbooks it is to be made from'),
  assumptions: canonicalJson.describe('Canonical JSON of the stored assumptions'),
  request: canonicalJson.describe('Canonical JSON of the run request, seed included'),
});
export type ScenarioRequest = z.infer<typeof scenarioRequest>;

export const scenarioRequestTopic: Topic<ScenarioRequest> = {
  name: 'aurum.scenario.request.v1',
  description: 'Scenario runs asked for',
  partitions: 6,
  schema: scenarioRequest,
  key: (request) => request.run_id,
};
