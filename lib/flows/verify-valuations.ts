/**
 * Proves that stored PPA valuations are what their inputs make: each of each tenant is made again, and is the same bytes
 * under the hash of those inputs. Repairs nothing.
 */
import { HOUSE_TENANT } from '#lib/domain/access.ts';
import { valuationHash } from '#lib/domain/ppa/value.ts';
import type { PpaPlace, PpaStore, StoredValuation } from '#lib/ports/ppa.ts';
import type { Simulator } from '#lib/ports/simulator.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { type PpaValuation, ppaInputs } from '#schemas/ppa-valuation.ts';
import { replayed } from './replay-valuation.ts';
import { listTenants } from './tenants.ts';

interface ValuationProofPorts {
  readonly sql: Sql;
  readonly ppa: PpaStore;
  readonly simulator: Simulator;
  readonly code_version: string;
}

export interface ValuationProof {
  readonly tenants: number;
  /** Valuations that succeeded, all of them made again. */
  readonly valuations: number;
  readonly bytes: number;
  readonly different: number;
  /** Not the same bytes, and made by another version of the code, whose formulas may be others: nothing is proved of them. */
  readonly of_another_version: number;
  /** Of those that are different, by tenant, newest first. Values are left out: they are made of prices. */
  readonly first_difference: {
    readonly tenant: string;
    readonly valuation_hash: string;
    readonly reason: string;
  } | null;
}

const PAGE = 200;
const ANOTHER_VERSION = 'another version of the code made it';

export async function verifyValuations(ports: ValuationProofPorts): Promise<ValuationProof> {
  const { data: registered } = await listTenants({}, ports);
  // The house is not among those who are registered.
  const tenants = [...new Set([...registered.map(({ id }) => id), HOUSE_TENANT])];
  const counts = { tenants: tenants.length, valuations: 0, bytes: 0, different: 0, of_another_version: 0 };
  let first_difference: ValuationProof['first_difference'] = null;
  for (const tenant of tenants) {
    for await (const stored of succeeded(tenant, ports.ppa)) {
      counts.valuations += 1;
      counts.bytes += Buffer.byteLength(stored.output!);
      const reason = await differenceOf(stored, ports);
      if (reason === undefined) continue;
      if (reason === ANOTHER_VERSION) {
        counts.of_another_version += 1;
        continue;
      }
      counts.different += 1;
      first_difference ??= { tenant, valuation_hash: stored.valuation_hash, reason };
    }
  }
  return { ...counts, first_difference };
}

async function* succeeded(tenant: string, ppa: PpaStore): AsyncGenerator<StoredValuation> {
  let after: PpaPlace | undefined;
  do {
    const page = await ppa.valuations(tenant, { state: 'succeeded' }, { limit: PAGE, after });
    for (const { valuation_hash } of page) yield (await ppa.valuation(tenant, valuation_hash))!;
    const last = page.length < PAGE ? undefined : page.at(-1);
    after = last && { created_at: last.created_at, id: last.valuation_hash };
  } while (after !== undefined);
}

async function differenceOf(
  { valuation_hash, inputs, output, provenance }: StoredValuation,
  { simulator, code_version }: ValuationProofPorts,
): Promise<string | undefined> {
  try {
    const { model } = JSON.parse(output!) as PpaValuation;
    const named = valuationHash(ppaInputs.parse(JSON.parse(inputs)), model);
    if (named !== valuation_hash) return `its inputs are those of ${named}`;
    const { identical, differences } = await replayed(inputs, output!, simulator);
    if (identical) return undefined;
    if (provenance.code_version !== code_version) return ANOTHER_VERSION;
    const [at] = differences;
    return at === undefined ? 'the same values in other bytes' : `${at.path}, ${differences.length} in all`;
  } catch (error) {
    return `it cannot be made again: ${(error as Error).message}`;
  }
}
