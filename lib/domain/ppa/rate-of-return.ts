/**
 * Net present value and every internal rate of return of flows at equal steps. Knows no calendar and no contract.
 *
 * NPV(r) = sum of c_t / (1 + r)^t, the flow of step 0 not discounted (numpy-financial's convention). With x = 1 / (1 + r) the
 * rates above -100 % are the positive roots of p(x) = sum of c_t x^t. By Descartes there are at most as many as the flows
 * change sign. All are found: d/dx (x^-j p) with j between the steps of a sign change has one sign change less, and between its
 * roots p x^-j is monotone, so each such stretch holds at most one root. (Laguerre's proof of Descartes' rule, used as a method.)
 */

export function netPresentValue(rate: number, flows: readonly number[]): number {
  let value = 0;
  for (let step = flows.length - 1; step >= 0; step--) value = value / (1 + rate) + flows[step]!;
  return value;
}

export interface RatesOfReturn {
  readonly sign_changes: number;
  /** Per step, ascending. */
  readonly rates: readonly number[];
}

/** Flows below this part of the greatest are rounding, not money: they would make rates of their own. */
const LEAST_FLOW = 1e-14;

export function ratesOfReturn(given: readonly number[]): RatesOfReturn {
  const least = LEAST_FLOW * given.reduce((most, flow) => Math.max(most, Math.abs(flow)), 0);
  const flows = given.map((flow) => (Math.abs(flow) > least ? flow : 0));
  const first = flows.findIndex((flow) => flow !== 0);
  const last = flows.findLastIndex((flow) => flow !== 0);
  const coefficients = first === -1 ? [] : flows.slice(first, last + 1);
  const rates = positiveRoots(coefficients).map((x) => 1 / x - 1);
  return { sign_changes: signChange(coefficients).count, rates: rates.sort((a, b) => a - b) };
}

/** How often the sign changes, and the exponent halfway between the steps of the first change. */
function signChange(coefficients: readonly number[]): { count: number; between: number } {
  let count = 0;
  let between = 0;
  let before = -1;
  for (let step = 0; step < coefficients.length; step++) {
    const value = coefficients[step]!;
    if (value === 0) continue;
    if (before >= 0 && value > 0 !== coefficients[before]! > 0) {
      if (count === 0) between = (step + before) / 2;
      count++;
    }
    before = step;
  }
  return { count, between };
}

/** Exponents at steps of one; c_0 and the last are not 0. Roots ascending. */
function positiveRoots(coefficients: readonly number[]): readonly number[] {
  const { count, between } = signChange(coefficients);
  if (count === 0) return [];
  const turns =
    count === 1 ? [] : positiveRoots(scaled(coefficients.map((value, step) => value * (step - between))));
  const roots: number[] = [];
  const ends = [0, ...turns, Infinity];
  for (let index = 0; index + 1 < ends.length; index++) {
    const [low, high] = [ends[index]!, ends[index + 1]!];
    const root = rootBetween(coefficients, low, high);
    if (root !== undefined && root !== roots.at(-1)) roots.push(root);
  }
  return roots;
}

/** Greatest absolute value 1: derivative upon derivative stays within doubles. */
function scaled(coefficients: readonly number[]): readonly number[] {
  const greatest = coefficients.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return coefficients.map((value) => value / greatest);
}

/** p scaled to be neither lost nor infinite: p(x) for x <= 1, p(x) / x^n beyond. Its sign is p's. */
function valueAt(coefficients: readonly number[], x: number): number {
  let value = 0;
  if (x <= 1)
    for (let step = coefficients.length - 1; step >= 0; step--) value = value * x + coefficients[step]!;
  else for (let step = 0; step < coefficients.length; step++) value = value / x + coefficients[step]!;
  return value;
}

/** Terms cancel to less than this part of their sum: as good as 0 (a root that only touches). */
const TOUCHES = 1e-14;

function isRoot(coefficients: readonly number[], x: number): boolean {
  const size = valueAt(coefficients.map(Math.abs), x);
  return Math.abs(valueAt(coefficients, x)) <= TOUCHES * size;
}

function rootBetween(coefficients: readonly number[], low: number, high: number): number | undefined {
  if (low > 0 && isRoot(coefficients, low)) return low;
  if (high < Infinity && isRoot(coefficients, high)) return undefined;
  // At the ends of (0, infinity) the first and the last flow decide.
  const atLow = low === 0 ? coefficients[0]! : valueAt(coefficients, low);
  const atHigh = high === Infinity ? coefficients.at(-1)! : valueAt(coefficients, high);
  if (atLow > 0 === atHigh > 0) return undefined;
  const isLowSide = (x: number) => valueAt(coefficients, x) > 0 === atLow > 0;
  let from = low > 0 ? low : Math.min(1, high) / 2;
  while (low === 0 && from > Number.MIN_VALUE && !isLowSide(from)) from /= 2;
  let to = high < Infinity ? high : 2 * Math.max(1, low);
  while (high === Infinity && to < Number.MAX_VALUE / 2 && isLowSide(to)) to *= 2;
  return rootWithin((x) => valueAt(coefficients, x), from, to);
}

/**
 * Root of a continuous function that has opposite signs at the ends: inverse quadratic interpolation where it is safe, halving
 * where it is not; ends at the spacing of doubles. Source: Chandrupatla, "A new hybrid quadratic/bisection algorithm for finding
 * the zero of a nonlinear function without using derivatives", Advances in Engineering Software 28(3), 1997.
 */
export function rootWithin(value: (x: number) => number, low: number, high: number): number {
  let [a, b, c] = [low, high, high];
  let [atA, atB, atC] = [value(low), value(high), 0];
  let part = 0.5;
  for (let step = 0; step < 500; step++) {
    const x = a + part * (b - a);
    const atX = value(x);
    if (atX > 0 === atA > 0) [c, atC] = [a, atA];
    else [b, c, atB, atC] = [a, b, atA, atB];
    [a, atA] = [x, atX];
    const [best, atBest] = Math.abs(atA) < Math.abs(atB) ? [a, atA] : [b, atB];
    const least = (2 * Number.EPSILON * Math.abs(best) + Number.MIN_VALUE) / Math.abs(b - a);
    if (atBest === 0 || least > 0.5) return best;
    const xi = (a - b) / (c - b);
    const phi = (atA - atB) / (atC - atB);
    const isSafe = phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi;
    const quadratic = () =>
      (atA / (atB - atA)) * (atC / (atB - atC)) +
      ((c - a) / (b - a)) * (atA / (atC - atA)) * (atB / (atC - atB));
    part = Math.min(1 - least, Math.max(least, isSafe ? quadratic() : 0.5));
  }
  return Math.abs(atA) < Math.abs(atB) ? a : b;
}
