import { z } from 'zod';
import { canonicalJson, sha256Hex, utcTimestamp } from '#schemas/curve-observation.ts';
import type { Topic } from './topic.ts';

/** A valuation asked for: complete in itself, so that what was asked for does not change under it. */
export const ppaRequest = z.strictObject({
  valuation_hash: sha256Hex.describe('Of the inputs; a request whose inputs have another one is refused'),
  tenant_id: z.string().min(1),
  contract_id: z.string().nullable().describe('Of the stored contract; null for one given inline'),
  requested_at: utcTimestamp,
  requested_by: z.string().min(1),
  inputs: canonicalJson.describe('Canonical JSON of contract, market, valuation date and options'),
  provenance: canonicalJson.describe('Canonical JSON: where the prices come from, and the code version'),
});
export type PpaRequest = z.infer<typeof ppaRequest>;

export const ppaRequestTopic: Topic<PpaRequest> = {
  name: 'aurum.ppa.request.v1',
  description: 'PPA valuations asked for',
  partitions: 6,
  schema: ppaRequest,
  key: (request) => request.valuation_hash,
};
