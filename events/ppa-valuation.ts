import { z } from 'zod';
import { canonicalJson, isoDate, sha256Hex, utcTimestamp } from '#schemas/curve-observation.ts';
import { ppaRequest } from './ppa-request.ts';
import type { Topic } from './topic.ts';

/** As they were asked for. */
const { tenant_id, contract_id, inputs, provenance } = ppaRequest.shape;

export const ppaValued = z.strictObject({
  valuation_hash: sha256Hex.describe('sha256 over all inputs: equal hashes, equal figures'),
  tenant_id,
  contract_id,
  contract: z.string().min(1),
  run_id: z.string().nullable().describe('Scenario run whose prices it is valued on'),
  valuation_date: isoDate,
  currency: z.string().min(1),
  npv: z.number(),
  created_at: utcTimestamp.describe('When it was asked for'),
  finished_at: utcTimestamp,
  inputs,
  provenance,
  valuation: canonicalJson.describe(
    'Canonical JSON of the valuation: cashflows, measures, waterfall, deltas, risk',
  ),
});
export type PpaValued = z.infer<typeof ppaValued>;

export const ppaValuationTopic: Topic<PpaValued> = {
  name: 'aurum.ppa.valuation.v1',
  description: 'One record per PPA valuation',
  partitions: 6,
  schema: ppaValued,
  key: (valued) => valued.valuation_hash,
};
