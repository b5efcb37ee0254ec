/**
 * A contract reduced to numbers per month, so that its value on a path of prices and volumes is a tight loop:
 *   value = sum over months of g x (constant + slope x P + bounded x min(max(P, floor), cap))
 * P the month's reference price, g its volume factor (1: as expected); discounted, before upfront payment and credit. Its value
 * at the forward prices is the valuation's, its derivative the deltas. Knows no contract, no generator, no thread.
 */
import type { EnsembleBlock, PathValuation } from '../simulation/model.ts';
import {
  bounded,
  deliveredShare,
  type MonthState,
  negativeShare,
  type SettlementRule,
  settledPriceLine,
} from './settlement.ts';

/** One entry per delivery month. */
export interface CashflowKernel {
  readonly constant: Float64Array;
  readonly slope: Float64Array;
  readonly bounded: Float64Array;
  readonly floor: Float64Array;
  readonly cap: Float64Array;
}

interface KernelMonth {
  readonly constant: number;
  readonly slope: number;
  readonly bounded: number;
  readonly floor: number;
  readonly cap: number;
}

export function kernelOf(
  rule: SettlementRule,
  states: readonly MonthState[],
  discount_factors: readonly number[],
): CashflowKernel {
  const months = states.map((state, index) => kernelMonth(rule, state, discount_factors[index]!));
  const column = (name: keyof KernelMonth) => Float64Array.from(months, (month) => month[name]);
  return {
    constant: column('constant'),
    slope: column('slope'),
    bounded: column('bounded'),
    floor: column('floor'),
    cap: column('cap'),
  };
}

/** A price that moves less than this part of the reference's move does not move: bounds in the reference would be infinite. */
const LEAST_SLOPE = 1e-12;

/** The settlement's formula with everything but the reference price P put in; b(a P + c) is written in P itself. */
function kernelMonth(rule: SettlementRule, state: MonthState, discount_factor: number): KernelMonth {
  const { strike, sign } = rule;
  const isCollar = strike === null;
  const share = negativeShare(rule, state);
  const line = settledPriceLine(rule, state);
  const weight = sign * state.volume_mwh * discount_factor;
  const delivered = state.volume_mwh * deliveredShare(rule, state) * discount_factor;
  const apart = apartLine(rule, state);
  const paid = rule.clause === 'settled' || rule.clause === 'zero_reference' ? 1 : 1 - share;
  const strikes = isCollar ? 0 : strike * state.strike_multiple * paid;
  const linear = isCollar ? 1 - share : 0;
  const inBounds = (isCollar ? -1 : 1) * (1 - share) * weight;
  const balancing = rule.bears_balancing * delivered;
  const rest =
    weight * (share * apart.intercept + linear * line.intercept - strikes) +
    sign * delivered * state.certificates_per_mwh -
    balancing * state.balancing_per_mwh;
  const slope = weight * (share * apart.slope + linear * line.slope) - balancing * state.balancing_share;
  if (Math.abs(line.slope) < LEAST_SLOPE) {
    return {
      constant: rest + inBounds * bounded(rule, line.intercept),
      slope,
      bounded: 0,
      floor: -Infinity,
      cap: Infinity,
    };
  }
  const ends = [(rule.floor - line.intercept) / line.slope, (rule.cap - line.intercept) / line.slope];
  return {
    constant: rest + inBounds * line.intercept,
    slope,
    bounded: inBounds * line.slope,
    floor: Math.min(...ends),
    cap: Math.max(...ends),
  };
}

/** Net worth per MWh of the hours below 0 that are apart, strike aside, as a line in P. */
function apartLine(
  rule: SettlementRule,
  { profile, basis }: MonthState,
): { slope: number; intercept: number } {
  const { factor, offset } = profile.negative;
  if (rule.clause === 'zero_price') return { slope: factor, intercept: offset + basis };
  if (rule.clause !== 'zero_reference') return { slope: 0, intercept: 0 };
  const atZero = bounded(rule, 0);
  return { slope: 0, intercept: rule.strike === null ? -atZero : atZero };
}

/** Value on one path. */
export function kernelValue(
  kernel: CashflowKernel,
  prices: ArrayLike<number>,
  volumes?: ArrayLike<number>,
): number {
  let value = 0;
  for (let month = 0; month < kernel.constant.length; month++) {
    const price = prices[month]!;
    const inBounds = Math.min(Math.max(price, kernel.floor[month]!), kernel.cap[month]!);
    const worth = kernel.constant[month]! + kernel.slope[month]! * price + kernel.bounded[month]! * inBounds;
    value += worth * (volumes === undefined ? 1 : volumes[month]!);
  }
  return value;
}

/** d value / d price of a month: its slope, and the bounded part's where the price is between floor and cap. */
export function kernelSlope(kernel: CashflowKernel, month: number, price: number): number {
  const isInside = price > kernel.floor[month]! && price < kernel.cap[month]!;
  return kernel.slope[month]! + (isInside ? kernel.bounded[month]! : 0);
}

/** Values of a block of simulated paths, added to `present_values`. */
export function kernelValuation(kernel: CashflowKernel): PathValuation {
  return (block, present_values) => {
    for (let month = 0; month < kernel.constant.length; month++)
      addMonth(kernel, month, block, present_values);
  };
}

function addMonth(
  kernel: CashflowKernel,
  month: number,
  { prices, volumes, paths, stride }: EnsembleBlock,
  present_values: Float64Array,
): void {
  const constant = kernel.constant[month]!;
  const slope = kernel.slope[month]!;
  const inBounds = kernel.bounded[month]!;
  const floor = kernel.floor[month]!;
  const cap = kernel.cap[month]!;
  const first = month * stride;
  for (let path = 0; path < paths; path++) {
    const price = prices[first + path]!;
    const held = price < floor ? floor : price > cap ? cap : price;
    const worth = constant + slope * price + inBounds * held;
    present_values[path]! += volumes === undefined ? worth : worth * volumes[first + path]!;
  }
}
