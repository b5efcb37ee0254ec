/**
 * Contracts and valuations of tenants. Neither is ever changed once it is there, and whatever is written again is found
 * instead: contracts by the hash of their terms, valuations by that of their inputs. Another tenant's do not exist.
 */
import type { PpaContract } from '#schemas/ppa-contract.ts';
import type {
  PpaContractListQuery,
  PpaValuationListQuery,
  PpaValuationSummary,
} from '#schemas/ppa-routes.ts';

export interface StoredContract {
  readonly id: string;
  readonly name: string;
  readonly contract_hash: string;
  readonly created_at: string;
  readonly terms: PpaContract;
}

/** Inputs and output as canonical JSON: their bytes are kept. */
export interface StoredValuation extends PpaValuationSummary {
  readonly inputs: string;
  /** Null unless it has succeeded. */
  readonly output: string | null;
}

/** Place in a list, newest first. */
export interface PpaPlace {
  readonly created_at: string;
  readonly id: string;
}

export interface PpaPage {
  readonly limit: number;
  readonly after: PpaPlace | undefined;
}

/** Who writes asks for the tenant first: what is published for one that is not there could not be kept. */
export interface PpaStore {
  /** @throws AurumError `tenant_unknown` */
  requireTenant(tenant: string): Promise<void>;
  keepContract(
    tenant: string,
    contract: Pick<StoredContract, 'contract_hash' | 'terms'> & { readonly created_by: string },
  ): Promise<StoredContract>;
  contract(tenant: string, id: string): Promise<StoredContract | undefined>;
  contracts(
    tenant: string,
    filter: Pick<PpaContractListQuery, 'name'>,
    page: PpaPage,
  ): Promise<readonly Omit<StoredContract, 'terms'>[]>;
  /**
   * Keeps the valuation, unless it has succeeded already: then that one stays. Queued never replaces anything but failed.
   * @returns what is kept now
   */
  keepValuation(tenant: string, valuation: StoredValuation): Promise<StoredValuation>;
  valuation(tenant: string, valuation_hash: string): Promise<StoredValuation | undefined>;
  valuations(
    tenant: string,
    filter: Omit<PpaValuationListQuery, 'limit' | 'cursor'>,
    page: PpaPage,
  ): Promise<readonly PpaValuationSummary[]>;
}
