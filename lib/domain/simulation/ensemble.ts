/**
 * The inner loops: one block of 256 paths over all months, from its own streams, so that a block has the same bits
 * whoever computes it, in whatever order and however many paths were asked for. Knows no contract and no thread.
 */
import { exp } from './elementary.ts';
import { BLOCK_PATHS, type EnsembleBlock, type VolumeFactor } from './model.ts';
import { drawNormals, normalStream } from './normals.ts';
import { type EnsemblePlan, logSigma, type MonthStep, shiftOf } from './plan.ts';
import { streamSeed } from './random-stream.ts';

/** A constant of this module: reading another module's in the inner loops costs a third of their time. */
const PATHS = BLOCK_PATHS;

export interface SimulatedBlock extends EnsembleBlock {
  /** short + long factor, in the places of `prices`: what the price is a rising function of. */
  readonly deviations: Float64Array;
}

/** Arrays of one block, used again for each. */
export interface BlockArrays {
  readonly prices: Float64Array;
  readonly deviations: Float64Array;
  readonly volumes: Float64Array | undefined;
  /** What each month alone added to its deviation, where volumes follow it. */
  readonly shocks: Float64Array | undefined;
  /** Normal numbers of a month: PATHS of the first factor, then of the second. */
  readonly normals: Float64Array;
  readonly short: Float64Array;
  readonly long: Float64Array;
}

export function blockArrays({ steps, volume }: EnsemblePlan): BlockArrays {
  const cells = steps.length * PATHS;
  return {
    prices: new Float64Array(cells),
    deviations: new Float64Array(cells),
    volumes: volume === undefined ? undefined : new Float64Array(cells),
    normals: new Float64Array(2 * PATHS),
    shocks: volume?.against === 'month_shock' ? new Float64Array(cells) : undefined,
    short: new Float64Array(PATHS),
    long: new Float64Array(PATHS),
  };
}

export const blockCount = ({ paths }: EnsemblePlan): number => Math.ceil(paths / PATHS);

/**
 * Always computes a whole block; the last one may hand out fewer paths. Each phase is a function over the whole block,
 * small enough that the compiler takes exp into its loop; as one function it does not, and takes half as long again.
 */
export function simulateBlock(plan: EnsemblePlan, index: number, arrays: BlockArrays): SimulatedBlock {
  const { prices, deviations, volumes } = arrays;
  walk(plan, index, arrays);
  if (plan.dynamics.kind === 'normal') normalPrices(plan.steps, deviations, prices);
  else lognormalPrices(plan.steps, shiftOf(plan.dynamics), deviations, prices);
  if (plan.volume !== undefined && volumes !== undefined)
    drawVolumes(plan, plan.volume, index, arrays, volumes);
  const first_path = index * PATHS;
  const paths = Math.min(PATHS, plan.paths - first_path);
  return { index, first_path, paths, stride: PATHS, prices, volumes, deviations };
}

/** short + long factor of every month, and what each month alone added to it. */
function walk({ steps, antithetic, seed, purpose }: EnsemblePlan, index: number, arrays: BlockArrays): void {
  const { normals, short, long, deviations, shocks } = arrays;
  const stream = normalStream(streamSeed(seed, purpose, index), antithetic ? PATHS : 2 * PATHS);
  short.fill(0);
  long.fill(0);
  for (let month = 0; month < steps.length; month++) {
    drawNormals(stream, normals);
    if (antithetic) mirror(normals, 2 * PATHS);
    stepMonth(steps[month]!, normals, short, long, deviations, month * PATHS);
    if (shocks !== undefined) monthShocks(steps[month]!, normals, shocks, month * PATHS);
  }
}

/** The first half of the numbers, each followed by its opposite. */
function mirror(normals: Float64Array, count: number): void {
  for (let index = count / 2 - 1; index >= 0; index--) {
    const normal = normals[index]!;
    normals[2 * index] = normal;
    normals[2 * index + 1] = -normal;
  }
}

