/**
 * Units and currencies of prices: physical factors by definition, exchange rates from the caller alone, nothing guessed. Knows
 * no date: a rate holds for whatever the caller uses it on.
 *
 * A price in A per U is worth price x rate(A to B) x size(V) / size(U) in B per V.
 * Sizes: International Table British thermal unit = 1055.05585262 J (ISO 31-4), therm = 100,000 Btu = 105.505585262 MJ,
 * MMBtu = dekatherm = 10 therms; MWh = 3,600 MJ; short ton = 2,000 lb of 0.45359237 kg; barrel = 42 US gallons.
 * Energy, mass and volume of a fuel are not converted into each other: that needs its heat content and density.
 */
import { refusal } from './errors.ts';
import { stableSum } from './strips.ts';
import { knownQuantity, type PriceUnit } from './units.ts';

/** One unit of `base` is worth `rate` units of `quote`: EUR, USD, 1.17. */
export interface FxRate {
  readonly base: string;
  readonly quote: string;
  readonly rate: number;
}

export interface Money {
  readonly amount: number;
  /** ISO 4217, or GBp for pence. */
  readonly currency: string;
}

type Dimension = 'energy_mj' | 'mass_kg' | 'volume_gal';
const BTU_J = 1055.05585262;
const SIZES: Readonly<Record<string, readonly [dimension: Dimension, size: number]>> = {
  MWh: ['energy_mj', 3600],
  kWh: ['energy_mj', 3.6],
  GJ: ['energy_mj', 1000],
  therm: ['energy_mj', BTU_J / 10],
  MMBtu: ['energy_mj', BTU_J],
  Dth: ['energy_mj', BTU_J],
  tonne: ['mass_kg', 1000],
  short_ton: ['mass_kg', 2000 * 0.45359237],
  gal: ['volume_gal', 1],
  bbl: ['volume_gal', 42],
};
const PENCE_A_POUND = 100;

/**
 * The price in other terms. A unit with no known size converts to itself alone (a certificate, a RIN).
 * @param rates_field path of `rates` in the request, for the refusals
 * @throws conversion_missing naming both, fx_rate_impossible, fx_rates_disagree, price_not_finite
 */
export function convertPrice(
  value: number,
  from: PriceUnit,
  to: PriceUnit,
  rates: readonly FxRate[] = [],
  field = 'price',
  rates_field = 'rates',
): number {
  if (!Number.isFinite(value)) {
    throw refusal('price_not_finite', `The price is ${value}`, { field, remedy: 'Give a finite number.' });
  }
  const size = sizeRatio(from.per_unit, to.per_unit, field);
  const rate = currencyRatio(from.currency, to.currency, rates, field, rates_field);
  return value * rate * size;
}

/** How many of `from` one of `to` is: 34.12... therms are one MWh. Units are the same however they are written. */
function sizeRatio(from: string | null, to: string | null, field: string): number {
  if (isSameUnit(from, to)) return 1;
  const [of, into] = [sizeOf(from), sizeOf(to)];
  if (of !== undefined && into !== undefined && of[0] === into[0]) return into[1] / of[1];
  throw refusal(
    'conversion_missing',
    `No conversion from ${from ?? 'an unknown unit'} to ${to ?? 'an unknown unit'}`,
    {
      field,
      remedy:
        'Units convert within energy (MWh, kWh, GJ, therm, MMBtu, Dth), mass (tonne or t, short_ton), volume (gal, bbl).',
    },
  );
}

/** `t` and `tonne`, `mmbtu` and `MMBtu`; units that have no known size as they are written. */
export function isSameUnit(one: string | null, other: string | null): boolean {
  return canonicalUnit(one) === canonicalUnit(other);
}

/** MJ in one unit of energy, however it is written; undefined for any other unit: its heat content is not known. */
export function energyMj(unit: string): number | undefined {
  const [dimension, size] = sizeOf(unit) ?? [];
  return dimension === 'energy_mj' ? size : undefined;
}

function sizeOf(unit: string | null) {
  const name = canonicalUnit(unit);
  return name !== null && Object.hasOwn(SIZES, name) ? SIZES[name] : undefined;
}

const canonicalUnit = (unit: string | null) => (unit === null ? null : (knownQuantity(unit) ?? unit.trim()));

/**
 * What one unit of currency `from` is worth in `to`: 1, the hundredth for pence, a given rate or its inverse. Rates are not
 * chained: a cross would hide which two were used.
 * @throws conversion_missing, fx_rate_impossible, fx_rates_disagree
 */
export function currencyRatio(
  from: string,
  to: string,
  rates: readonly FxRate[] = [],
  field = 'currency',
  rates_field = 'rates',
): number {
  checkRates(rates, rates_field);
  const [of, into] = [poundsOf(from), poundsOf(to)];
  if (of.currency === into.currency) return of.units / into.units;
  const direct = rates.find(({ base, quote }) => base === of.currency && quote === into.currency);
  const inverse = rates.find(({ base, quote }) => base === into.currency && quote === of.currency);
  if (direct !== undefined) return (of.units * direct.rate) / into.units;
  if (inverse !== undefined) return of.units / (into.units * inverse.rate);
  throw refusal('conversion_missing', `No exchange rate from ${of.currency} to ${into.currency} is given`, {
    field,
    remedy: `Give a rate with base ${of.currency} and quote ${into.currency}, or the inverse.`,
  });
}

/** Pence as hundredths of a pound. */
function poundsOf(currency: string): { currency: string; units: number } {
  return currency === 'GBp' ? { currency: 'GBP', units: 1 / PENCE_A_POUND } : { currency, units: 1 };
}

/** Rates of one pair, in either direction, must agree; so the order in which they are given does not matter. */
function checkRates(rates: readonly FxRate[], rates_field: string): void {
  rates.forEach(({ base, quote, rate }, index) => {
    const field = `${rates_field}.${index}`;
    if (!(Number.isFinite(rate) && rate > 0) || base === quote || [base, quote].includes('GBp')) {
      throw refusal('fx_rate_impossible', `A rate of ${rate} from ${base} to ${quote}`, {
        field,
        remedy: 'Give a positive rate between two currencies; pence are hundredths of GBP.',
      });
    }
    const other = rates.slice(0, index).find((earlier) => {
      const same = earlier.base === base && earlier.quote === quote ? earlier.rate : undefined;
      const inverse = earlier.base === quote && earlier.quote === base ? 1 / earlier.rate : undefined;
      const known = same ?? inverse;
      return known !== undefined && Math.abs(known - rate) > 1e-12 * rate;
    });
    if (other === undefined) return;
    throw refusal('fx_rates_disagree', `Two rates between ${base} and ${quote} disagree`, {
      field,
      remedy: 'Give one rate for each pair.',
    });
  });
}

/**
 * Sum in one currency; each term in another is converted at a given rate, never taken for the same money.
 * @throws conversion_missing naming both currencies, price_not_finite with the term's path
 */
export function sumMoney(
  terms: readonly Money[],
  currency: string,
  rates: readonly FxRate[] = [],
  field = 'terms',
): Money {
  const amounts = terms.map((term, index) => {
    const at = `${field}[${index}]`;
    if (Number.isFinite(term.amount))
      return term.amount * currencyRatio(term.currency, currency, rates, `${at}.currency`);
    throw refusal('price_not_finite', `The amount is ${term.amount}`, {
      field: `${at}.amount`,
      remedy: 'Give a finite number.',
    });
  });
  return { amount: stableSum(amounts), currency };
}
