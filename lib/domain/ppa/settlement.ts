/**
 * What one delivery month settles for, from its volume, prices and terms. Linear in the reference price but for floor and cap.
 * Knows no date and no discounting.
 *
 * s share of the volume in hours below 0, N their price (on the average: the mean, as in every hour), Q the price in the other
 * hours, K strike, b(x) = min(max(x, floor), cap):
 *   captured price  = (1 - s) Q + s N
 *   market leg      = volume x ((1 - s) m(Q) + s n)     m = b with a strike, m = identity in a collar
 *   contract leg    = volume x ((1 - s) p(Q) + s q)     p = K with a strike, p = b in a collar
 * n and q by the clause: settled s = 0; no_settlement n = q = 0; zero_price n = N, q = 0; zero_reference n = m(0), q = p(0).
 * The buyer is paid market leg - contract leg, the seller the reverse.
 */
import type { PpaContract } from '#schemas/ppa-contract.ts';
import type { Profile } from './capture.ts';
import { baseStrike } from './strike.ts';

export type NegativeClause = PpaContract['negative_prices'];

/** What is the same in all months. */
export interface SettlementRule {
  /** 1: the value is the buyer's; -1: the seller's. */
  readonly sign: 1 | -1;
  /** Base strike; null: a collar, whose price is the reference between floor and cap. */
  readonly strike: number | null;
  readonly floor: number;
  readonly cap: number;
  readonly clause: NegativeClause;
  /** 1 when the party in view bears the balancing cost, else 0. */
  readonly bears_balancing: 1 | 0;
}

/** What a month settles on; each part can be set to nothing, which is how the waterfall takes them one by one. */
export interface MonthState {
  readonly volume_mwh: number;
  /** Mean reference price F. */
  readonly reference: number;
  readonly profile: Profile;
  readonly basis: number;
  readonly strike_multiple: number;
  readonly balancing_per_mwh: number;
  readonly balancing_share: number;
  readonly certificates_per_mwh: number;
}

/** Money to the party in view. */
export interface MonthSettlement {
  readonly delivered_mwh: number;
  readonly market_leg: number;
  readonly contract_leg: number;
  readonly balancing: number;
  readonly certificates: number;
}

export function settlementRule(contract: PpaContract): SettlementRule {
  const { price, reference_bounds } = contract;
  const { floor = -Infinity, cap = Infinity } = price.kind === 'collar' ? price : (reference_bounds ?? {});
  return {
    sign: contract.direction === 'buyer' ? 1 : -1,
    strike: baseStrike(contract),
    floor,
    cap,
    clause: contract.negative_prices,
    bears_balancing: contract.balancing?.borne_by === contract.direction ? 1 : 0,
  };
}

/** Without the clause no hour is apart: the captured price is settled as a whole. */
export function negativeShare({ clause }: SettlementRule, { profile }: MonthState): number {
  return clause === 'settled' ? 0 : profile.negative.share;
}

/** Share of the volume that is delivered: all but what `no_settlement` leaves out. */
export function deliveredShare(rule: SettlementRule, state: MonthState): number {
  return rule.clause === 'no_settlement' ? 1 - negativeShare(rule, state) : 1;
}

/** Q = slope x F + intercept: the price, basis included, in the hours that are not apart. */
export function settledPriceLine(
  rule: SettlementRule,
  state: MonthState,
): { slope: number; intercept: number } {
  const { factor, offset, negative } = state.profile;
  const share = negativeShare(rule, state);
  if (share >= 1) return { slope: 0, intercept: 0 };
  return {
    slope: (factor - share * negative.factor) / (1 - share),
    intercept: (offset - share * negative.offset) / (1 - share) + state.basis,
  };
}

export const bounded = ({ floor, cap }: SettlementRule, price: number): number =>
  Math.min(Math.max(price, floor), cap);

export function settleMonth(rule: SettlementRule, state: MonthState): MonthSettlement {
  const { sign, strike } = rule;
  const { volume_mwh, reference, profile, basis } = state;
  const share = negativeShare(rule, state);
  const { slope, intercept } = settledPriceLine(rule, state);
  const settled = slope * reference + intercept;
  const negative = profile.negative.factor * reference + profile.negative.offset + basis;
  const isCollar = strike === null;
  const contractPrice = (price: number) => (isCollar ? bounded(rule, price) : strike * state.strike_multiple);
  const marketPrice = (price: number) => (isCollar ? price : bounded(rule, price));
  const isZeroReference = rule.clause === 'zero_reference';
  const apartMarket = isZeroReference ? marketPrice(0) : rule.clause === 'zero_price' ? negative : 0;
  const apartContract = isZeroReference ? contractPrice(0) : 0;
  const delivered_mwh = volume_mwh * deliveredShare(rule, state);
  const balancing = state.balancing_per_mwh + state.balancing_share * reference;
  return {
    delivered_mwh,
    market_leg: sign * volume_mwh * ((1 - share) * marketPrice(settled) + share * apartMarket),
    contract_leg: -sign * volume_mwh * ((1 - share) * contractPrice(settled) + share * apartContract),
    balancing: rule.bears_balancing === 1 ? -delivered_mwh * balancing : 0,
    certificates: sign * delivered_mwh * state.certificates_per_mwh,
  };
}

export function settlementSum({
  market_leg,
  contract_leg,
  balancing,
  certificates,
}: MonthSettlement): number {
  return market_leg + contract_leg + balancing + certificates;
}
