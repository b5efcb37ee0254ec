/**
 * Puts contract and market together month by month: the one place where terms become the numbers that settle. Knows no
 * discounting and no measure.
 */
import type { PpaContract } from '#schemas/ppa-contract.ts';
import type { PpaMarket } from '#schemas/ppa-market.ts';
import { monthProfile, type Profile } from './capture.ts';
import { type DeliveryMonth, wholeYears } from './periods.ts';
import { type ReferencePrice, referencePrices } from './reference-prices.ts';
import type { MonthState } from './settlement.ts';
import { strikeMultiple } from './strike.ts';
import { monthVolumes } from './volumes.ts';

export interface PricedMonth {
  readonly delivery: DeliveryMonth;
  readonly reference: ReferencePrice;
  /** The covered share, not degraded. */
  readonly gross_mwh: number;
  readonly state: MonthState;
}

export function pricedMonths(
  contract: PpaContract,
  market: PpaMarket,
  months: readonly DeliveryMonth[],
): readonly PricedMonth[] {
  const references = referencePrices(contract, market, months);
  const volumes = monthVolumes(contract, months);
  const { certificates, balancing } = contract;
  return months.map((delivery, index) => {
    const reference = references[index]!;
    const { gross_mwh, volume_mwh } = volumes[index]!;
    const profile = monthProfile(contract, market, delivery, reference.price);
    const grown = (1 + (certificates?.growth_annual ?? 0)) ** wholeYears(contract.start, delivery.month);
    const state: MonthState = {
      volume_mwh,
      reference: reference.price,
      profile: contract.settles_on === 'average' ? everyHourAtMean(profile) : profile,
      basis: reference.basis,
      strike_multiple: strikeMultiple(contract, delivery.month),
      balancing_per_mwh: balancing?.cost_per_mwh ?? 0,
      balancing_share: balancing?.share_of_reference ?? 0,
      certificates_per_mwh: (certificates?.value_per_mwh ?? 0) * grown,
    };
    return { delivery, reference, gross_mwh, state };
  });
}

/** The month's mean settles every hour, those below 0 too: they are apart by their share of the volume alone. */
function everyHourAtMean({ negative: { share } }: Profile): Profile {
  return { factor: 1, offset: 0, negative: { share, factor: 1, offset: 0 } };
}
