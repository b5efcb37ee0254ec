/**
 * Tenors: the text or date of a delivery period to its type, first delivery month and months of delivery.
 * Knows the forms of the trade; which months a season has is a rule the vendor's adapter hands in.
 */
import type { Tenor } from './curve.ts';

/** Months of the named seasons. A winter's year is the year it ends in. */
export interface SeasonRule {
  readonly summer: { readonly firstMonth: number; readonly months: number };
  readonly winter: { readonly firstMonth: number; readonly months: number };
}

/** OTC style: Summer Y = Apr..Oct Y; Winter Y = Nov Y-1 .. Mar Y. Source: 132 measured workbooks. */
export const OTC_SEASONS: SeasonRule = {
  summer: { firstMonth: 4, months: 7 },
  winter: { firstMonth: 11, months: 5 },
};

/** First day of the month `offset` months after `month` (any date of the month). */
export function addMonths(month: string, offset: number): string {
  const index = Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1 + offset;
  return monthOf(Math.floor(index / 12), (index % 12) + 1);
}

/** Whole months from `from` to `to` (first days or any date of the month). */
export function monthsBetween(from: string, to: string): number {
  const index = (date: string) => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7));
  return index(to) - index(from);
}

export function monthOf(year: number, month: number): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-01`;
}

/** A date tenor: a monthly contract, whatever day of the month the cell holds. */
export function monthTenor(date: string): Tenor {
  return { tenor_type: 'MONTHLY', contract_month: `${date.slice(0, 7)}-01`, tenor_label: date.slice(0, 7) };
}
