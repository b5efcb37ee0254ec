/**
 * Monthly prices of one curve from the rows of a release. Months that are quoted win; strips only say the months that nobody
 * quotes, when that is asked for, so nothing is counted twice. Which strips are used is the rule of a curve's shape
 * (`quotes=independent`). Knows no contract and no store.
 */
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { MonthPrice, PpaMarketInput } from '#schemas/ppa-market.ts';
import { bootstrapMonths } from '../curve-bootstrap.ts';
import { refusal } from '../errors.ts';
import { quotedContracts, selectQuotes } from '../quoted-contracts.ts';
import { addMonths, monthsBetween, OTC_SEASONS, type SeasonRule } from '../tenor.ts';
import { atRequestField } from './request-field.ts';

type Side = 'value' | 'bid' | 'ask' | 'mid';

export interface MonthlyPriceOptions {
  readonly side?: Side;
  /** `left_out` (default): months alone count. `bootstrapped`: strips fill what no month covers. */
  readonly strips?: 'left_out' | 'bootstrapped';
  readonly seasons?: SeasonRule;
  /** Path of the curve in the request, for the refusals. */
  readonly field?: string;
}

type ReferenceInput = PpaMarketInput['reference'];

/**
 * @param rows rows of one curve and one as-of day, in any order; the same row twice counts once
 * @throws curves_mixed, currencies_mixed, price_unit_unknown, price_conflict, curve_empty; contracts_too_many of strips
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
  const isWanted = ({ tenor_type }: CurveObservation) =>
    tenor_type === 'MONTHLY' || options.strips === 'bootstrapped';
  const quotes = oneOfEachTenor(priced.filter(isWanted), side, field);
  const months = new Map(quotes.filter(isMonth).map((row) => [row.contract_month, row[side]!]));
  const filled = stripMonths(quotes, months, side, { ...options, field });
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

const isMonth = ({ tenor_type }: CurveObservation) => tenor_type === 'MONTHLY';

/** The same quote twice counts once. */
function oneOfEachTenor(rows: readonly CurveObservation[], side: Side, field: string): CurveObservation[] {
  const byTenor = new Map<string, CurveObservation>();
  for (const row of rows) {
    const tenor = isMonth(row) ? row.contract_month.slice(0, 7) : row.tenor_label;
    const known = byTenor.get(tenor);
    if (known !== undefined && known[side] !== row[side]) {
      throw refusal('price_conflict', `${tenor} has two prices`, { field, remedy: 'Choose one version.' });
    }
    byTenor.set(tenor, row);
  }
  return [...byTenor.values()];
}

/**
 * Months no quoted month covers, from the quotes that say something new, shorter ones before longer ones: what only repeats
 * them, rounded or not, is left out. Months of a strip weigh the same, as the vendors make their strips.
 */
function stripMonths(
  quotes: readonly CurveObservation[],
  months: ReadonlyMap<string, number>,
  side: Side,
  { seasons = OTC_SEASONS, field = 'market.reference' }: MonthlyPriceOptions,
): MonthPrice[] {
  const ofSide = quotes.map((row) => ({ ...row, value: row[side]! }));
  // What is left of a running strip may be one quoted month: there the month holds, whatever the strip says.
  const contracts = quotedContracts(ofSide, seasons).filter(
    ({ quote, from, to }) => isMonth(quote) || !monthsOf(from, to).every((month) => months.has(month)),
  );
  if (contracts.every(({ quote }) => isMonth(quote))) return [];
  try {
    const { used } = selectQuotes(contracts, monthsBetween, 'independent');
    return bootstrapMonths(used, monthsBetween)
      .filter(({ month }) => !months.has(month))
      .map(({ month, price, determined }) => ({
        month,
        price,
        origin: 'strip',
        ...(determined ? {} : { determined }),
      }));
  } catch (error) {
    throw atRequestField(error, () => ({ field }));
  }
}

const monthsOf = (from: string, to: string) =>
  Array.from({ length: monthsBetween(from, to) }, (_, offset) => addMonths(from, offset));
