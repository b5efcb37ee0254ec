/**
 * Price bands per month. Paths are counted in cells of 1/256 standard deviation of the month's deviation, whose
 * distribution is known before the first draw: memory is the same for a thousand paths and ten million, and counts of
 * different blocks add up in any order to the same bits. Where all deviations may be kept, the cell only finds the
 * neighbours and the quantile is exact.
 *
 * A quantile is that of the sorted values x0..x(n-1) at rank (n-1) x level, linear between neighbours (Hyndman, Fan 1996,
 * type 7; the default of NumPy and R).
 */
import { refusal } from '#lib/domain/errors.ts';
import type { PriceBands } from './model.ts';
import { type EnsemblePlan, type MonthStep, priceAt } from './plan.ts';

/** Standard deviations either side that have cells of their own; one path in 10^15 lies beyond. */
const REACH = 8;
const CELLS_PER_SIGMA = 256;
const CELLS = 2 * REACH * CELLS_PER_SIGMA;

/** counts[month * CELLS + cell] */
export type DeviationCounts = Int32Array;

export const deviationCounts = (months: number): DeviationCounts => new Int32Array(months * CELLS);

export function checkLevels(levels: readonly number[]): void {
  const bad = levels.findIndex((level) => !(level > 0 && level < 1));
  if (bad < 0) return;
  throw refusal('level_out_of_range', `A band at level ${levels[bad]} does not exist`, {
    field: `bands[${bad}]`,
    remedy: 'Give levels between 0 and 1, such as 0.05 and 0.95.',
  });
}

/** Counts one month's deviations, `count` of them from `first` on. */
export function countDeviations(
  counts: DeviationCounts,
  month: number,
  { variance }: MonthStep,
  deviations: Float64Array,
  first: number,
  count: number,
): void {
  const scale = cellsPerUnit(variance);
  const base = month * CELLS;
  for (let path = first; path < first + count; path++) counts[base + cellOf(deviations[path]!, scale)]!++;
}

/** A month that does not move has all its paths in the middle. */
const cellsPerUnit = (variance: number): number =>
  variance === 0 ? 0 : CELLS_PER_SIGMA / Math.sqrt(variance);

function cellOf(deviation: number, scale: number): number {
  return Math.max(0, Math.min(CELLS - 1, deviation * scale + CELLS / 2)) | 0;
}

/**
 * @param kept all deviations of a month in any order, or undefined where they were too many to keep.
 */
export function priceBands(
  plan: EnsemblePlan,
  levels: readonly number[],
  counts: DeviationCounts,
  kept: ((month: number) => readonly Float64Array[]) | undefined,
): PriceBands {
  const quantiles = levels.map(() => new Float64Array(plan.steps.length));
  plan.steps.forEach((step, month) => {
    const ofMonth = counts.subarray(month * CELLS, (month + 1) * CELLS);
    const ranks = levels.map((level) => (plan.paths - 1) * level);
    const found = kept === undefined ? undefined : sortedCells(ofMonth, ranks, step, kept(month));
    ranks.forEach((rank, index) => {
      const price = (whole: number) => {
        const deviation = found === undefined ? withinCell(ofMonth, whole, step) : found(whole);
        return priceAt(plan.dynamics, step, deviation);
      };
      const low = Math.floor(rank);
      const part = rank - low;
      const below = price(low);
      quantiles[index]![month] = part === 0 ? below : below + part * (price(low + 1) - below);
    });
  });
  const isExact = kept !== undefined;
  return {
    levels,
    quantiles,
    method: isExact ? 'exact' : 'histogram',
    resolution: isExact ? 0 : 1 / CELLS_PER_SIGMA,
  };
}

/** The cell in which the value of that rank lies, and how many values lie in cells before it. */
function cellAtRank(counts: Int32Array, rank: number): { cell: number; before: number } {
  let before = 0;
  let cell = 0;
  while (before + counts[cell]! <= rank) before += counts[cell++]!;
  return { cell, before };
}

/** Values of a cell are taken as evenly spread. */
function withinCell(counts: Int32Array, rank: number, { variance }: MonthStep): number {
  if (variance === 0) return 0;
  const { cell, before } = cellAtRank(counts, rank);
  const place = cell + (rank - before + 0.5) / counts[cell]!;
  return ((place - CELLS / 2) / CELLS_PER_SIGMA) * Math.sqrt(variance);
}

/** Value at a rank, exactly: the values of the few cells that are asked about, sorted. */
function sortedCells(
  counts: Int32Array,
  ranks: readonly number[],
  { variance }: MonthStep,
  kept: readonly Float64Array[],
): (rank: number) => number {
  const scale = cellsPerUnit(variance);
  const values = new Map<number, number[]>();
  for (const rank of ranks)
    for (const whole of [Math.floor(rank), Math.ceil(rank)]) values.set(cellAtRank(counts, whole).cell, []);
  const isWanted = new Uint8Array(CELLS);
  for (const cell of values.keys()) isWanted[cell] = 1;
  for (const deviations of kept)
    for (let index = 0; index < deviations.length; index++) {
      const cell = cellOf(deviations[index]!, scale);
      if (isWanted[cell] === 1) values.get(cell)!.push(deviations[index]!);
    }
  for (const ofCell of values.values()) ofCell.sort((left, right) => left - right);
  return (rank) => {
    const { cell, before } = cellAtRank(counts, rank);
    return values.get(cell)![rank - before]!;
  };
}
