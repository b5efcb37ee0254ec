/**
 * Expected energy per delivery month, MWh, and how uncertain it is. Knows no price.
 *
 * baseload: power x hours of the block. capacity_factor: power x factor x hours. month_hour_shape: power x sum over clock
 * hours of factor x how often the hour is delivered. monthly_energy: P50 x delivered hours / hours of the month.
 * All of it x share of output x (1 - degradation)^(whole years since degradation_from).
 */
import type { PpaContract } from '#schemas/ppa-contract.ts';
import { stableSum } from '../strips.ts';
import { type DeliveryMonth, monthIndex, wholeYears } from './periods.ts';

export interface MonthVolume {
  /** The covered share, not degraded. */
  readonly gross_mwh: number;
  /** Degraded: what is expected. */
  readonly volume_mwh: number;
}

export function monthVolumes(
  contract: PpaContract,
  months: readonly DeliveryMonth[],
): readonly MonthVolume[] {
  const { share_of_output, degradation_annual, degradation_from = contract.start } = contract;
  return months.map((delivery) => {
    const gross_mwh = share_of_output * producedMwh(contract, delivery);
    const kept = (1 - degradation_annual) ** wholeYears(degradation_from, delivery.month);
    return { gross_mwh, volume_mwh: gross_mwh * kept };
  });
}

function producedMwh({ volume }: PpaContract, delivery: DeliveryMonth): number {
  const place = monthIndex(delivery.month);
  switch (volume.kind) {
    case 'baseload':
      return volume.power_mw * delivery.hours;
    case 'capacity_factor':
      return volume.power_mw * volume.capacity_factors[place]! * delivery.hours;
    case 'month_hour_shape': {
      const factors = volume.capacity_factors[place]!;
      return (
        volume.power_mw * stableSum(factors.map((factor, hour) => factor * delivery.clock_hours![hour]!))
      );
    }
    case 'monthly_energy':
      return volume.months[place]!.p50_mwh * delivery.share_of_month;
  }
}

/** Standard normal quantile of 90 %. */
const Z90 = 1.2815515655446004;

/**
 * Standard deviation of a month's volume / its expectation, from P90 and P10 as those of a normal distribution:
 * (P10 - P90) / (2 z90) over P50, months weighted by energy. Undefined where no P90 and P10 are stated.
 */
export function volumeSigma({ volume }: PpaContract): number | undefined {
  if (volume.kind !== 'monthly_energy') return undefined;
  const stated = volume.months.filter(({ p90_mwh, p50_mwh }) => p90_mwh !== undefined && p50_mwh > 0);
  if (stated.length === 0) return undefined;
  const spread_mwh = stableSum(stated.map(({ p10_mwh, p90_mwh }) => p10_mwh! - p90_mwh!));
  return spread_mwh / (2 * Z90) / stableSum(stated.map(({ p50_mwh }) => p50_mwh));
}
