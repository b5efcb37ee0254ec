/**
 * A job over all its paths in stripes: up to 64 runs of blocks, each worked through by one worker in order. A stripe's
 * numbers do not depend on who works it through, and stripes are put together in their own order, so one core and many
 * give the same bits. Knows no thread: whoever calls says which stripe is next.
 */
import { refusal } from '#lib/domain/errors.ts';
import { checkLevels, countDeviations, deviationCounts, priceBands } from './bands.ts';
import { blockArrays, blockCount, type SimulatedBlock, simulateBlock } from './ensemble.ts';
import {
  BLOCK_PATHS,
  type PathValuation,
  type SimulationJob,
  type SimulationOutcome,
  type Valuations,
} from './model.ts';
import { type EnsemblePlan, planEnsemble } from './plan.ts';

const MAX_STRIPES = 64;
/** Deviations of all paths are kept up to this size; beyond it bands come from counts. */
const KEPT_BYTES = 16 * 2 ** 20;

/** What one worker hands over: plain arrays, fit for a thread's door. */
export interface PartialOutcome {
  readonly stripes: readonly StripeOutcome[];
  readonly counts: Int32Array | undefined;
}

interface StripeOutcome {
  readonly stripe: number;
  /** Per month: sum of price - forward, and sum of its squares (antithetic: of a pair's mean). */
  readonly sums: Float64Array;
  readonly squares: Float64Array;
  readonly present_values: Float64Array | undefined;
  /** Month by month, the stripe's paths after each other. */
  readonly deviations: Float64Array | undefined;
}

export const stripeCount = (plan: EnsemblePlan): number => Math.min(MAX_STRIPES, blockCount(plan));

/** Works through the stripes it is handed until there is none left. */
export function simulateStripes(
  job: SimulationJob,
  plan: EnsemblePlan,
  valuation: PathValuation | undefined,
  nextStripe: () => number | undefined,
): PartialOutcome {
  if (job.bands !== undefined) checkLevels(job.bands);
  const arrays = blockArrays(plan);
  const counts = job.bands === undefined ? undefined : deviationCounts(plan.steps.length);
  const stripes: StripeOutcome[] = [];
  for (let stripe = nextStripe(); stripe !== undefined; stripe = nextStripe()) {
    const outcome = emptyStripe(plan, stripe, valuation !== undefined, counts !== undefined);
    const { firstBlock, endBlock } = blocksOf(plan, stripe);
    for (let index = firstBlock; index < endBlock; index++) {
      const block = simulateBlock(plan, index, arrays);
      const place = block.first_path - firstBlock * BLOCK_PATHS;
      addMoments(plan, block, outcome);
      if (counts !== undefined) addDeviations(plan, block, place, counts, outcome.deviations);
      const ofBlock = outcome.present_values?.subarray(place, place + block.paths);
      if (ofBlock !== undefined) valuation?.(block, ofBlock);
    }
    stripes.push(outcome);
  }
  return { stripes, counts };
}

/** The whole job in the calling thread. */
export function simulate(job: SimulationJob, valuation?: PathValuation): SimulationOutcome {
  const plan = planEnsemble(job.request);
  let next = 0;
  const stripes = stripeCount(plan);
  const partial = simulateStripes(job, plan, valuation, () => (next < stripes ? next++ : undefined));
  return mergeOutcomes(job, plan, [partial]);
}

/** @throws AurumError (refused) `valuation_unknown`. */
export function valuationOf(job: SimulationJob, valuations: Valuations): PathValuation | undefined {
  if (job.valuation === undefined) return undefined;
  const { name, terms } = job.valuation;
  const make = Object.hasOwn(valuations, name) ? valuations[name] : undefined;
  if (make !== undefined) return make(terms);
  throw refusal('valuation_unknown', `No valuation is called ${name}`, {
    field: 'valuation.name',
    remedy: `Use one of ${Object.keys(valuations).join(', ')}.`,
  });
}

/** Every path, block by block, for whoever wants the prices themselves. */
export function forEachBlock(request: SimulationJob['request'], take: (block: SimulatedBlock) => void): void {
  const plan = planEnsemble(request);
  const arrays = blockArrays(plan);
  for (let index = 0; index < blockCount(plan); index++) take(simulateBlock(plan, index, arrays));
}

export function mergeOutcomes(
  job: SimulationJob,
  plan: EnsemblePlan,
  partials: readonly PartialOutcome[],
): SimulationOutcome {
  const stripes = partials.flatMap((partial) => partial.stripes).sort((a, b) => a.stripe - b.stripe);
  return {
    paths: plan.paths,
    ...momentsOf(plan, stripes),
    bands: job.bands === undefined ? undefined : bandsOf(job.bands, plan, partials, stripes),
    present_values: presentValues(plan, stripes),
  };
}

