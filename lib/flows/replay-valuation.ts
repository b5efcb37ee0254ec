/** A stored valuation made again from its stored inputs: the same bytes, or the places where they differ. */
import type { Caller } from '#lib/domain/access.ts';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { refusal } from '#lib/domain/errors.ts';
import type { Simulator } from '#lib/ports/simulator.ts';
import type { PpaReplayAnswer } from '#schemas/ppa-routes.ts';
import { type PpaValuation, ppaInputs } from '#schemas/ppa-valuation.ts';
import { requireValuation, type ValuationPorts } from './query-valuations.ts';
import { valued } from './value-contract.ts';

export interface ReplayPorts extends ValuationPorts {
  readonly simulator: Simulator;
  readonly code_version: string;
}

const MAX_DIFFERENCES = 100;

/** @throws AurumError `valuation_not_found`; `valuation_unfinished_conflict` for one that has not succeeded */
export async function replayValuation(
  { hash }: { readonly hash: string },
  ports: ReplayPorts,
  { tenant }: Caller,
): Promise<PpaReplayAnswer> {
  const { output, inputs, state, provenance } = await requireValuation(hash, ports, tenant);
  if (output === null) {
    throw refusal('valuation_unfinished_conflict', `the valuation is ${state}: there is nothing to replay`, {
      field: 'hash',
      remedy: 'GET /v1/ppa/valuations/{hash} says where it stands.',
    });
  }
  const { identical, differences } = await replayed(inputs, output, ports.simulator);
  const code_version = { stored: provenance.code_version, replayed: ports.code_version };
  return {
    meta: { valuation_hash: hash, code_version },
    data: {
      identical,
      made_by_another_version: !identical && code_version.stored !== code_version.replayed,
      bytes: Buffer.byteLength(output),
      difference_count: differences.length,
      differences: differences.slice(0, MAX_DIFFERENCES),
    },
  };
}

/**
 * Stored inputs valued again under the model of the stored valuation, and held against it; both canonical JSON. The formulas
 * are today's: where a later model gives other figures, these are the differences.
 */
export async function replayed(
  inputs: string,
  output: string,
  simulator: Simulator,
): Promise<{ readonly identical: boolean; readonly differences: readonly Difference[] }> {
  const stored = JSON.parse(output) as PpaValuation;
  const again = canonicalJson(await valued(ppaInputs.parse(JSON.parse(inputs)), simulator, stored.model));
  const identical = again === output;
  return { identical, differences: identical ? [] : [...differing(stored, JSON.parse(again))] };
}

type Difference = PpaReplayAnswer['data']['differences'][number];

/** Leaves in which two values differ, depth first. */
function* differing(stored: unknown, replayed: unknown, path: readonly string[] = []): Generator<Difference> {
  if (isTree(stored) && isTree(replayed)) {
    for (const name of new Set([...Object.keys(stored), ...Object.keys(replayed)])) {
      yield* differing(stored[name], replayed[name], [...path, name]);
    }
    return;
  }
  const [before, after] = [textOf(stored), textOf(replayed)];
  if (before !== after) yield { path: path.join('.'), stored: before, replayed: after };
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

const textOf = (value: unknown): string | null => (value === undefined ? null : canonicalJson(value));
