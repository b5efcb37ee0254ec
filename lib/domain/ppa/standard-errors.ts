/**
 * How far the figures of a simulated sample may be from those of infinitely many paths. Knows no contract.
 *
 * Each figure is, to first order, a mean over the paths of its influence function I; its error is the standard deviation of I /
 * sqrt(n). Antithetic pairs count as one draw, with the mean of their two influences.
 *   mean           I = x - mean
 *   quantile q     I = (p - [x <= q]) / f(q), f the density: as many paths lie within sqrt(n p (1 - p)) ranks of q as the
 *                  binomial law lets q wander, so their span is what 1 / f is taken from
 *   tail mean t    I = (x - q) [x <= q] / p + q - t
 *   VaR, CVaR      I of the mean less that of the quantile, of the tail mean
 * A quantile is one of the paths: no error of it is below half the distance to the next, however pairs cancel.
 * Sources: Serfling, "Approximation Theorems of Mathematical Statistics", 1980, ch. 2.3, 2.5 (quantiles); Manistre, Hancock,
 * "Variance of the CTE Estimator", North American Actuarial Journal 9(2), 2005 (tail means); Glasserman, "Monte Carlo Methods in
 * Financial Engineering", 2003, ch. 4.2 (pairs).
 */

export const STANDARD_ERROR_METHOD = 'influence functions of the paths, antithetic pairs as one';

interface StandardErrors {
  readonly mean: number;
  /** @param probability of what lies below */
  quantile(probability: number): number;
  tail(probability: number): {
    readonly tail_mean: number;
    readonly value_at_risk: number;
    readonly conditional_value_at_risk: number;
  };
}

/** Half a rank. */
const LEAST_RANKS = 0.5;

/** @param values one per path, in path order: antithetic paths lie side by side @param sorted the same, ascending */
export function standardErrors(
  values: Float64Array,
  sorted: Float64Array,
  mean: number,
  antithetic: boolean,
): StandardErrors {
  const error = (influence: (value: number) => number) =>
    antithetic ? errorOfPairs(values, influence) : errorOfPaths(values, influence);
  const onMean = (value: number) => value - mean;
  /** @param of_mean 0: of the quantile; 1: of the mean less the quantile */
  const quantileError = (probability: number, of_mean: 0 | 1) => {
    const rank_span = rankSpan(sorted, probability);
    const edge = quantile(sorted, probability);
    const per_probability = rank_span * values.length;
    const onQuantile = (value: number) => (probability - (value <= edge ? 1 : 0)) * per_probability;
    const found = error((value) => of_mean * onMean(value) - onQuantile(value));
    const least = LEAST_RANKS * rank_span;
    // Not Math.hypot, whose last digits are each engine's own.
    return Math.sqrt(found * found + least * least);
  };
  return {
    mean: error(onMean),
    quantile: (probability) => quantileError(probability, 0),
    tail(probability) {
      const tail = tailOf(sorted, probability);
      const onTail = (value: number) =>
        (value <= tail.edge ? (value - tail.edge) / tail.share : 0) + tail.edge - tail.mean;
      // The tail's mean is of these few paths themselves.
      const freedom = Math.sqrt(tail.count / Math.max(1, tail.count - 1));
      return {
        tail_mean: freedom * error(onTail),
        value_at_risk: quantileError(probability, 1),
        conditional_value_at_risk: freedom * error((value) => onMean(value) - onTail(value)),
      };
    },
  };
}

/** Linear between order statistics, position p (n - 1). */
export function quantile(sorted: Float64Array, probability: number): number {
  return atRank(sorted, probability * (sorted.length - 1));
}

/** Paths in the tail; 0.05 x 10,000 is 500 whatever the last digits of 1 - 0.95 are. */
export function tailCount(paths: number, probability: number): number {
  return Math.max(1, Math.ceil(probability * paths - 1e-9));
}

function atRank(sorted: Float64Array, rank: number): number {
  const below = Math.floor(rank);
  const low = sorted[below]!;
  return low + (rank - below) * ((sorted[below + 1] ?? low) - low);
}

/** Distance from one path to the next around the quantile. */
function rankSpan(sorted: Float64Array, probability: number): number {
  const last = sorted.length - 1;
  const reach = Math.sqrt(sorted.length * probability * (1 - probability));
  const [low, high] = [Math.max(0, probability * last - reach), Math.min(last, probability * last + reach)];
  return (atRank(sorted, high) - atRank(sorted, low)) / (high - low);
}

/** The tail whose mean is taken: how many paths, their share of all, and the value between its best path and the next. */
function tailOf(sorted: Float64Array, probability: number) {
  const count = tailCount(sorted.length, probability);
  let sum = 0;
  for (let path = 0; path < count; path++) sum += sorted[path]!;
  const edge = atRank(sorted, Math.min(count - 0.5, sorted.length - 1));
  return { count, share: count / sorted.length, edge, mean: sum / count };
}

function errorOfPaths(values: Float64Array, influence: (value: number) => number): number {
  const { length } = values;
  let sum = 0;
  let squares = 0;
  for (let path = 0; path < length; path++) {
    const one = influence(values[path]!);
    sum += one;
    squares += one * one;
  }
  return errorOf(sum, squares, length);
}

function errorOfPairs(values: Float64Array, influence: (value: number) => number): number {
  const pairs = values.length / 2;
  let sum = 0;
  let squares = 0;
  for (let pair = 0; pair < pairs; pair++) {
    const one = (influence(values[2 * pair]!) + influence(values[2 * pair + 1]!)) / 2;
    sum += one;
    squares += one * one;
  }
  return errorOf(sum, squares, pairs);
}

/** Influences are about 0 on average, so their squares lose no digits. */
function errorOf(sum: number, squares: number, draws: number): number {
  const mean = sum / draws;
  return Math.sqrt(Math.max(0, squares / draws - mean * mean) / (draws - 1));
}
