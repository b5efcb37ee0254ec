/** Contracts and markets the tests of this folder start from: ten years of PJM base power with a seasonal shape. */
import { addMonths } from '#lib/domain/tenor.ts';
import type { PpaContractInput } from '#schemas/ppa-contract.ts';
import type { PpaMarketInput } from '#schemas/ppa-market.ts';

export const VALUATION_DATE = '2025-12-15';

export const contractOf = (changes: Partial<PpaContractInput> = {}): PpaContractInput => ({
  name: 'test',
  kind: 'cfd',
  direction: 'buyer',
  calendar: 'PJM',
  start: '2026-01-01',
  end: '2027-12-31',
  settlement_currency: 'USD',
  volume: { kind: 'baseload', power_mw: 10, block: 'BASE' },
  price: { kind: 'fixed', strike: 45 },
  discounting: { kind: 'flat', rate: 0.06, compounding: 'annual', day_count: 'ACT/365F' },
  ...changes,
});

export const seasonalPrice = (month: string): number =>
  48 +
  9 * Math.cos(((Number(month.slice(5, 7)) - 1) / 6) * Math.PI) +
  0.4 * (Number(month.slice(0, 4)) - 2026);

export const pricesOf = (first: string, length: number, priceAt: (month: string) => number = seasonalPrice) =>
  Array.from({ length }, (_, index) => {
    const month = addMonths(first, index);
    return { month, price: priceAt(month) };
  });

type Reference = PpaMarketInput['reference'];

export const marketOf = (
  changes: Partial<PpaMarketInput> = {},
  reference: Partial<Reference> = {},
): PpaMarketInput => ({
  reference: {
    block: 'BASE',
    currency: 'USD',
    per_unit: 'MWh',
    prices: pricesOf('2025-01-01', 300),
    ...reference,
  },
  ...changes,
});

export const flatMarket = (price: number, changes: Partial<PpaMarketInput> = {}): PpaMarketInput =>
  marketOf(changes, { prices: pricesOf('2025-01-01', 300, () => price) });

/** A solar-like volume: nothing at night, most at noon, more in summer. */
export const SOLAR_SHAPE = Array.from({ length: 12 }, (_, month) =>
  Array.from(
    { length: 24 },
    (_, hour) =>
      Math.max(0, Math.sin(((hour - 5) / 14) * Math.PI)) *
      (0.5 + 0.3 * Math.sin(((month - 2) / 6) * Math.PI)),
  ),
);

/** Price over its mean: dear in the evening, below 0 at noon. */
export const DUCK_SHAPE = Array.from({ length: 12 }, () =>
  Array.from({ length: 24 }, (_, hour) =>
    hour >= 11 && hour <= 13 ? -0.2 : hour >= 17 && hour <= 21 ? 2 : 1,
  ),
);

/** Code and field of the refusal; fails when nothing is refused. */
export function refusalOf(work: () => unknown): { code: string; field: string | undefined; message: string } {
  try {
    work();
  } catch (error) {
    const { code, place, message } = error as { code: string; place: { field?: string }; message: string };
    return { code, field: place?.field, message };
  }
  throw new Error('nothing was refused');
}
