/**
 * Reads what a valuation is given: contract, market and options against their schemas, so that nothing impossible comes
 * further than here. Knows the shapes, no formula.
 */
import type { z } from 'zod';
import { isoDate } from '#schemas/curve-observation.ts';
import { type PpaContract, type PpaContractInput, ppaContract } from '#schemas/ppa-contract.ts';
import {
  askedPpaOptions,
  type MonthPrice,
  type PpaMarket,
  type PpaMarketInput,
  type PpaOptions,
  type PpaOptionsInput,
  ppaMarket,
} from '#schemas/ppa-market.ts';
import { dateOfDay, dayNumber } from '../calendar/days.ts';
import { blockHours } from '../calendar/market-calendar.ts';
import { refusal } from '../errors.ts';
import { blockOf, contractCalendar } from './periods.ts';
import { strikeMultiple } from './strike.ts';

/** @throws ppa_contract_invalid with the path of the first field that is wrong */
export function readContract(contract: PpaContractInput): PpaContract {
  return read(ppaContract, contract, 'contract');
}

/**
 * Refuses terms that no market could be found for, whatever the day: without an hour of delivery, or a price from its first month.
 * @throws calendar_unknown, block_unknown, window_empty, index_missing
 */
export function requireDeliveries(contract: PpaContract): void {
  const calendar = contractCalendar(contract);
  const { start, end } = contract;
  const after = dateOfDay(dayNumber(end, 'contract.end') + 1);
  if (blockHours(calendar, blockOf(contract), start, after) === 0) {
    throw refusal('window_empty', `There is no hour of ${blockOf(contract)} from ${start} to ${end}`, {
      field: 'contract.end',
      remedy: 'Correct start, end or block.',
    });
  }
  strikeMultiple(contract, `${start.slice(0, 7)}-01`);
}

/** Prices in the order of their months, however they were given: one market has one hash. @throws ppa_market_invalid */
export function readMarket(market: PpaMarketInput): PpaMarket {
  const { reference, location, ...rest } = read(ppaMarket, market, 'market');
  return {
    ...rest,
    reference: inMonthOrder(reference),
    ...(location === undefined ? {} : { location: inMonthOrder(location) }),
  };
}

function inMonthOrder<Curve extends { readonly prices: readonly MonthPrice[] }>(curve: Curve): Curve {
  return { ...curve, prices: curve.prices.toSorted((a, b) => (a.month < b.month ? -1 : 1)) };
}

/** @throws ppa_options_invalid */
export function readOptions(options: PpaOptionsInput): PpaOptions {
  return read(askedPpaOptions, options, 'options');
}

/** @throws ppa_valuation_date_invalid */
export function readDate(date: string, field = 'valuation_date'): string {
  if (isoDate.safeParse(date).success) return date;
  throw refusal('ppa_valuation_date_invalid', `"${String(date).slice(0, 40)}" is no day`, {
    field,
    remedy: 'Give a day of the calendar as YYYY-MM-DD.',
  });
}

function read<Schema extends z.ZodType>(schema: Schema, given: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const keys = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  throw refusal(`ppa_${what}_invalid`, `${what}: ${issue.message}`, {
    field: [what, ...issue.path, ...keys].join('.'),
    remedy: `Correct the field; docs/economics.md describes the ${what}.`,
  });
}
