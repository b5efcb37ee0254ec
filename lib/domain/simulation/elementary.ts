/**
 * exp and log from + - * / alone, so that every machine gets the same bits; exp is also what the inner loop of a
 * simulation spends most of its time in. Both within 1.5 units in the last place. Knows no randomness.
 */

const PARTS = 128;
const PARTS_PER_E = PARTS / Math.LN2;
/** ln 2 in two parts, the first short enough that its product with a whole number is exact. Source: fdlibm e_exp.c. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const STEP_HIGH = LN2_HIGH / PARTS;
const STEP_LOW = LN2_LOW / PARTS;
/** Adding and taking away 1.5 x 2^52 rounds to the nearest whole number. */
const ROUND = 6_755_399_441_055_744;
const MIN_EXPONENT = -1_022;
const SMALLEST = -708;
const LARGEST = 709;

const ROOTS = rootsOfTwo();
const POWERS = powersOfTwo();

/** e^x = 2^k x 2^(j/128) x e^r with |r| < 0.0028. 0 below e^-708, Infinity above e^709. */
export function exp(x: number): number {
  if (!(x > SMALLEST && x < LARGEST)) return x >= LARGEST ? Number.POSITIVE_INFINITY : x <= SMALLEST ? 0 : x;
  const steps = x * PARTS_PER_E + ROUND - ROUND;
  const r = x - steps * STEP_HIGH - steps * STEP_LOW;
  const whole = steps | 0;
  const root = ROOTS[whole & (PARTS - 1)]!;
  const tail = r + r * r * (0.5 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120))));
  return (root + root * tail) * POWERS[(whole >> 7) - MIN_EXPONENT]!;
}

/** Natural logarithm of a positive finite number. */
export function log(x: number): number {
  let mantissa = x;
  let twos = 0;
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    twos--;
  }
  while (mantissa > Math.SQRT2) {
    mantissa /= 2;
    twos++;
  }
  // ln m = 2 artanh s; |s| < 0.172, so the terms left out are below 1e-19.
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let series = 0;
  for (let odd = 23; odd >= 3; odd -= 2) series = (series + 1 / odd) * square;
  return twos * LN2_HIGH + (2 * s + (2 * s * series + twos * LN2_LOW));
}

/** (1 - e^-x) / x, 1 at x = 0: the mean of e^-u over u from 0 to x. Without the cancellation at small x. */
export function meanDecay(x: number): number {
  if (Math.abs(x) > 0.5) return (1 - exp(-x)) / x;
  let sum = 0;
  for (let order = 15; order >= 1; order--) sum = ((1 - sum) * x) / (order + 1);
  return 1 - sum;
}

/** 2^(j/128), correctly rounded from whole numbers of 120 binary places. */
function rootsOfTwo(): Float64Array {
  const one = 1n << 120n;
  let root = 2n * one;
  for (let parts = PARTS; parts > 1; parts /= 2) root = squareRoot(root * one);
  const roots = new Float64Array(PARTS);
  let power = one;
  for (let j = 0; j < PARTS; j++) {
    roots[j] = Number(power) / Number(one);
    power = (power * root) / one;
  }
  return roots;
}

/** Whole part of the root, by Newton from above. */
function squareRoot(value: bigint): bigint {
  let root = value;
  let next = (root + 1n) / 2n;
  while (next < root) {
    root = next;
    next = (root + value / root) / 2n;
  }
  return root;
}

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(2 * -MIN_EXPONENT + 2);
  for (let index = 0, power = 2 ** MIN_EXPONENT; index < powers.length; index++, power *= 2)
    powers[index] = power;
  return powers;
}
