/**
 * From flat power at the reference price to the contract's value, one part at a time. Knows no date.
 *   baseload      the undegraded energy of all months, delivered flat over the hours, settled against the reference alone
 *   profile       when it is produced: month by month, at the captured price
 *   volume        degradation, and the hours below 0 a clause treats apart
 *   basis         the contract's location
 *   balancing, certificates, upfront, credit     each added
 * Each step is the difference of two full valuations, so floor and cap act in every one of them. All totals lie on the money
 * grid: the steps sum to the value exactly, in any order.
 */

import type { WATERFALL_STEPS } from '#schemas/ppa-valuation.ts';
import { stableSum } from '../strips.ts';
import type { PricedMonth } from './month-states.ts';
import { type MonthState, type SettlementRule, settleMonth, settlementSum } from './settlement.ts';

type Step = (typeof WATERFALL_STEPS)[number];
export type MonthStep = Exclude<Step, 'upfront' | 'credit'>;

export interface WaterfallStep {
  readonly step: Step;
  readonly value: number;
  readonly total: number;
}

const MONTH_STEPS: readonly MonthStep[] = [
  'baseload',
  'profile',
  'volume',
  'basis',
  'balancing',
  'certificates',
];
const UNSHAPED = { factor: 1, offset: 0, negative: { share: 0, factor: 0, offset: 0 } };

/** Discounted value of all months up to and including each month step, month by month. */
export function monthTotals(
  rule: SettlementRule,
  months: readonly PricedMonth[],
): Record<MonthStep, Float64Array> {
  const gross_mwh = stableSum(months.map((month) => month.gross_mwh));
  const hours = stableSum(months.map(({ delivery }) => delivery.hours));
  const totals = Object.fromEntries(
    MONTH_STEPS.map((step) => [step, new Float64Array(months.length)]),
  ) as Record<MonthStep, Float64Array>;
  for (const [index, month] of months.entries()) {
    const flat_mwh = (gross_mwh * month.delivery.hours) / hours;
    const states = statesOf(month, flat_mwh);
    for (const step of MONTH_STEPS) {
      totals[step][index] = settlementSum(settleMonth(rule, states[step])) * month.delivery.discount_factor;
    }
  }
  return totals;
}

function statesOf({ state, gross_mwh }: PricedMonth, flat_mwh: number): Record<MonthStep, MonthState> {
  const { profile } = state;
  const bare = { ...state, basis: 0, balancing_per_mwh: 0, balancing_share: 0, certificates_per_mwh: 0 };
  const withoutClause = { ...profile, negative: UNSHAPED.negative };
  const located = { ...bare, basis: state.basis };
  return {
    baseload: { ...bare, volume_mwh: flat_mwh, profile: UNSHAPED },
    profile: { ...bare, volume_mwh: gross_mwh, profile: withoutClause },
    volume: bare,
    basis: located,
    balancing: {
      ...located,
      balancing_per_mwh: state.balancing_per_mwh,
      balancing_share: state.balancing_share,
    },
    certificates: state,
  };
}

/**
 * @param totals of the months, not yet on the grid
 * @param upfront,credit present values
 */
export function waterfall(
  totals: Record<MonthStep, Float64Array>,
  upfront: number,
  credit: number,
  onGrid: (amount: number) => number,
): readonly WaterfallStep[] {
  let total = 0;
  const monthSteps = MONTH_STEPS.map((step): [Step, number] => {
    const next = totals[step].reduce((sum, amount) => sum + onGrid(amount), 0);
    const value = next - total;
    total = next;
    return [step, value];
  });
  let running = 0;
  return [...monthSteps, ['upfront', onGrid(upfront)] as const, ['credit', onGrid(credit)] as const].map(
    ([step, value]) => {
      running += value;
      return { step, value, total: running };
    },
  );
}
