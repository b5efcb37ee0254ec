/**
 * Levelised prices, capture, rates of return and deltas of a valued contract. Knows how to weigh, not where numbers come from.
 */
import type { PpaCashflow, PpaValuation } from '#schemas/ppa-valuation.ts';
import { stableSum } from '../strips.ts';
import { monthsBetween } from '../tenor.ts';
import { type CashflowKernel, kernelSlope } from './cashflow-kernel.ts';
import { type CreditCurve, creditSensitivities } from './credit.ts';
import { ratesOfReturn } from './rate-of-return.ts';

type Upfront = PpaValuation['upfront'];
type Levels = Pick<
  PpaValuation,
  | 'levelised_price'
  | 'levelised_market_value'
  | 'capture_price'
  | 'base_price'
  | 'capture_factor'
  | 'volume_mwh'
>;

const ratio = (a: number, b: number): number | null => (b === 0 ? null : a / b);

/** Legs are money to the party in view; the price is what the buyer pays, so signs are turned back. */
export function levels(cashflows: readonly PpaCashflow[], sign: 1 | -1): Levels {
  const sum = (of: (flow: PpaCashflow) => number) => stableSum(cashflows.map(of));
  const delivered = sum((flow) => flow.delivered_mwh * flow.discount_factor);
  const volume_mwh = sum((flow) => flow.volume_mwh);
  const base_price = sum((flow) => flow.reference_price * flow.hours) / sum((flow) => flow.hours);
  const capture_price = ratio(
    sum((flow) => (flow.capture_price - flow.basis) * flow.volume_mwh),
    volume_mwh,
  );
  return {
    levelised_price: ratio(-sign * sum((flow) => flow.contract_leg * flow.discount_factor), delivered),
    levelised_market_value: ratio(sign * sum((flow) => flow.market_leg * flow.discount_factor), delivered),
    capture_price,
    base_price,
    capture_factor: capture_price === null ? null : ratio(capture_price, base_price),
    volume_mwh,
  };
}

/** Rates at which the undiscounted flows, placed in their months from the valuation date on, are worth nothing. Before credit. */
export function internalRates(
  cashflows: readonly PpaCashflow[],
  upfront: Upfront,
  valuation_date: string,
): PpaValuation['irr'] {
  const flows: number[] = [];
  const add = (date: string, amount: number) => {
    const step = monthsBetween(valuation_date, date);
    while (flows.length <= step) flows.push(0);
    flows[step]! += amount;
  };
  if (upfront !== null) add(upfront.date, upfront.amount);
  for (const { payment_date, settlement } of cashflows) add(payment_date, settlement);
  const { sign_changes, rates } = ratesOfReturn(flows);
  const roots = rates.map((monthly) => ({ monthly, annual: (1 + monthly) ** 12 - 1 }));
  return {
    sign_changes,
    roots,
    statement: roots.length === 0 ? 'none' : roots.length === 1 ? 'one' : 'several',
  };
}

/** d NPV / d reference price, month by month, basis held; with credit, what of it is expected to be paid. */
export function deltas(
  kernel: CashflowKernel,
  cashflows: readonly PpaCashflow[],
  credit: CreditCurve | undefined,
): PpaValuation['deltas'] {
  const paid = creditSensitivities(
    credit,
    cashflows.map(({ settlement, discount_factor }) => settlement * discount_factor),
  );
  return cashflows.map(({ month, reference_price }, index) => ({
    month,
    delta_mwh: kernelSlope(kernel, index, reference_price) * paid[index]! + 0,
  }));
}
