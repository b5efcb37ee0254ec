/** Contracts of a tenant: stored once per terms, listed, shown. */
import type { Caller } from '#lib/domain/access.ts';
import { canonicalHash } from '#lib/domain/canonical-json.ts';
import { refusal } from '#lib/domain/errors.ts';
import { atRequestField } from '#lib/domain/ppa/request-field.ts';
import { requireDeliveries } from '#lib/domain/ppa/terms.ts';
import type { PpaStore, StoredContract } from '#lib/ports/ppa.ts';
import type { PpaContract } from '#schemas/ppa-contract.ts';
import type { PpaContractAnswer, PpaContractListAnswer, PpaContractListQuery } from '#schemas/ppa-routes.ts';
import { listedPage, listPage } from './ppa-pages.ts';
import { storableJson } from './storable-json.ts';

export interface ContractPorts {
  readonly ppa: PpaStore;
}

/**
 * The same terms again are the same contract.
 * @throws AurumError `tenant_unknown`, `text_invalid`, `calendar_unknown`, `block_unknown`, `window_empty`, `index_missing`
 */
export async function storeContract(
  { body: terms }: { readonly body: PpaContract },
  { ppa }: ContractPorts,
  { tenant, subject }: Caller,
): Promise<PpaContractAnswer> {
  storableJson(terms);
  try {
    requireDeliveries(terms);
  } catch (error) {
    // Here the contract is the whole request.
    throw atRequestField(error, ({ place: { field = '' } }) => ({ field: field.replace(/^contract\./, '') }));
  }
  await ppa.requireTenant(tenant);
  const contract = { contract_hash: canonicalHash(terms), terms, created_by: subject };
  return { meta: {}, data: shown(await ppa.keepContract(tenant, contract)) };
}

/** @throws AurumError `contract_not_found`, also for another tenant's */
export async function showContract(
  { id }: { readonly id: string },
  ports: ContractPorts,
  { tenant }: Caller,
): Promise<PpaContractAnswer> {
  return { meta: {}, data: shown(await requireContract(id, 'id', ports, tenant)) };
}

export async function requireContract(
  id: string,
  field: string,
  { ppa }: ContractPorts,
  tenant: string,
): Promise<StoredContract> {
  const contract = await ppa.contract(tenant, id);
  if (contract !== undefined) return contract;
  throw refusal('contract_not_found', `there is no contract ${id}`, {
    field,
    remedy: 'GET /v1/ppa/contracts lists the contracts there are.',
  });
}

function shown({ id, name, contract_hash, created_at, terms }: StoredContract): PpaContractAnswer['data'] {
  return { id, name, contract_hash, created_at, terms };
}

export async function listContracts(
  query: PpaContractListQuery,
  { ppa }: ContractPorts,
  { tenant }: Caller,
): Promise<PpaContractListAnswer> {
  const asked = listPage(query);
  const rows = await ppa.contracts(tenant, query, asked);
  return listedPage(rows, asked, ({ id }) => id);
}
