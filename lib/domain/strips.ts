/**
 * Strips derived from months. By the vendors' rule: the plain mean of the months a strip covers, from the as-of month on
 * (the running month counts whole). Source: 457,875 quoted strips of 132 workbooks agree within their rounding. Or weighted
 * by hours of delivery: sum h_m p_m / sum h_m, what a flat volume over the strip is worth.
 * Knows neither storage nor calendars: hours are handed in. A strip with a month missing is not derived.
 */
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { StripRule } from '#schemas/strip.ts';
import type { Tenor } from './curve.ts';
import { addMonths, monthOf, type SeasonRule } from './tenor.ts';

/** How months become the price of a strip. */
export interface StripWeighting {
  readonly rule: StripRule;
  /** The rule for a person. */
  readonly text: string;
  /** What a month weighs, above 0. */
  readonly weightOf: (month: string) => number;
}

export const PLAIN_MEAN: StripWeighting = {
  rule: 'plain_mean',
  text: 'plain mean of its months from the as-of month on',
  weightOf: () => 1,
};

/** @param text whose hours: `ON_PEAK of PJM` */
export const hourWeighted = (weightOf: StripWeighting['weightOf'], text: string): StripWeighting => ({
  rule: 'hour_weighted',
  text: `mean of its months from the as-of month on, weighted by their hours of delivery (${text})`,
  weightOf,
});

export interface StripRow extends Omit<CurveObservation, 'source_cell'> {
  readonly source_cell: string | null;
  /** Quoted in the workbook, or derived here from monthly prices. */
  readonly strip_source: 'vendor' | 'derived';
  readonly strip_rule: StripRule | null;
  /** How a derived strip was made; null for a quoted one. */
  readonly rule: string | null;
  /** Cells of the months a derived strip is the mean of; empty for a quoted one. */
  readonly source_cells: readonly string[];
  /** What each of them weighs: 1, or hours of delivery. */
  readonly weights: readonly number[];
}

export function quotedStrip(row: CurveObservation): StripRow {
  return { ...row, strip_source: 'vendor', strip_rule: null, rule: null, source_cells: [], weights: [] };
}

/**
 * Calendar years, quarters and seasons whose every month from the as-of month on is among `months`.
 * @param months MONTHLY rows of one curve and one as-of day, any order.
 */
export function deriveStrips(
  months: readonly CurveObservation[],
  seasons: SeasonRule,
  weighting = PLAIN_MEAN,
): StripRow[] {
  const byMonth = new Map(months.map((row) => [row.contract_month, row]));
  const first = months[0];
  if (first === undefined) return [];
  const running = `${first.asof_date.slice(0, 7)}-01`;
  const years = [...new Set(months.map(({ contract_month }) => Number(contract_month.slice(0, 4))))];
  // A winter is named for the year it ends in, so the year after the last month may name one.
  const candidates = [...years, Math.max(...years) + 1].flatMap((year) => stripsOfYear(year, seasons));
  return candidates.flatMap(({ tenor, length }) => {
    const covered = Array.from({ length }, (_, index) => addMonths(tenor.contract_month, index)).filter(
      (month) => month >= running,
    );
    const rows = covered.map((month) => byMonth.get(month));
    if (rows.length === 0 || rows.includes(undefined)) return [];
    return [meanOf(rows as CurveObservation[], tenor, weighting)];
  });
}

function stripsOfYear(year: number, { summer, winter }: SeasonRule): { tenor: Tenor; length: number }[] {
  const strip = (
    tenor_type: Tenor['tenor_type'],
    contract_month: string,
    tenor_label: string,
    length: number,
  ) => ({
    tenor: { tenor_type, contract_month, tenor_label },
    length,
  });
  return [
    strip('CALENDAR', monthOf(year, 1), `Calendar ${year}`, 12),
    strip('SEASON', monthOf(year, summer.firstMonth), `Summer ${year}`, summer.months),
    strip('SEASON', monthOf(year - 1, winter.firstMonth), `Winter ${year}`, winter.months),
    ...[1, 2, 3, 4].map((quarter) =>
      strip('QUARTER', monthOf(year, 3 * quarter - 2), `Q${quarter} ${year}`, 3),
    ),
  ];
}

function meanOf(
  rows: readonly CurveObservation[],
  tenor: Tenor,
  { rule, text, weightOf }: StripWeighting,
): StripRow {
  const first = rows[0]!;
  const weights = rows.map(({ contract_month }) => weightOf(contract_month));
  const weight = stableSum(weights);
  const mean = (side: 'bid' | 'ask' | 'mid' | 'value') => {
    const prices = rows.map((row) => row[side]);
    if (prices.includes(null)) return null;
    return stableSum(prices.map((price, index) => price! * weights[index]!)) / weight;
  };
  return {
    ...first,
    ...tenor,
    price_type: first.price_type,
    value: mean('value')!,
    bid: mean('bid'),
    ask: mean('ask'),
    mid: mean('mid'),
    source_cell: null,
    source_cell_bid_ask: null,
    strip_source: 'derived',
    strip_rule: rule,
    rule: text,
    source_cells: rows.map(({ source_cell }) => source_cell),
    weights,
  };
}

/** Neumaier's compensated sum: the order of the terms does not show in the result. */
export function stableSum(terms: readonly number[]): number {
  let sum = 0;
  let lost = 0;
  for (const term of terms) {
    const next = sum + term;
    lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
    sum = next;
  }
  return sum + lost;
}
