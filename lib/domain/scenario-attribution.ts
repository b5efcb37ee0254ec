/**
 * Shares of a common change: the Shapley value, the one division whose parts sum to the whole, that gives nothing to who
 * changes nothing, the same to who does the same, and does not depend on an order.
 *
 *   share_i = sum over S without i of |S|! (n - |S| - 1)! / n! x (v(S + i) - v(S))
 *
 * Exact over all 2^n coalitions. Source: Shapley, "A Value for n-Person Games", 1953. Knows nothing of prices.
 */

/**
 * @param value what the coalition (bit i = player i) is worth in each of the cells; value(0) is 0 everywhere.
 * @returns shares[player][cell]
 */
export function shapleyShares(
  players: number,
  cells: number,
  value: (coalition: number) => Float64Array,
): Float64Array[] {
  const worth = Array.from({ length: 1 << players }, (_, coalition) => value(coalition));
  const weights = coalitionWeights(players);
  return Array.from({ length: players }, (_, player) => {
    const share = new Float64Array(cells);
    for (let without = 0; without < 1 << players; without++) {
      if (((without >> player) & 1) === 1) continue;
      const before = worth[without]!;
      const after = worth[without | (1 << player)]!;
      const weight = weights[bitCount(without)]!;
      // The difference first: who changes nothing gets nothing, to the last bit.
      for (let cell = 0; cell < cells; cell++) share[cell]! += weight * (after[cell]! - before[cell]!);
    }
    return share;
  });
}

/** |S|! (n - |S| - 1)! / n! = 1 / (n x C(n-1, |S|)), by |S|. */
function coalitionWeights(players: number): number[] {
  const weights: number[] = [];
  let choose = 1;
  for (let size = 0; size < players; size++) {
    weights.push(1 / (players * choose));
    choose = (choose * (players - 1 - size)) / (size + 1);
  }
  return weights;
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
