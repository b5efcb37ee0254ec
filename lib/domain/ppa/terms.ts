/**
 * Reads what a valuation is given: contract, market and options against their schemas, so that nothing impossible comes
 * further than here. Knows the shapes, no formula.
 */
import type { z } from 'zod';
import { isoDate } from '#schemas/curve-observation.ts';
import {
  type PpaContract,
  type PpaContractInput,
  type PpaMarket,
  type PpaMarketInput,
  type PpaOptions,
  type PpaOptionsInput,
  ppaContract,
  ppaMarket,
  ppaOptions,
} from '#schemas/ppa.ts';
import { refusal } from '../errors.ts';

/** @throws ppa_contract_invalid with the path of the first field that is wrong */
export function readContract(contract: PpaContractInput): PpaContract {
  return read(ppaContract, contract, 'contract');
}

/** @throws ppa_market_invalid */
export function readMarket(market: PpaMarketInput): PpaMarket {
  return read(ppaMarket, market, 'market');
}

/** @throws ppa_options_invalid */
export function readOptions(options: PpaOptionsInput): PpaOptions {
  return read(ppaOptions, options, 'options');
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
