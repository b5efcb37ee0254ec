/**
 * The reference (and location) price of every delivery month in the settlement currency per MWh: converted, extrapolated
 * where that was asked for and marked so, refused by month where there is none. Knows no volume.
 */
import type { PpaContract } from '#schemas/ppa-contract.ts';
import type { MonthPrice, PpaMarket } from '#schemas/ppa-market.ts';
import { convertPrice } from '../conversion.ts';
import { refusal } from '../errors.ts';
import { addMonths, monthsBetween } from '../tenor.ts';
import { blockOf, type DeliveryMonth } from './periods.ts';

export interface ReferencePrice {
  readonly price: number;
  readonly extrapolated: boolean;
  readonly origin: MonthPrice['origin'];
  /** Whether the quotes say it; where strips only overlap, or a price that was carried on did so, they leave it open. */
  readonly determined: boolean;
  /** Location minus reference. */
  readonly basis: number;
}

const MAX_NAMED = 24;

/** @throws price_missing, block_mismatch, location_missing, conversion_missing */
export function referencePrices(
  contract: PpaContract,
  market: PpaMarket,
  months: readonly DeliveryMonth[],
): readonly ReferencePrice[] {
  const reference = curvePrices(contract, market, 'reference', months);
  if (contract.basis.kind !== 'curve') {
    const basis = contract.basis.kind === 'adder' ? contract.basis.price : 0;
    return reference.map((price) => ({ ...price, basis }));
  }
  const location = curvePrices(contract, market, 'location', months);
  return reference.map((price, index) => ({
    ...price,
    extrapolated: price.extrapolated || location[index]!.extrapolated,
    determined: price.determined && location[index]!.determined,
    basis: location[index]!.price - price.price,
  }));
}

type CurvePrice = Omit<ReferencePrice, 'basis'>;

function curvePrices(
  contract: PpaContract,
  market: PpaMarket,
  name: 'reference' | 'location',
  months: readonly DeliveryMonth[],
): readonly CurvePrice[] {
  const field = `market.${name}`;
  const curve = market[name];
  if (curve === undefined) {
    throw refusal('location_missing', 'The contract takes its basis from a curve, and the market has none', {
      field,
      remedy: "Give the location's curve, or the basis as an adder.",
    });
  }
  if (blockFamily(curve.block) !== blockFamily(blockOf(contract))) {
    throw refusal(
      'block_mismatch',
      `The ${name} is for ${curve.block}, the contract delivers ${blockOf(contract)}`,
      {
        field: `${field}.block`,
        remedy: 'Value it on a curve of the block it delivers.',
      },
    );
  }
  const from = { currency: curve.currency, per_unit: curve.per_unit };
  const to = { currency: contract.settlement_currency, per_unit: 'MWh' };
  const byMonth = new Map(curve.prices.map((row) => [row.month, row]));
  const found = months.map(({ month }) => lookUp(byMonth, month, market.extrapolation));
  refuseMissing(months, found, field, { last: lastMonth(byMonth), kind: market.extrapolation.kind });
  const ratio = convertPrice(1, from, to, market.fx_rates, field, 'market.fx_rates');
  return found.map((row) => ({ ...row!, price: row!.price * ratio }));
}

function refuseMissing(
  months: readonly DeliveryMonth[],
  found: readonly (CurvePrice | undefined)[],
  field: string,
  { last, kind }: { readonly last: string; readonly kind: PpaMarket['extrapolation']['kind'] },
): void {
  const missing = months.flatMap(({ month }, index) =>
    found[index] === undefined ? [month.slice(0, 7)] : [],
  );
  if (missing.length === 0) return;
  const named = missing.slice(0, MAX_NAMED).join(', ');
  const more =
    missing.length > MAX_NAMED ? ` and ${missing.length - MAX_NAMED} more, to ${missing.at(-1)}` : '';
  throw refusal('price_missing', `No price for ${named}${more}`, {
    field: `${field}.prices`,
    remedy: remedyFor(missing, last.slice(0, 7), kind),
  });
}

/** An extrapolation helps the months after the last price alone; a gap, and what lies before the first, need prices. */
function remedyFor(
  missing: readonly string[],
  last: string,
  kind: PpaMarket['extrapolation']['kind'],
): string {
  const within = missing.filter((month) => month < last).length;
  if (last !== '' && within === missing.length) {
    return 'Give their prices; of a released curve strips "bootstrapped" fill months that only strips cover. No extrapolation fills a gap.';
  }
  if (last !== '' && within > 0) {
    return `Give the prices of the months before ${last}, which no extrapolation fills; those after it market.extrapolation can.`;
  }
  if (kind === 'none' && last !== '') {
    return `Give their prices, or ask for an extrapolation (market.extrapolation) of the months after ${last}.`;
  }
  return last === ''
    ? 'Give their prices.'
    : `Give their prices, or repeat "last_month": the twelve months to ${last} lack one to repeat.`;
}

const lastMonth = (byMonth: ReadonlyMap<string, MonthPrice>) =>
  [...byMonth.keys()].reduce((a, b) => (a > b ? a : b), '');

/** Months in the last year of prices, for the one of the same calendar month. */
const YEAR = 12;

function lookUp(
  byMonth: ReadonlyMap<string, MonthPrice>,
  month: string,
  extrapolation: PpaMarket['extrapolation'],
): CurvePrice | undefined {
  const quoted = byMonth.get(month);
  if (quoted !== undefined) return { ...saidBy(quoted), extrapolated: false };
  if (extrapolation.kind === 'none') return undefined;
  const last = lastMonth(byMonth);
  if (last === '' || month < last) return undefined;
  const beyond = monthsBetween(last, month);
  const back = extrapolation.repeat === 'same_month' ? YEAR * Math.ceil(beyond / YEAR) : beyond;
  const carried = byMonth.get(addMonths(month, -back));
  if (carried === undefined) return undefined;
  const growth = extrapolation.kind === 'escalate' ? (1 + extrapolation.rate) ** (back / YEAR) : 1;
  return { ...saidBy(carried), price: carried.price * growth, extrapolated: true };
}

const saidBy = ({ price, origin, determined = true }: MonthPrice) => ({ price, origin, determined });

/** Blocks of the same hours under their several names. */
const SAME_HOURS: Readonly<Record<string, string>> = {
  ATC: 'BASE',
  RTC: 'BASE',
  FLAT: 'BASE',
  '7X24': 'BASE',
  PEAK: 'ONPEAK',
};

export function blockFamily(block: string): string {
  const folded = block.toUpperCase().replace(/[^A-Z0-9]/g, '');
  return Object.hasOwn(SAME_HOURS, folded) ? SAME_HOURS[folded]! : folded;
}
