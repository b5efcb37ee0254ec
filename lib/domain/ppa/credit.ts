/**
 * Credit valuation adjustment on the expected cashflows: what the counterparty's default is expected to cost.
 *   CVA = - LGD x sum over payment dates of max(discounted value of the flows still to come, 0) x (Q(t_before) - Q(t))
 * Q(t) = e^(-spread / LGD x t) from a credit spread, (1 - p)^t from a yearly default probability; t = actual days / 365.
 * The flows are netted. An upfront payment still to be made is one of them, at its own date; one made on the valuation day is
 * behind all default. Source: Gregory, "The xVA Challenge", unilateral CVA. Knows no price.
 */
import type { PpaContract } from '#schemas/ppa-contract.ts';

/** The upfront payment, while it is still to be made. */
export interface UpfrontFlow {
  /** Actual days / 365 from the valuation date. */
  readonly years: number;
  /** Discounted, to the party in view. */
  readonly pv: number;
}

export interface CreditCurve {
  readonly loss_given_default: number;
  /** Probability that the counterparty defaults between the payment before and this one; the upfront payment is one of them. */
  readonly default_probabilities: readonly number[];
  /** It is paid before the delivery of this place in the list is, and as the last where there is none. */
  readonly upfront: { readonly place: number; readonly pv: number } | undefined;
}

/** @param delivery_years from the valuation date to the payment of each delivery month, ascending */
export function creditCurve(
  { credit }: PpaContract,
  delivery_years: readonly number[],
  upfront?: UpfrontFlow,
): CreditCurve | undefined {
  if (credit.kind === 'none') return undefined;
  const { loss_given_default } = credit;
  const survival = (years: number) =>
    credit.kind === 'spread'
      ? Math.exp((-credit.spread / loss_given_default) * years)
      : (1 - credit.annual_probability) ** years;
  let before = 1;
  const place = upfront && delivery_years.filter((years) => years < upfront.years).length;
  const payment_years =
    place === undefined ? delivery_years : delivery_years.toSpliced(place, 0, upfront!.years);
  const default_probabilities = payment_years.map((years) => {
    const now = survival(Math.max(0, years));
    const defaulted = before - now;
    before = now;
    return defaulted;
  });
  return {
    loss_given_default,
    default_probabilities,
    upfront: place === undefined ? undefined : { place, pv: upfront!.pv },
  };
}

/** Flows by payment, the upfront one in its place. */
function paidFlows({ upfront }: CreditCurve, present_values: readonly number[]): readonly number[] {
  return upfront === undefined ? present_values : present_values.toSpliced(upfront.place, 0, upfront.pv);
}

/** @param present_values discounted flow per delivery month */
export function creditAdjustment(curve: CreditCurve | undefined, present_values: readonly number[]): number {
  if (curve === undefined) return 0;
  const flows = paidFlows(curve, present_values);
  let exposure = 0;
  let loss = 0;
  for (let index = flows.length - 1; index >= 0; index--) {
    exposure += flows[index]!;
    loss += Math.max(exposure, 0) * curve.default_probabilities[index]!;
  }
  return -curve.loss_given_default * loss + 0;
}

/** 1 + d CVA / d present value of each delivery month's flow: what a unit more of it adds to the value. */
export function creditSensitivities(
  curve: CreditCurve | undefined,
  present_values: readonly number[],
): readonly number[] {
  if (curve === undefined) return present_values.map(() => 1);
  const flows = paidFlows(curve, present_values);
  const exposed = new Uint8Array(flows.length);
  let exposure = 0;
  for (let index = flows.length - 1; index >= 0; index--) {
    exposure += flows[index]!;
    exposed[index] = exposure > 0 ? 1 : 0;
  }
  let defaulted = 0;
  const weights = flows.map((_, index) => {
    defaulted += exposed[index]! * curve.default_probabilities[index]!;
    return 1 - curve.loss_given_default * defaulted;
  });
  return curve.upfront === undefined ? weights : weights.toSpliced(curve.upfront.place, 1);
}
