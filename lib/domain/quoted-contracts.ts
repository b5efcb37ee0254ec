/**
 * The quotes of one curve and day as delivery contracts, and which of them a curve is drawn through. Knows the vendors' rule
 * (a quote is for its months from the as-of month on) and neither days nor hours.
 */
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { contractSet, type ForwardContract, type WeightOf } from './contract-set.ts';
import { stableSum } from './strips.ts';
import { addMonths, coveredMonths, monthsBetween, type SeasonRule } from './tenor.ts';

export interface QuotedContract extends ForwardContract {
  readonly quote: CurveObservation;
}

/**
 * `finest`: the shortest ones that do not overlap. `independent`: also those that overlap and say something the shorter ones
 * do not, a winter whose first months are quoted.
 */
export type QuoteChoice = 'finest' | 'independent';

export interface QuoteLeftOut {
  readonly contract: QuotedContract;
  /** It follows from the ones used; they make it another price; it overlaps some without following from them. */
  readonly reason: 'redundant' | 'conflict' | 'overlap';
  /** What the ones used make it. */
  readonly implied: number | null;
}

export interface QuoteSelection {
  /** Ascending by first day, of one first day the shorter first. */
  readonly used: readonly QuotedContract[];
  readonly left_out: readonly QuoteLeftOut[];
}

/** Those with months left to deliver. */
export function quotedContracts(
  quotes: readonly CurveObservation[],
  seasons: SeasonRule,
): readonly QuotedContract[] {
  return quotes.flatMap((quote) => {
    const months = coveredMonths(quote, quote.asof_date, seasons);
    const [first, last] = [months[0], months.at(-1)];
    if (first === undefined || last === undefined) return [];
    return [{ name: quote.tenor_label, from: first, to: addMonths(last, 1), price: quote.value, quote }];
  });
}

export function selectQuotes(
  contracts: readonly QuotedContract[],
  weightOf: WeightOf,
  choice: QuoteChoice,
): QuoteSelection {
  // What is left of a running strip may be one month that is quoted itself: there the month holds.
  const monthly = new Map(contracts.filter(isMonth).map((contract) => [contract.from, contract]));
  const lasts = contracts.filter((one) => !isMonth(one) && lengthOf(one) === 1 && monthly.has(one.from));
  const others = contracts.filter((contract) => !lasts.includes(contract));
  const { used, left_out } = (choice === 'finest' ? finest : independent)(others, weightOf);
  const doubles = lasts.map((contract) => judged(contract, monthly.get(contract.from)!.price));
  return {
    used: used.toSorted(byTime),
    left_out: [...left_out, ...doubles].toSorted((a, b) => byTime(a.contract, b.contract)),
  };
}

const isMonth = ({ quote }: QuotedContract) => quote.tenor_type === 'MONTHLY';

type Select = (contracts: readonly QuotedContract[], weightOf: WeightOf) => QuoteSelection;

const finest: Select = (contracts, weightOf) => {
  const used: QuotedContract[] = [];
  const left_out: QuoteLeftOut[] = [];
  for (const contract of contracts.toSorted(byLength)) {
    const touched = used.filter(({ from, to }) => from < contract.to && contract.from < to);
    if (touched.length === 0) used.push(contract);
    else left_out.push(judged(contract, impliedBy(contract, touched, weightOf)));
  }
  return { used, left_out };
};

const independent: Select = (contracts, weightOf) => {
  const byName = new Map(contracts.map((contract) => [contract.name, contract]));
  const allow = { allow_redundant: true, allow_conflicts: true, field: 'quotes' };
  const set = contractSet(contracts, weightOf, allow);
  return {
    used: set.contracts.map(({ name }) => byName.get(name)!),
    left_out: set.left_out.map(({ name, implied }) => judged(byName.get(name)!, implied)),
  };
};

/** Price of a contract that others make up without a gap and nothing beside; null when they do not. */
function impliedBy(
  { from, to }: QuotedContract,
  parts: readonly QuotedContract[],
  weightOf: WeightOf,
): number | null {
  const months = stableSum(parts.map((part) => lengthOf(part)));
  if (months !== lengthOf({ from, to }) || parts.some((part) => part.from < from || part.to > to))
    return null;
  const weights = parts.map((part) => weightOf(part.from, part.to));
  return stableSum(parts.map(({ price }, index) => price * weights[index]!)) / stableSum(weights);
}

function judged(contract: QuotedContract, implied: number | null): QuoteLeftOut {
  if (implied === null) return { contract, reason: 'overlap', implied };
  const agrees = Math.abs(implied - contract.price) <= roundingOf(contract.price);
  return { contract, reason: agrees ? 'redundant' : 'conflict', implied };
}

/** Half of a price's last decimal, of the second one at least: vendors round the strips they quote. */
function roundingOf(price: number): number {
  const decimals = /\.(\d+)$/.exec(String(price))?.[1]?.length ?? 0;
  return 0.5 * 10 ** -Math.max(2, decimals) + 1e-9 * Math.abs(price);
}

/** In months. */
const lengthOf = ({ from, to }: Pick<ForwardContract, 'from' | 'to'>): number => monthsBetween(from, to);

function byLength(a: QuotedContract, b: QuotedContract): number {
  return lengthOf(a) - lengthOf(b) || byTime(a, b);
}

function byTime(a: QuotedContract, b: QuotedContract): number {
  if (a.from !== b.from) return a.from < b.from ? -1 : 1;
  return lengthOf(a) - lengthOf(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}
