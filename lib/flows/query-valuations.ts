/** Valuations of a tenant: listed, and shown with all they are a function of. */
import type { Caller } from '#lib/domain/access.ts';
import { refusal } from '#lib/domain/errors.ts';
import type { PpaStore, StoredValuation } from '#lib/ports/ppa.ts';
import type {
  PpaShowAnswer,
  PpaValuationListAnswer,
  PpaValuationListQuery,
  PpaValuationSummary,
} from '#schemas/ppa-routes.ts';
import { type PpaValuation, ppaInputs } from '#schemas/ppa-valuation.ts';
import { listedPage, listPage } from './ppa-pages.ts';

export interface ValuationPorts {
  readonly ppa: PpaStore;
}

export async function listValuations(
  query: PpaValuationListQuery,
  { ppa }: ValuationPorts,
  { tenant }: Caller,
): Promise<PpaValuationListAnswer> {
  const asked = listPage(query);
  const rows = await ppa.valuations(tenant, query, asked);
  return listedPage(rows, asked, ({ valuation_hash }) => valuation_hash);
}

/** @throws AurumError `valuation_not_found`, also for another tenant's */
export async function showValuation(
  { hash }: { readonly hash: string },
  ports: ValuationPorts,
  { tenant }: Caller,
): Promise<PpaShowAnswer> {
  const stored = await requireValuation(hash, ports, tenant);
  const inputs = ppaInputs.parse(JSON.parse(stored.inputs));
  return { meta: { ...summaryOf(stored), inputs }, data: outputOf(stored) };
}

export async function requireValuation(
  hash: string,
  { ppa }: ValuationPorts,
  tenant: string,
): Promise<StoredValuation> {
  const stored = await ppa.valuation(tenant, hash);
  if (stored !== undefined) return stored;
  throw refusal('valuation_not_found', `there is no valuation ${hash}`, {
    field: 'hash',
    remedy: 'GET /v1/ppa/valuations lists the valuations there are.',
  });
}

/** Its fields in one order, wherever they come from: the same question has the same bytes for an answer. */
export function summaryOf(stored: StoredValuation): PpaValuationSummary {
  const { valuation_hash, state, contract_id, contract, curve_key, run_id, valuation_date } = stored;
  const { currency, npv, provenance, error, created_at, finished_at } = stored;
  return {
    ...{ valuation_hash, state, contract_id, contract, curve_key, run_id, valuation_date, currency, npv },
    ...{ provenance, error, created_at, finished_at },
  };
}

export function outputOf({ output }: StoredValuation): PpaValuation | null {
  return output === null ? null : (JSON.parse(output) as PpaValuation);
}
