/**
 * The price at which a contract is worth nothing: its base strike, or what a collar's floor and cap are shifted by. In closed form
 * where the value is linear in it, else solved. Knows no date.
 *
 * With a strike: value = A - K x D (A without the strike, D per unit of it), so K = A / D. A collar's value falls with the shift,
 * and credit bends the line; there the root is bracketed and found to the last digits.
 */
import { type CreditCurve, creditAdjustment } from './credit.ts';
import type { PricedMonth } from './month-states.ts';
import { rootWithin } from './rate-of-return.ts';
import { type SettlementRule, settleMonth, settlementSum } from './settlement.ts';

export interface BreakEven {
  readonly of: 'strike' | 'collar_shift';
  readonly value: number | null;
  readonly method: 'closed_form' | 'solved';
}

/** @param upfront its present value */
export function breakEven(
  rule: SettlementRule,
  months: readonly PricedMonth[],
  upfront: number,
  credit: CreditCurve | undefined,
): BreakEven {
  const of = rule.strike === null ? 'collar_shift' : 'strike';
  const worth = (price: number): number => {
    const moved = movedRule(rule, price);
    const present_values = months.map(
      ({ state, delivery }) => settlementSum(settleMonth(moved, state)) * delivery.discount_factor,
    );
    return (
      present_values.reduce((sum, value) => sum + value, upfront) + creditAdjustment(credit, present_values)
    );
  };
  if (of === 'strike' && credit === undefined) {
    const scale = greatestReference(months);
    const perUnit = (worth(0) - worth(scale)) / scale;
    return { of, value: perUnit === 0 ? null : worth(0) / perUnit + 0, method: 'closed_form' };
  }
  return { of, value: solved(worth, months), method: 'solved' };
}

function movedRule(rule: SettlementRule, price: number): SettlementRule {
  if (rule.strike !== null) return { ...rule, strike: price };
  return { ...rule, floor: rule.floor + price, cap: rule.cap + price };
}

/** A price of the size that matters here: differences over it lose no digits. */
function greatestReference(months: readonly PricedMonth[]): number {
  return months.reduce((most, { state }) => Math.max(most, Math.abs(state.reference)), 1);
}

const MAX_DOUBLINGS = 40;

function solved(worth: (price: number) => number, months: readonly PricedMonth[]): number | null {
  const atZero = worth(0);
  if (atZero === 0) return 0;
  for (const direction of [1, -1]) {
    let reach = greatestReference(months);
    for (let doubling = 0; doubling < MAX_DOUBLINGS; doubling++, reach *= 2) {
      const far = worth(direction * reach);
      if (far === 0) return direction * reach;
      if (far > 0 !== atZero > 0) return rootWithin(worth, 0, direction * reach) + 0;
    }
  }
  return null;
}
