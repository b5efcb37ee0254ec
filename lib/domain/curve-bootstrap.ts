/**
 * Bootstrap: prices of the months between overlapping contracts, such that each contract is the weighted mean of its months.
 * Knows no calendar: the caller says what a period weighs (hours of a block, days).
 *
 * sum over the pieces i of contract c of w_i x_i = price_c x sum of w_i. Where the quotes say a piece's price it is that. Where
 * contracts only overlap, many prices fit: of those the one with the least sum of squared steps between neighbouring pieces is
 * taken and the months say `determined: false`. A gap that no contract covers has no months.
 */
import { type ContractSet, contractSet, type ForwardContract, type WeightOf } from './contract-set.ts';
import { refusal } from './errors.ts';
import { type Entry, positions, solveLinear } from './linear-equations.ts';
import { addMonths } from './tenor.ts';

export interface BootstrappedMonth {
  /** `YYYY-MM-01`. */
  readonly month: string;
  readonly price: number;
  /** Whether the quotes alone say it, at least as the mean of the piece it lies in. */
  readonly determined: boolean;
}

export interface BootstrapOptions {
  readonly allow_redundant?: boolean;
  readonly field?: string;
}

/**
 * Months of all contracts, ascending; all months of a piece have its price.
 * @throws contract_not_of_months, and what `contractSet` refuses: redundant and conflicting quotes by name.
 */
export function bootstrapMonths(
  contracts: readonly ForwardContract[],
  weightOf: WeightOf,
  options: BootstrapOptions = {},
): readonly BootstrappedMonth[] {
  const set = contractSet(contracts, weightOf, options);
  contracts.forEach(({ name, from, to }, index) => {
    if (from.endsWith('-01') && to.endsWith('-01')) return;
    throw refusal('contract_not_of_months', `"${name}" does not cover whole months`, {
      field: `${options.field ?? 'contracts'}[${index}]`,
      remedy: 'Give contracts from the first of a month to the first of another.',
    });
  });
  const prices = piecePrices(set);
  return set.pieces.flatMap(({ from, to, covered, determined }, index) => {
    const months: BootstrappedMonth[] = [];
    for (let month = from; covered && month < to; month = addMonths(month, 1)) {
      months.push({ month, price: prices[index]!, determined });
    }
    return months;
  });
}

/**
 * Minimises the sum of (x_{i+1} - x_i)^2 subject to the contracts, by its Karush-Kuhn-Tucker equations. A contract's multiplier
 * stands beside the middle of its pieces, which keeps the matrix a narrow band.
 */
function piecePrices({ contracts, pieces }: ContractSet): Float64Array {
  const keys = [
    ...pieces.map((_, index) => index),
    ...contracts.map(({ first_piece, end_piece }) => (first_piece + end_piece - 1) / 2 + 0.25),
  ];
  const place = positions(keys);
  const level = contracts[0]!.price;
  const entries: Entry[] = [];
  const right = new Float64Array(keys.length);
  for (let index = 0; index + 1 < pieces.length; index++) {
    const [a, b] = [place[index]!, place[index + 1]!];
    entries.push([a, a, 1], [b, b, 1], [a, b, -1], [b, a, -1]);
  }
  contracts.forEach(({ first_piece, end_piece, weight, price }, index) => {
    const row = place[pieces.length + index]!;
    for (let piece = first_piece; piece < end_piece; piece++) {
      const share = pieces[piece]!.weight / weight;
      entries.push([row, place[piece]!, share], [place[piece]!, row, share]);
    }
    // Prices relative to one of them: equal quotes then give exactly their price.
    right[row] = price - level;
  });
  const solution = solveLinear(entries, right)!;
  return Float64Array.from(pieces, (_, index) => level + solution[place[index]!]!);
}
