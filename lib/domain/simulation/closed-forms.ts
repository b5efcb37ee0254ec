/**
 * What options are worth in formulas, to hold simulations against. Knows no paths.
 * Sources: Black, "The pricing of commodity contracts", J. Financial Economics 3, 1976; Kirk, "Correlation in the energy
 * markets", in Managing Energy Price Risk, 1995, as in Haug, "The Complete Guide to Option Pricing Formulas", 2007, ch. 5.
 */
import { exp, log } from './elementary.ts';

export interface Black76 {
  readonly kind: 'call' | 'put';
  /** Price and strike, both above 0. */
  readonly forward: number;
  readonly strike: number;
  /** Standard deviation of the log price at expiry: volatility x sqrt(years), or the root of a model's variance. */
  readonly deviation: number;
  readonly discount_factor: number;
}

/** Value today, in the price's unit. With no deviation: what it is worth at the forward. */
export function black76({ kind, forward, strike, deviation, discount_factor }: Black76): number {
  const sign = kind === 'call' ? 1 : -1;
  if (deviation === 0) return discount_factor * Math.max(0, sign * (forward - strike));
  const above = log(forward / strike) / deviation + deviation / 2;
  const below = above - deviation;
  return discount_factor * sign * (forward * normalCdf(sign * above) - strike * normalCdf(sign * below));
}

export interface KirkSpread {
  /** Option on forward_1 - forward_2 at `strike`; forward_2 + strike above 0. */
  readonly forward_1: number;
  readonly forward_2: number;
  readonly strike: number;
  /** Per square root of a year. */
  readonly volatility_1: number;
  readonly volatility_2: number;
  readonly correlation: number;
  readonly years: number;
  /** Continuously compounded, per year. */
  readonly rate: number;
}

/** European call on a spread, Kirk's approximation; exact at strike 0 (Margrabe). */
export function kirkSpreadCall(terms: KirkSpread): number {
  const { forward_1, forward_2, strike, volatility_1, volatility_2, correlation, years, rate } = terms;
  const base = forward_2 + strike;
  const second = (volatility_2 * forward_2) / base;
  const variance = volatility_1 ** 2 - 2 * correlation * volatility_1 * second + second ** 2;
  return (
    base *
    black76({
      kind: 'call',
      forward: forward_1 / base,
      strike: 1,
      deviation: Math.sqrt(Math.max(0, variance) * years),
      discount_factor: exp(-rate * years),
    })
  );
}

const NUMERATOR = [
  220.206867912376, 221.213596169931, 112.079291497871, 33.912866078383, 6.37396220353165, 0.700383064443688,
  0.0352624965998911,
];
const DENOMINATOR = [
  440.413735824752, 793.826512519948, 637.333633378831, 296.564248779674, 86.7807322029461, 16.064177579207,
  1.75566716318264, 0.0883883476483184,
];
const FAR = 7.07106781186547;

/**
 * Probability that a standard normal number is below x, within 1e-15 (far out: within 1e-8 of itself).
 * Source: Hart, "Computer Approximations", 1968, algorithm 5666, as in West, "Better approximations to cumulative normal
 * functions", Wilmott, May 2005.
 */
export function normalCdf(x: number): number {
  const far = Math.abs(x);
  const above = upperTail(far);
  return x > 0 ? 1 - above : above;
}

function upperTail(x: number): number {
  if (x > 37) return 0;
  const density = exp(-0.5 * x * x);
  if (x < FAR) return (density * polynomial(NUMERATOR, x)) / polynomial(DENOMINATOR, x);
  const fraction = [4, 3, 2, 1].reduce((below, term) => x + term / below, x + 0.65);
  return density / fraction / 2.506628274631;
}

/** Coefficients from the constant term up. */
const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);

/** The x below which a standard normal number lies with that probability (0 to 1), by halving. */
export function normalQuantile(probability: number): number {
  let low = -40;
  let high = 40;
  for (let turn = 0; turn < 100; turn++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