function blocksOf(plan: EnsemblePlan, stripe: number): { firstBlock: number; endBlock: number } {
  const blocks = blockCount(plan);
  const stripes = stripeCount(plan);
  const edge = (index: number) => Math.floor((index * blocks) / stripes);
  return { firstBlock: edge(stripe), endBlock: edge(stripe + 1) };
}

function emptyStripe(
  plan: EnsemblePlan,
  stripe: number,
  isValued: boolean,
  isBanded: boolean,
): StripeOutcome {
  const months = plan.steps.length;
  const { firstBlock, endBlock } = blocksOf(plan, stripe);
  const paths = Math.min(endBlock * BLOCK_PATHS, plan.paths) - firstBlock * BLOCK_PATHS;
  return {
    stripe,
    sums: new Float64Array(months),
    squares: new Float64Array(months),
    present_values: isValued ? new Float64Array(paths) : undefined,
    deviations: isBanded && isKept(plan) ? new Float64Array(months * paths) : undefined,
  };
}

const isKept = ({ paths, steps }: EnsemblePlan): boolean => paths * steps.length * 8 <= KEPT_BYTES;

/** Differences from the forward, so that squares of large prices do not swallow small spreads. */
function addMoments(plan: EnsemblePlan, block: SimulatedBlock, { sums, squares }: StripeOutcome): void {
  const { prices, paths, stride } = block;
  plan.steps.forEach(({ forward }, month) => {
    const first = month * stride;
    let sum = 0;
    let square = 0;
    if (plan.antithetic) {
      for (let cell = first; cell < first + paths; cell += 2) {
        const pair = (prices[cell]! + prices[cell + 1]!) / 2 - forward;
        sum += 2 * pair;
        square += pair * pair;
      }
    } else {
      for (let cell = first; cell < first + paths; cell++) {
        const difference = prices[cell]! - forward;
        sum += difference;
        square += difference * difference;
      }
    }
    sums[month]! += sum;
    squares[month]! += square;
  });
}

function addDeviations(
  plan: EnsemblePlan,
  { deviations, paths, stride }: SimulatedBlock,
  place: number,
  counts: Int32Array,
  kept: Float64Array | undefined,
): void {
  const keptPaths = (kept?.length ?? 0) / plan.steps.length;
  plan.steps.forEach((step, month) => {
    const first = month * stride;
    countDeviations(counts, month, step, deviations, first, paths);
    kept?.set(deviations.subarray(first, first + paths), month * keptPaths + place);
  });
}

function momentsOf(plan: EnsemblePlan, stripes: readonly StripeOutcome[]) {
  const draws = plan.antithetic ? plan.paths / 2 : plan.paths;
  const mean = new Float64Array(plan.steps.length);
  const mean_standard_error = new Float64Array(plan.steps.length);
  plan.steps.forEach(({ forward }, month) => {
    let sum = 0;
    let square = 0;
    for (const { sums, squares } of stripes) {
      sum += sums[month]!;
      square += squares[month]!;
    }
    const difference = sum / plan.paths;
    const variance = Math.max(0, square / draws - difference * difference);
    mean[month] = forward + difference;
    mean_standard_error[month] = Math.sqrt(variance / Math.max(1, draws - 1));
  });
  return { mean, mean_standard_error };
}

function bandsOf(
  levels: readonly number[],
  plan: EnsemblePlan,
  partials: readonly PartialOutcome[],
  stripes: readonly StripeOutcome[],
) {
  const [counts, ...others] = partials.map((partial) => partial.counts!);
  for (const other of others) for (let cell = 0; cell < other.length; cell++) counts![cell]! += other[cell]!;
  const kept = (month: number) =>
    stripes.map(({ deviations }) => {
      const paths = deviations!.length / plan.steps.length;
      return deviations!.subarray(month * paths, (month + 1) * paths);
    });
  return priceBands(plan, levels, counts!, isKept(plan) ? kept : undefined);
}

function presentValues(plan: EnsemblePlan, stripes: readonly StripeOutcome[]): Float64Array | undefined {
  if (stripes[0]?.present_values === undefined) return undefined;
  const all = new Float64Array(plan.paths);
  for (const { stripe, present_values } of stripes)
    all.set(present_values!, blocksOf(plan, stripe).firstBlock * BLOCK_PATHS);
  return all;
}
