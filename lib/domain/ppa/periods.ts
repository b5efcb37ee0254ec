/**
 * Delivery months of a contract from a valuation date on: hours in the market's time zone, clock hours for shapes, payment
 * dates and discount factors. Knows no price and no volume.
 */
import type { PpaContract } from '#schemas/ppa-contract.ts';
import { DAY_MS, dateOfDay, dayNumber, HOUR_MS } from '../calendar/days.ts';
import {
  blockHours,
  type MarketCalendar,
  marketCalendar,
  monthHours,
  requireBlock,
} from '../calendar/market-calendar.ts';
import { zoneOffsets } from '../calendar/zone-offsets.ts';
import { discountFactor } from '../discounting.ts';
import { refusal } from '../errors.ts';
import { addMonths } from '../tenor.ts';

export interface DeliveryMonth {
  readonly month: string;
  /** First delivery day in the month, and the day after the last. */
  readonly from: string;
  readonly to: string;
  /** Hours of the contract's block delivered in the month. */
  readonly hours: number;
  /** How often each local clock hour, 0 to 23, is delivered; for volumes with an hourly shape. */
  readonly clock_hours: Float64Array | undefined;
  /** They are this share of the month's. */
  readonly share_of_month: number;
  readonly payment_date: string;
  readonly discount_factor: number;
  /** Actual days / 365 from the valuation date to payment. */
  readonly years: number;
}

/** Block the volume is delivered in; pay-as-produced runs in all hours. */
export function blockOf({ volume }: PpaContract): string {
  return volume.kind === 'baseload' ? volume.block : 'BASE';
}

function hasHourlyShape({ volume }: PpaContract): boolean {
  return volume.kind === 'month_hour_shape' || volume.kind === 'capacity_factor';
}

/**
 * The market's calendar of a contract, which has the contract's block.
 * @throws calendar_unknown, block_unknown
 */
export function contractCalendar(contract: PpaContract): MarketCalendar {
  const calendar = marketCalendar(contract.calendar, 'contract.calendar');
  requireBlock(calendar, blockOf(contract), 'contract.volume.block');
  return calendar;
}

/**
 * Months from the valuation date (or the later start) to the end; a month that is cut counts its hours.
 * @throws calendar_unknown, block_unknown; window_empty when all deliveries lie before the valuation date, or the block has no
 * hour in the window
 */
export function deliveryMonths(contract: PpaContract, valuation_date: string): readonly DeliveryMonth[] {
  const calendar = contractCalendar(contract);
  const begin = contract.start > valuation_date ? contract.start : valuation_date;
  const end = dateOfDay(dayNumber(contract.end, 'contract.end') + 1);
  const valuation_day = { date: valuation_date, number: dayNumber(valuation_date, 'valuation_date') };
  const months: DeliveryMonth[] = [];
  for (let month = `${begin.slice(0, 7)}-01`; month < end; month = addMonths(month, 1)) {
    const next = addMonths(month, 1);
    const from = month > begin ? month : begin;
    months.push(deliveryMonth(contract, calendar, valuation_day, from, next < end ? next : end));
  }
  if (months.some(({ hours }) => hours > 0)) return months;
  throw refusal(
    'window_empty',
    `The contract delivers nothing from ${valuation_date} on (its last day is ${contract.end})`,
    {
      field: 'contract.end',
      remedy: 'Value it on a day before its end, or correct start, end and block.',
    },
  );
}

function deliveryMonth(
  contract: PpaContract,
  calendar: MarketCalendar,
  valuation_day: { readonly date: string; readonly number: number },
  from: string,
  to: string,
): DeliveryMonth {
  const block = blockOf(contract);
  const month = `${from.slice(0, 7)}-01`;
  const hours = blockHours(calendar, block, from, to);
  const payment_date = paymentDate(month, contract.payment_lag);
  return {
    month,
    from,
    to,
    hours,
    clock_hours: hasHourlyShape(contract) ? clockHours(calendar, from, hours) : undefined,
    share_of_month: hours / monthHours(calendar, block, month),
    payment_date,
    discount_factor: discountFactor(
      contract.discounting,
      valuation_day.date,
      payment_date,
      'contract.discounting',
    ),
    years: (dayNumber(payment_date) - valuation_day.number) / 365,
  };
}

/** The first day after the delivery month, and the lag from there. */
function paymentDate(month: string, lag: PpaContract['payment_lag']): string {
  if (lag.kind === 'months') return addMonths(month, 1 + lag.months);
  const next = addMonths(month, 1);
  return lag.days === 0 ? next : dateOfDay(dayNumber(next) + lag.days);
}

/** How often each local clock hour (0 to 23) is delivered: once a day, but on days of 23 or 25 hours. */
function clockHours(calendar: MarketCalendar, from: string, hours: number): Float64Array {
  const days = Math.round(hours / 24);
  const counts = new Float64Array(24);
  if (hours === 24 * days) return counts.fill(days);
  const { offsetAt, instantOf } = zoneOffsets(calendar.time_zone);
  const begin_ms = instantOf(dayNumber(from) * DAY_MS + calendar.day_start_hour * HOUR_MS);
  for (let hour = 0; hour < hours; hour++) {
    const start_ms = begin_ms + hour * HOUR_MS;
    counts[Math.floor((start_ms + offsetAt(start_ms)) / HOUR_MS) % 24]! += 1;
  }
  return counts;
}

/** Whole years from one month to another, not below 0: how often an anniversary has passed. */
export function wholeYears(from: string, to: string): number {
  const months = (date: string) => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7));
  return Math.max(0, Math.floor((months(to) - months(from)) / 12));
}

/** Place of a month in a list from January to December. */
export function monthIndex(month: string): number {
  return Number(month.slice(5, 7)) - 1;
}
