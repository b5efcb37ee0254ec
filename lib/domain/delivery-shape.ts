/**
 * One curve's contracts as months, days or hours. A month's price is the mean over its hours of the block (over its days
 * where it has no hours); a contract of several months is their plain mean or weighted by their hours, as the rule says.
 * Knows neither quotes nor storage.
 */
import type { CurveHours } from './calendar/curve-hours.ts';
import { dateOfDay, dayNumber, weekdayOf } from './calendar/days.ts';
import { blockHours, deliveryHour, monthHours } from './calendar/market-calendar.ts';
import type { ForwardContract, WeightOf } from './contract-set.ts';
import { bootstrapMonths } from './curve-bootstrap.ts';
import { smoothDays, smoothHours } from './smooth-curve.ts';
import { addMonths } from './tenor.ts';

export interface DeliveryMethod {
  readonly rule: 'plain_mean' | 'hour_weighted';
  /** Undefined for what is not delivered by the hour. */
  readonly hours: CurveHours | undefined;
  /** Factors of Monday to Sunday on the smooth curve. */
  readonly weekday?: readonly number[] | undefined;
  /** Factors of the 24 hours of local clocks, from 0 on. */
  readonly hour?: readonly number[] | undefined;
}

export interface ShapedPeriod {
  /** First delivery day of the month, the day, or the delivery day of the hour. */
  readonly delivery_date: string;
  /** Of an hour. */
  readonly start_ms?: number;
  /** Of the block; null where there are none to count. */
  readonly hours: number | null;
  readonly price: number;
  /** Of a month: whether the contracts alone say its price, or that of the span it lies in. */
  readonly determined?: boolean;
}

/** Weight of whole months in a contract. */
export function contractWeights(method: DeliveryMethod): WeightOf {
  return (from, to) => {
    let weight = 0;
    for (let month = from; month < to; month = addMonths(month, 1)) weight += monthWeight(method, month);
    return weight;
  };
}

export function shapedMonths(
  contracts: readonly ForwardContract[],
  method: DeliveryMethod,
): readonly ShapedPeriod[] {
  const { hours } = method;
  return bootstrapMonths(contracts, contractWeights(method), { field: 'quotes' }).map(
    ({ month, price, determined }) => ({
      delivery_date: month,
      hours: hours === undefined ? null : monthHours(hours.calendar, hours.block, month),
      price,
      determined,
    }),
  );
}

/** Days without an hour of the block have no price, and are left out. */
export function shapedDays(
  contracts: readonly ForwardContract[],
  method: DeliveryMethod,
): readonly ShapedPeriod[] {
  const { hours, weekday } = method;
  const hoursOf = (date: string) =>
    hours === undefined ? 1 : blockHours(hours.calendar, hours.block, date, dateOfDay(dayNumber(date) + 1));
  const weightOfHour = weightsInMonths(method);
  const { dates, prices } = smoothDays(
    contracts,
    {
      weight: (date) => hoursOf(date) * weightOfHour(date),
      ...(weekday && { multiplicative: (date) => weekday[weekdayOf(dayNumber(date))]! }),
    },
    'quotes',
  );
  return dates.flatMap((delivery_date, index) => {
    const count = hoursOf(delivery_date);
    if (count === 0) return [];
    return [{ delivery_date, hours: hours === undefined ? null : count, price: prices[index]! }];
  });
}

export function shapedHours(
  contracts: readonly ForwardContract[],
  method: DeliveryMethod & { readonly hours: CurveHours },
): readonly ShapedPeriod[] {
  const { calendar, block } = method.hours;
  const { weekday, hour } = method;
  const weightOfHour = weightsInMonths(method);
  const factor = (start_ms: number) => {
    const { day, local_hour } = deliveryHour(calendar, start_ms);
    return (weekday?.[weekdayOf(day)] ?? 1) * (hour?.[local_hour] ?? 1);
  };
  const { starts_ms, prices } = smoothHours(
    calendar,
    block,
    contracts,
    {
      weight: (start_ms) => weightOfHour(dateOfDay(deliveryHour(calendar, start_ms).day)),
      ...((weekday ?? hour) && { multiplicative: factor }),
    },
    'quotes',
  );
  return Array.from(starts_ms, (start_ms, index) => ({
    delivery_date: dateOfDay(deliveryHour(calendar, start_ms).day),
    start_ms,
    hours: 1,
    price: prices[index]!,
  }));
}

/** What one hour (or day) weighs by the month it lies in. */
function weightsInMonths(method: DeliveryMethod): (date: string) => number {
  const known = new Map<string, number>();
  return (date) => {
    const month = `${date.slice(0, 7)}-01`;
    const weight = known.get(month) ?? monthWeight(method, month) / periodsIn(method, month);
    known.set(month, weight);
    return weight;
  };
}

const monthWeight = (method: DeliveryMethod, month: string): number =>
  method.rule === 'plain_mean' ? 1 : periodsIn(method, month);

/** Hours of the block in a month, or its days. */
function periodsIn({ hours }: DeliveryMethod, month: string): number {
  if (hours !== undefined) return monthHours(hours.calendar, hours.block, month);
  return dayNumber(addMonths(month, 1)) - dayNumber(month);
}
