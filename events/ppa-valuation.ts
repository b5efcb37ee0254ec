import { z } from 'zod';
import { isoDate, sha256Hex, utcTimestamp } from '#schemas/curve-observation.ts';
import type { Topic } from './topic.ts';

const json = z.string().min(2);

export const ppaValued = z.strictObject({
  valuation_hash: sha256Hex.describe('sha256 over all inputs: equal hashes, equal figures'),
  tenant_id: z.string().min(1),
  contract_id: z.string().nullable().describe('Of the stored contract; null for one given inline'),
  contract: z.string().min(1),
  run_id: z.string().nullable().describe('Scenario run whose prices it is valued on'),
  valuation_date: isoDate,
  currency: z.string().min(1),
  npv: z.number(),
  created_at: utcTimestamp.describe('When it was asked for'),
  finished_at: utcTimestamp,
  inputs: json.describe('Canonical JSON of contract, market, valuation date and options'),
  provenance: json.describe('Canonical JSON: where the prices come from, and the code version'),
  valuation: json.describe('Canonical JSON of the valuation: cashflows, measures, waterfall, deltas, risk'),
});
export type PpaValued = z.infer<typeof ppaValued>;

export const ppaValuationTopic: Topic<PpaValued> = {
  name: 'aurum.ppa.valuation.v1',
  description: 'One record per PPA valuation',
  partitions: 6,
  schema: ppaValued,
  key: (valued) => valued.valuation_hash,
};
