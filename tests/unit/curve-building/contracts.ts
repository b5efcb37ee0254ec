/** Contracts for the tests of curve building. */

import { dayNumber } from '#lib/domain/calendar/days.ts';
import type { ForwardContract } from '#lib/domain/contract-set.ts';
import { addMonths, monthOf } from '#lib/domain/tenor.ts';

export const contract = (name: string, from: string, to: string, price: number): ForwardContract => ({
  name,
  from,
  to,
  price,
});

export const days = (from: string, to: string): number => dayNumber(to) - dayNumber(from);

/** Consecutive contracts of the given lengths in months. */
export function chain(first: string, parts: readonly { readonly months: number; readonly price: number }[]) {
  let from = first;
  return parts.map(({ months, price }, index) => {
    const to = addMonths(from, months);
    const made = contract(`c${index}`, from, to, price);
    from = to;
    return made;
  });
}

export const month = (year: number, number: number, price: number): ForwardContract => {
  const from = monthOf(year, number);
  return contract(from.slice(0, 7), from, addMonths(from, 1), price);
};

/** Mean of the daily prices in the contract's days. */
export function meanOver(
  { from, to }: ForwardContract,
  dates: readonly string[],
  prices: ArrayLike<number>,
  weight: (date: string) => number = () => 1,
): number {
  let [sum, total] = [0, 0];
  dates.forEach((date, index) => {
    if (date < from || date >= to) return;
    sum += weight(date) * prices[index]!;
    total += weight(date);
  });
  return sum / total;
}
