/**
 * The contract price month by month, as a multiple of its base strike: fixed, escalated by anniversaries, or indexed. Knows no
 * market.
 */
import type { PpaContract } from '#schemas/ppa-contract.ts';
import { refusal } from '../errors.ts';
import { wholeYears } from './periods.ts';

/** Strike at the base; null for a collar, which has none. */
export function baseStrike({ price }: PpaContract): number | null {
  return price.kind === 'collar' ? null : price.strike;
}

/**
 * escalated: (1 + g)^(whole years since the base month). indexed: 1 - share + share x index / base index, the index being the
 * last point not after the month.
 * @throws index_missing before the first index point
 */
export function strikeMultiple({ price }: PpaContract, month: string): number {
  if (price.kind === 'escalated') return (1 + price.escalation_annual) ** wholeYears(price.base_date, month);
  if (price.kind !== 'indexed') return 1;
  const { index, base_index, indexed_share } = price;
  let point: (typeof index)[number] | undefined;
  for (const row of index) {
    if (row.month <= month && (point === undefined || row.month > point.month)) point = row;
  }
  if (point !== undefined) return 1 - indexed_share + indexed_share * (point.value / base_index);
  throw refusal('index_missing', `No index point on or before ${month.slice(0, 7)}`, {
    field: 'contract.price.index',
    remedy: 'Give an index point for the first delivery month or earlier.',
  });
}
