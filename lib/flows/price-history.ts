/** Released months of one curve over the days before, as the estimator of volatilities takes them. */
import type { Caller } from '#lib/domain/access.ts';
import type { PriceHistory } from '#lib/domain/simulation/price-history.ts';
import type { CurveQueries } from '#lib/ports/curve-queries.ts';
import type { CurveRelease } from '#schemas/lake.ts';

/** Days times months of one curve. */
const MAX_ROWS = 1_000_000;

export async function priceHistory(
  curve_key: string,
  releases: readonly CurveRelease[],
  queries: CurveQueries,
  entitlements: Caller['entitlements'],
): Promise<PriceHistory> {
  const filter = { curve_key, tenor_type: 'MONTHLY' } as const;
  const slice = { releases, latest: false, entitlements, filter, limit: MAX_ROWS };
  const rows = releases.length === 0 ? [] : await queries.slice(slice);
  const days = [...new Set(rows.map(({ asof_date }) => asof_date))].sort();
  const months = [...new Set(rows.map(({ contract_month }) => contract_month))].sort();
  const dayAt = new Map(days.map((day, index) => [day, index]));
  const monthAt = new Map(months.map((month, index) => [month, index]));
  const prices = new Float64Array(days.length * months.length).fill(Number.NaN);
  for (const { asof_date, contract_month, value } of rows) {
    prices[dayAt.get(asof_date)! * months.length + monthAt.get(contract_month)!] = value;
  }
  return { days, months, prices };
}
