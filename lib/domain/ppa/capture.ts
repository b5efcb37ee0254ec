/**
 * What a volume earns of the mean price: captured price = factor x mean + offset, and the part of the volume that falls into
 * hours below 0. From stated monthly rates, or from an hourly volume shape against an hourly price shape, hour by hour:
 * capture price = sum(volume x price) / sum(volume). Knows no contract price.
 */
import type { PpaContract } from '#schemas/ppa-contract.ts';
import type { PpaMarket } from '#schemas/ppa-market.ts';
import { refusal } from '../errors.ts';
import { stableSum } from '../strips.ts';
import { type DeliveryMonth, monthIndex } from './periods.ts';

/** Prices as linear functions of the month's mean price F. */
export interface Profile {
  /** Captured price = factor x F + offset. */
  readonly factor: number;
  readonly offset: number;
  readonly negative: {
    /** Of the volume. */
    readonly share: number;
    /** Volume-weighted price in hours below 0 = factor x F + offset. */
    readonly factor: number;
    readonly offset: number;
  };
}

export interface Capture {
  readonly base_price: number;
  readonly capture_price: number;
  /** Capture / base price; null where the base price is 0. */
  readonly capture_factor: number | null;
}

/** Volume-weighted against plain mean price of equal hours. @throws capture_undefined without volume */
export function captureOf(prices: readonly number[], volumes: readonly number[]): Capture {
  const total = stableSum(volumes);
  if (prices.length !== volumes.length || !(total > 0)) {
    throw refusal('capture_undefined', 'A capture price needs one price per volume and a volume above 0');
  }
  const base_price = stableSum(prices) / prices.length;
  const capture_price = stableSum(prices.map((price, hour) => price * volumes[hour]!)) / total;
  return { base_price, capture_price, capture_factor: base_price === 0 ? null : capture_price / base_price };
}

const NO_NEGATIVE_HOURS = { share: 0, factor: 0, offset: 0 };

/**
 * Profile of one delivery month.
 * @param reference mean price of the month: it tells which hours of a shape are below 0
 * @throws negative_hours_missing when a clause needs them and neither a shape nor the market states them
 */
export function monthProfile(
  contract: PpaContract,
  market: PpaMarket,
  delivery: DeliveryMonth,
  reference: number,
): Profile {
  const { capture } = market;
  const place = monthIndex(delivery.month);
  const weights = hourlyVolume(contract, delivery);
  if (capture !== undefined && capture.kind !== 'rates' && weights !== undefined) {
    const hourly = capture.kind === 'price_shape' ? capture.shape[place]! : capture.differences[place]!;
    return shapedProfile(capture.kind, hourly, delivery.clock_hours!, weights, reference, delivery.month);
  }
  if (capture !== undefined && capture.kind !== 'rates' && contract.volume.kind !== 'baseload') {
    throw refusal('volume_shape_missing', 'An hourly price shape needs an hourly volume shape', {
      field: 'contract.volume.kind',
      remedy: 'Give the volume as month_hour_shape, or the market capture rates.',
    });
  }
  const factor = capture?.kind === 'rates' && contract.volume.kind !== 'baseload' ? capture.rates[place]! : 1;
  return { factor, offset: 0, negative: statedNegativeHours(contract, market, place) };
}

/** Volume by clock hour on any scale; undefined where only the month's energy is known, or a block of hours. */
function hourlyVolume({ volume }: PpaContract, { month }: DeliveryMonth): readonly number[] | undefined {
  if (volume.kind === 'month_hour_shape') return volume.capacity_factors[monthIndex(month)]!;
  if (volume.kind === 'capacity_factor') return new Array(24).fill(1);
  return undefined;
}

function statedNegativeHours({ negative_prices }: PpaContract, { negative_hours }: PpaMarket, place: number) {
  if (negative_prices === 'settled') return NO_NEGATIVE_HOURS;
  if (negative_hours === undefined) {
    throw refusal('negative_hours_missing', 'The negative-price clause needs the hours below 0', {
      field: 'market.negative_hours',
      remedy: 'State share and average price by month, or an hourly volume shape and an hourly price shape.',
    });
  }
  const { share_of_volume, average_price } = negative_hours[place]!;
  return { share: share_of_volume, factor: 0, offset: average_price };
}

/**
 * Hour by hour: price = F x shape (as a ratio to its mean), or F + difference (from its mean). Means are over the delivered
 * hours, so the shape's mean price is the reference's whatever level the shape was written at.
 */
function shapedProfile(
  kind: 'price_shape' | 'price_differences',
  hourly: readonly number[],
  counts: Float64Array,
  weights: readonly number[],
  reference: number,
  month: string,
): Profile {
  const hours = stableSum([...counts]);
  const mean = stableSum(hourly.map((value, hour) => value * counts[hour]!)) / hours;
  const energy = weights.map((weight, hour) => weight * counts[hour]!);
  const total = stableSum(energy);
  const isRatio = kind === 'price_shape';
  if (isRatio && !(mean > 0)) {
    throw refusal('price_shape_invalid', `The price shape of ${month} has no mean above 0`, {
      field: 'market.capture.shape',
    });
  }
  if (total === 0) return { factor: 1, offset: 0, negative: NO_NEGATIVE_HOURS };
  const moved = hourly.map((value) => (isRatio ? value / mean : value - mean));
  const isNegative = moved.map((value) => (isRatio ? value * reference : reference + value) < 0);
  const below = energy.map((mwh, hour) => (isNegative[hour] ? mwh : 0));
  const belowTotal = stableSum(below);
  const line = (value: number) => (isRatio ? { factor: value, offset: 0 } : { factor: 1, offset: value });
  return {
    ...line(captureOf(moved, energy).capture_price),
    negative:
      belowTotal === 0
        ? NO_NEGATIVE_HOURS
        : { share: belowTotal / total, ...line(captureOf(moved, below).capture_price) },
  };
}
