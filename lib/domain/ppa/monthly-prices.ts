/**
 * Monthly prices of one curve from the rows of a release. Months that are quoted win; strips only fill months that none of them
 * covers, when that is asked for, so nothing is counted twice. Knows no contract and no store.
 */
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { MonthPrice, PpaMarketInput } from '#schemas/ppa-market.ts';
import { bootstrapMonths } from '../curve-bootstrap.ts';
import { refusal } from '../errors.ts';
import { addMonths, coveredMonths, monthsBetween, OTC_SEASONS, type SeasonRule } from '../tenor.ts';

export interface MonthlyPriceOptions {
  readonly side?: 'value' | 'bid' | 'ask' | 'mid';
  /** `left_out` (default): months alone count. `bootstrapped`: strips fill what no month covers. */
  readonly strips?: 'left_out' | 'bootstrapped';
  readonly seasons?: SeasonRule;
  /** What a period weighs in a strip; default: each month the same, as the vendors' strips are made. */
  readonly weightOf?: (from: string, to: string) => number;
  /** Path of the curve in the request, for the refusals. */
  readonly field?: string;
}

type ReferenceInput = PpaMarketInput['reference'];

/**
 * @param rows rows of one curve and one as-of day, in any order; the same row twice counts once
 * @throws curves_mixed, currencies_mixed, price_unit_unknown, price_conflict, curve_empty
 */
export function monthlyPrices(
  rows: readonly CurveObservation[],
  options: MonthlyPriceOptions = {},
): ReferenceInput {
  const { side = 'value', field = 'market.reference' } = options;
  const priced = rows.filter((row) => row[side] !== null);
  const first = priced[0];
  if (first === undefined) {
    throw refusal('curve_empty', `The curve has no ${side} prices`, {
      field,
      remedy: 'Choose another curve, day or side.',
    });
  }
  refuseMixture(priced, field);
  const { currency, per_unit, block } = first;
  if (currency === null || per_unit === null) throw priceUnitUnknown(field);
  const months = quotedMonths(priced, side, field);
  const filled = options.strips === 'bootstrapped' ? stripMonths(priced, months, side, options) : [];
  const prices = [...months].map(([month, price]): MonthPrice => ({ month, price, origin: 'month' }));
  return {
    curve_key: first.curve_key,
    block: block ?? 'BASE',
    currency,
    per_unit,
    version_hashes: [...new Set(priced.map(({ version_hash }) => version_hash))].sort(),
    prices: [...prices, ...filled].sort((a, b) => (a.month < b.month ? -1 : 1)),
  };
}

export function priceUnitUnknown(field: string) {
  return refusal('price_unit_unknown', 'The curve states no currency or no quantity', {
    field,
    remedy: 'Give the prices by hand with their unit; units are never guessed.',
  });
}

function refuseMixture(rows: readonly CurveObservation[], field: string): void {
  const differ = (part: (row: CurveObservation) => unknown) => new Set(rows.map(part)).size > 1;
  if (differ((row) => row.curve_key) || differ((row) => row.asof_date)) {
    throw refusal('curves_mixed', 'The rows are of several curves or several days', {
      field,
      remedy: 'Choose one curve_key and one as-of day.',
    });
  }
  if (differ((row) => `${row.currency} ${row.per_unit}`)) {
    throw refusal('currencies_mixed', 'The rows are in several units', {
      field,
      remedy: 'Different currencies are never mixed.',
    });
  }
}

function quotedMonths(
  rows: readonly CurveObservation[],
  side: 'value' | 'bid' | 'ask' | 'mid',
  field: string,
) {
  const months = new Map<string, number>();
  for (const row of rows) {
    if (row.tenor_type !== 'MONTHLY') continue;
    const known = months.get(row.contract_month);
    const price = row[side]!;
    if (known !== undefined && known !== price) {
      throw refusal('price_conflict', `${row.contract_month.slice(0, 7)} has two prices`, {
        field,
        remedy: 'Choose one version.',
      });
    }
    months.set(row.contract_month, price);
  }
  return months;
}

/** Months no quoted month covers, from the shortest strips that say something of them. */
function stripMonths(
  rows: readonly CurveObservation[],
  months: ReadonlyMap<string, number>,
  side: 'value' | 'bid' | 'ask' | 'mid',
  { seasons = OTC_SEASONS, weightOf = monthsBetween, field = 'market.reference' }: MonthlyPriceOptions,
): MonthPrice[] {
  const strips = rows
    .filter(({ tenor_type }) => tenor_type !== 'MONTHLY')
    .map((row) => ({ row, covers: coveredMonths(row, row.asof_date, seasons) }))
    .sort((a, b) => a.covers.length - b.covers.length || (a.row.tenor_label < b.row.tenor_label ? -1 : 1));
  const covered = new Set(months.keys());
  // A longer strip that only repeats covered months would count them twice: it is left out.
  const used = strips.filter(({ covers }) => {
    const isNew = covers.some((month) => !covered.has(month));
    for (const month of covers) covered.add(month);
    return isNew;
  });
  if (used.length === 0) return [];
  const needed = new Set(used.flatMap(({ covers }) => covers));
  const contract = (name: string, from: string, length: number, price: number) => ({
    name,
    from,
    to: addMonths(from, length),
    price,
  });
  const contracts = [
    ...[...months]
      .filter(([month]) => needed.has(month))
      .map(([month, price]) => contract(month, month, 1, price)),
    ...used.map(({ row, covers }) => contract(row.tenor_label, covers[0]!, covers.length, row[side]!)),
  ];
  return bootstrapMonths(contracts, weightOf, { field })
    .filter(({ month }) => !months.has(month))
    .map(({ month, price }) => ({ month, price, origin: 'strip' }));
}
