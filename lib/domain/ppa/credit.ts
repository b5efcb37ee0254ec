/**
 * Credit valuation adjustment on the expected cashflows: what the counterparty's default is expected to cost.
 *   CVA = - LGD x sum over payment dates of max(discounted value of the flows still to come, 0) x (Q(t_before) - Q(t))
 * Q(t) = e^(-spread / LGD x t) from a credit spread, (1 - p)^t from a yearly default probability; t = actual days / 365.
 * The flows are netted; the upfront payment is not at risk. Source: Gregory, "The xVA Challenge", unilateral CVA. Knows no price.
 */
import type { PpaContract } from '#schemas/ppa-contract.ts';

export interface CreditCurve {
  readonly loss_given_default: number;
  /** Probability that the counterparty defaults between the payment before and this one. */
  readonly default_probabilities: readonly number[];
}

export function creditCurve(
  { credit }: PpaContract,
  payment_years: readonly number[],
): CreditCurve | undefined {
  if (credit.kind === 'none') return undefined;
  const { loss_given_default } = credit;
  const survival = (years: number) =>
    credit.kind === 'spread'
      ? Math.exp((-credit.spread / loss_given_default) * years)
      : (1 - credit.annual_probability) ** years;
  let before = 1;
  const default_probabilities = payment_years.map((years) => {
    const now = survival(Math.max(0, years));
    const defaulted = before - now;
    before = now;
    return defaulted;
  });
  return { loss_given_default, default_probabilities };
}

/** @param present_values discounted flow per payment */
export function creditAdjustment(curve: CreditCurve | undefined, present_values: ArrayLike<number>): number {
  if (curve === undefined) return 0;
  let exposure = 0;
  let loss = 0;
  for (let index = present_values.length - 1; index >= 0; index--) {
    exposure += present_values[index]!;
    loss += Math.max(exposure, 0) * curve.default_probabilities[index]!;
  }
  return -curve.loss_given_default * loss + 0;
}

/** 1 + d CVA / d present value of each flow: what a unit more of it adds to the value. */
export function creditSensitivities(
  curve: CreditCurve | undefined,
  present_values: ArrayLike<number>,
): Float64Array {
  const weights = new Float64Array(present_values.length).fill(1);
  if (curve === undefined) return weights;
  const exposed = new Uint8Array(present_values.length);
  let exposure = 0;
  for (let index = present_values.length - 1; index >= 0; index--) {
    exposure += present_values[index]!;
    exposed[index] = exposure > 0 ? 1 : 0;
  }
  let defaulted = 0;
  for (let index = 0; index < present_values.length; index++) {
    defaulted += exposed[index]! * curve.default_probabilities[index]!;
    weights[index] = 1 - curve.loss_given_default * defaulted;
  }
  return weights;
}