function stepMonth(
  { decay, short_shock, long_on_short, long_shock }: MonthStep,
  normals: Float64Array,
  short: Float64Array,
  long: Float64Array,
  deviations: Float64Array,
  first: number,
): void {
  for (let path = 0; path < PATHS; path++) {
    const normal = normals[path]!;
    const near = decay * short[path]! + short_shock * normal;
    const far = long[path]! + long_on_short * normal + long_shock * normals[PATHS + path]!;
    short[path] = near;
    long[path] = far;
    deviations[first + path] = near + far;
  }
}

function lognormalPrices(
  steps: readonly MonthStep[],
  shift: number,
  deviations: Float64Array,
  prices: Float64Array,
): void {
  for (let month = 0; month < steps.length; month++) {
    const { forward, variance } = steps[month]!;
    const level = forward + shift;
    const half = variance / 2;
    for (let cell = month * PATHS; cell < (month + 1) * PATHS; cell++)
      prices[cell] = level * exp(deviations[cell]! - half) - shift;
  }
}

function normalPrices(steps: readonly MonthStep[], deviations: Float64Array, prices: Float64Array): void {
  for (let month = 0; month < steps.length; month++) {
    const { forward } = steps[month]!;
    for (let cell = month * PATHS; cell < (month + 1) * PATHS; cell++)
      prices[cell] = forward + deviations[cell]!;
  }
}

function monthShocks(
  { short_shock, long_on_short, long_shock }: MonthStep,
  normals: Float64Array,
  shocks: Float64Array,
  first: number,
): void {
  for (let path = 0; path < PATHS; path++)
    shocks[first + path] =
      (short_shock + long_on_short) * normals[path]! + long_shock * normals[PATHS + path]!;
}

/** From a stream of their own, so that asking for volumes leaves the prices as they are. */
function drawVolumes(
  { steps, antithetic, seed, purpose }: EnsemblePlan,
  { correlation, distribution, sigma }: VolumeFactor,
  index: number,
  { deviations, shocks }: BlockArrays,
  volumes: Float64Array,
): void {
  const state = streamSeed(seed, `${purpose}/volume`, index);
  const stream = normalStream(state, antithetic ? PATHS / 2 : PATHS);
  const own = new Float64Array(PATHS);
  for (let month = 0; month < steps.length; month++) {
    const step = steps[month]!;
    drawNormals(stream, own);
    if (antithetic) mirror(own, PATHS);
    const spread = shocks === undefined ? Math.sqrt(step.variance) : shockSpread(step);
    correlate(own, shocks ?? deviations, volumes, month * PATHS, spread, correlation);
  }
  if (distribution === 'normal') normalFactors(volumes, sigma);
  else lognormalFactors(volumes, logSigma(sigma));
}

const shockSpread = ({ short_shock, long_on_short, long_shock }: MonthStep): number =>
  Math.sqrt((short_shock + long_on_short) ** 2 + long_shock ** 2);

/** Mixes the price's shock into the volume's; a price that does not move has none to mix in. */
function correlate(
  own: Float64Array,
  priceShocks: Float64Array,
  mixed: Float64Array,
  first: number,
  spread: number,
  correlation: number,
): void {
  const share = spread === 0 ? 0 : correlation / spread;
  const rest = spread === 0 ? 1 : Math.sqrt(1 - correlation * correlation);
  for (let path = 0; path < PATHS; path++)
    mixed[first + path] = share * priceShocks[first + path]! + rest * own[path]!;
}

/** Normal numbers become factors with mean 1, in place. */
function normalFactors(values: Float64Array, sigma: number): void {
  for (let cell = 0; cell < values.length; cell++) values[cell] = Math.max(0, 1 + sigma * values[cell]!);
}

function lognormalFactors(values: Float64Array, spread: number): void {
  const half = (spread * spread) / 2;
  for (let cell = 0; cell < values.length; cell++) values[cell] = exp(spread * values[cell]! - half);
}
