/**
 * Money on a grid: every amount of a valuation is rounded to a multiple of one power of two, fine enough to be below the last
 * digits of a double, coarse enough that sums of all amounts are exact. So parts add up to their total to the last bit, in any
 * order. Knows no contract.
 */

/** Sums of twice the amounts stay below 2^53 multiples of the grid. */
const GRID_BITS = 51;
/** Below it nothing is money, and steps of a grid would no longer be numbers. */
const LEAST_SCALE = 2 ** -900;

/** Rounds (half to even, so that a payer's and a payee's amounts agree) to the grid for amounts whose absolute values sum to `scale`. */
export function moneyGrid(scale: number): (amount: number) => number {
  if (!(scale > LEAST_SCALE)) return () => 0;
  const step = 2 ** (Math.ceil(Math.log2(scale)) - GRID_BITS);
  // At this size the last binary digit of a double is one step: adding it rounds, and taking it away is exact.
  const rounder = 1.5 * 2 ** 52 * step;
  return (amount) => amount + rounder - rounder + 0;
}
