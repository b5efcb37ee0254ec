/**
 * Linear equations with a band matrix: LU with partial pivoting (Golub and Van Loan, Matrix Computations, 4.3.5) and two rounds
 * of iterative refinement. O(n b^2) for n unknowns and a half bandwidth b; dense is b = n - 1. Knows nothing of curves.
 */

/** A non-zero of the matrix; several at one place add up. */
export type Entry = readonly [row: number, column: number, value: number];

/** A pivot this small beside the largest entry is rounding: the matrix has no inverse. */
const SINGULAR = 1e-13;
const REFINEMENTS = 2;

interface Factors {
  readonly size: number;
  readonly half: number;
  /** Row by row, columns row - half .. row + 2 half: pivoting fills in as much again above the band. */
  readonly band: Float64Array;
  readonly pivots: Int32Array;
}

/** Rank of each key. Unknowns and multipliers ordered by where they act keep the matrix a narrow band. */
export function positions(keys: readonly number[]): Int32Array {
  const order = keys.map((_, index) => index).sort((a, b) => keys[a]! - keys[b]! || a - b);
  const ranks = new Int32Array(keys.length);
  order.forEach((index, rank) => {
    ranks[index] = rank;
  });
  return ranks;
}

/** Solution x of A x = `right`; undefined when A has no inverse. */
export function solveLinear(entries: readonly Entry[], right: Float64Array): Float64Array | undefined {
  const factors = factorise(entries, right.length);
  if (factors === undefined) return undefined;
  const solution = substitute(factors, right);
  for (let round = 0; round < REFINEMENTS; round++) {
    const residual = Float64Array.from(right);
    for (const [row, column, value] of entries) residual[row]! -= value * solution[column]!;
    const correction = substitute(factors, residual);
    for (let index = 0; index < solution.length; index++) solution[index]! += correction[index]!;
  }
  return solution;
}

function factorise(entries: readonly Entry[], size: number): Factors | undefined {
  const half = entries.reduce((widest, [row, column]) => Math.max(widest, Math.abs(row - column)), 0);
  const width = 3 * half + 1;
  const band = new Float64Array(size * width);
  for (const [row, column, value] of entries) band[row * width + column - row + half]! += value;
  const largest = band.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const at = (row: number, column: number) => row * width + column - row + half;
  const pivots = new Int32Array(size);
  for (let step = 0; step < size; step++) {
    const lastRow = Math.min(size - 1, step + half);
    const lastColumn = Math.min(size - 1, step + 2 * half);
    let pivot = step;
    for (let row = step + 1; row <= lastRow; row++) {
      if (Math.abs(band[at(row, step)]!) > Math.abs(band[at(pivot, step)]!)) pivot = row;
    }
    pivots[step] = pivot;
    const head = band[at(pivot, step)]!;
    if (!(Math.abs(head) > SINGULAR * largest)) return undefined;
    if (pivot !== step) {
      for (let column = step; column <= lastColumn; column++) {
        const [upper, lower] = [at(step, column), at(pivot, column)];
        const kept = band[upper]!;
        band[upper] = band[lower]!;
        band[lower] = kept;
      }
    }
    for (let row = step + 1; row <= lastRow; row++) {
      const factor = band[at(row, step)]! / head;
      band[at(row, step)] = factor;
      if (factor === 0) continue;
      for (let column = step + 1; column <= lastColumn; column++) {
        band[at(row, column)]! -= factor * band[at(step, column)]!;
      }
    }
  }
  return { size, half, band, pivots };
}

function substitute({ size, half, band, pivots }: Factors, right: Float64Array): Float64Array {
  const width = 3 * half + 1;
  const x = Float64Array.from(right);
  for (let step = 0; step < size; step++) {
    const pivot = pivots[step]!;
    const head = x[pivot]!;
    x[pivot] = x[step]!;
    x[step] = head;
    for (let row = step + 1; row <= Math.min(size - 1, step + half); row++) {
      x[row]! -= band[row * width + step - row + half]! * head;
    }
  }
  for (let row = size - 1; row >= 0; row--) {
    let rest = x[row]!;
    for (let column = row + 1; column <= Math.min(size - 1, row + 2 * half); column++) {
      rest -= band[row * width + column - row + half]! * x[column]!;
    }
    x[row] = rest / band[row * width + half]!;
  }
  return x;
}
