/**
 * Decimal digits to the nearest double, bit for bit what `Number(text)` gives, without making a string.
 * Knows arithmetic only.
 */

const EXACT_INTEGER_DIGITS = 15;
const MOST_POWER = 22;

/** 10^0 .. 10^22: every one of them is a double. */
const POWERS = Float64Array.from({ length: MOST_POWER + 1 }, (_, power) => Number(`1e${power}`));
const POWERS_HIGH = POWERS.map(highHalf);

/** Digits the two halves of a mantissa hold. */
export const HALF_DIGITS = 9;

/**
 * `(high x 10^(digits - 9) + low) / 10^decimals`, correctly rounded; NaN when that cannot be told cheaply and the
 * caller must ask `Number`. `high` holds the first 9 significant digits (all, if fewer), `low` the next up to 9.
 */
export function nearestDouble(high: number, low: number, digits: number, decimals: number): number {
  if (digits > 2 * HALF_DIGITS || decimals > MOST_POWER || decimals < -MOST_POWER) return Number.NaN;
  // Exact: 999,999,999 x 5^9 is below 2^53, and the factor 2^9 costs no digit.
  const scaled = digits > HALF_DIGITS ? high * POWERS[digits - HALF_DIGITS]! : high;
  if (digits <= EXACT_INTEGER_DIGITS) {
    // Two exact operands and one operation: one rounding, the right one (Clinger's fast path).
    return decimals < 0 ? (scaled + low) * POWERS[-decimals]! : (scaled + low) / POWERS[decimals]!;
  }
  return decimals < 0 ? Number.NaN : nearestQuotient(scaled, low, decimals);
}

/**
 * `(scaled + low) / 10^decimals` for a sum beyond 2^53. The quotient of the rounded sum is corrected by its exact
 * remainder; the correction is known to 2^-50 of itself, and when that doubt could change the result, the answer is NaN.
 */
function nearestQuotient(scaled: number, low: number, decimals: number): number {
  const sum = scaled + low;
  const lost = low - (sum - scaled);
  const power = POWERS[decimals]!;
  const quotient = sum / power;
  // Dekker's exact product quotient x power = product + rest.
  const quotientHigh = highHalf(quotient);
  const quotientLow = quotient - quotientHigh;
  const powerHigh = POWERS_HIGH[decimals]!;
  const powerLow = power - powerHigh;
  const product = quotient * power;
  const rest =
    quotientLow * powerLow -
    (product - quotientHigh * powerHigh - quotientLow * powerHigh - quotientHigh * powerLow);
  const correction = (sum - product - rest + lost) / power;
  const doubt = correction * 2 ** -50;
  const nearest = quotient + (correction + doubt);
  return nearest === quotient + (correction - doubt) ? nearest : Number.NaN;
}

/** The upper 26 bits of a double's mantissa (Veltkamp). */
function highHalf(value: number): number {
  const scaled = value * 134_217_729;
  return scaled - (scaled - value);
}
