/**
 * Proves that stored PPA valuations are what their inputs make: each of each tenant is made again, and is the same bytes
 * under the hash of those inputs. Repairs nothing.
 */
import { HOUSE_TENANT } from '#lib/domain/access.ts';
import { valuationHash } from '#lib/domain/ppa/value.ts';
import type { PpaPlace, PpaStore, StoredValuation } from '#lib/ports/ppa.ts';
import type { Simulator } from '#lib/ports/simulator.ts';
import type { Sql } from '#lib/ports/sql.ts';
import { ppaInputs } from '#schemas/ppa.ts';
import { replayed } from './replay-valuation.ts';
import { listTenants } from './tenants.ts';

interface ValuationProofPorts {
  readonly sql: Sql;
  readonly ppa: PpaStore;
  readonly simulator: Simulator;
}

export interface ValuationProof {
  readonly tenants: number;
  /** Valuations that succeeded, all of them made again. */
  readonly valuations: number;
  readonly bytes: number;
  readonly different: number;
  /** By tenant, newest first. Values are left out: they are made of prices. */
  readonly first_difference: {
    readonly tenant: string;
    readonly valuation_hash: string;
    readonly reason: string;
  } | null;
}

const PAGE = 200;

export async function verifyValuations(ports: ValuationProofPorts): Promise<ValuationProof> {
  const { data: registered } = await listTenants({}, ports);
  // The house is not among those who are registered.
  const tenants = [...new Set([...registered.map(({ id }) => id), HOUSE_TENANT])];
  const counts = { tenants: tenants.length, valuations: 0, bytes: 0, different: 0 };
  let first_difference: ValuationProof['first_difference'] = null;
  for (const tenant of tenants) {
    for await (const stored of succeeded(tenant, ports.ppa)) {
      counts.valuations += 1;
      counts.bytes += Buffer.byteLength(stored.output!);
      const reason = await differenceOf(stored, ports.simulator);
      if (reason === undefined) continue;
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
  { valuation_hash, inputs, output }: StoredValuation,
  simulator: Simulator,
): Promise<string | undefined> {
  try {
    const named = valuationHash(ppaInputs.parse(JSON.parse(inputs)));
    if (named !== valuation_hash) return `its inputs are those of ${named}`;
    const { identical, differences } = await replayed(inputs, output!, simulator);
    if (identical) return undefined;
    const [at] = differences;
    return at === undefined ? 'the same values in other bytes' : `${at.path}, ${differences.length} in all`;
  } catch (error) {
    return `it cannot be made again: ${(error as Error).message}`;
  }
}
