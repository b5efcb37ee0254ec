/**
 * Quoted delivery contracts laid over each other: the pieces of time between all their first and last days, and which quotes
 * follow from others (redundant) or contradict them (conflicting). Knows neither hours nor how a curve is drawn through them.
 *
 * A contract's price is the weighted mean over its pieces, so price x weight is a sum of pieces: a row of zeros and ones with
 * the ones side by side. Elimination of such rows meets only -1, 0 and 1, so dependence is found exactly, never by a tolerance.
 */
import { dayNumber } from './calendar/days.ts';
import { refusal } from './errors.ts';
import { stableSum } from './strips.ts';

export interface ForwardContract {
  /** What a person calls it: `Q1-26`. */
  readonly name: string;
  /** First day of delivery, `YYYY-MM-DD`. */
  readonly from: string;
  /** The day after the last. */
  readonly to: string;
  readonly price: number;
}

/** Weight of the delivery days from `from` (inclusive) to `to` (exclusive): hours of a block, days, discounted or not. */
export type WeightOf = (from: string, to: string) => number;

export interface Piece {
  readonly from: string;
  readonly to: string;
  readonly weight: number;
  /** Whether the quotes alone say its mean price. False in gaps and where contracts only overlap. */
  readonly determined: boolean;
  /** Whether any contract covers it. */
  readonly covered: boolean;
}

export interface PlacedContract extends ForwardContract {
  readonly first_piece: number;
  /** The piece after its last. */
  readonly end_piece: number;
  readonly weight: number;
}

export interface ContractSet {
  /** Independent of each other, shortest first. */
  readonly contracts: readonly PlacedContract[];
  readonly pieces: readonly Piece[];
  /** Quotes that follow from others; only where the caller allows it. */
  readonly left_out: readonly DependentQuote[];
}

export interface DependentQuote {
  readonly name: string;
  /** What the others make it. */
  readonly implied: number;
}

export interface ContractSetOptions {
  readonly allow_redundant?: boolean;
  readonly allow_conflicts?: boolean;
  readonly field?: string;
}

/** A quote may differ from what others imply by rounding of arithmetic, not of prices. */
const AGREEMENT = 1e-9;
const MOST_CONTRACTS = 500;

/**
 * @param allow_redundant leave quotes out that follow from others; else they are refused
 * @param allow_conflicts leave them out also where the others make another price; the shorter contracts hold
 * @throws contracts_empty, contracts_too_many, contract_period_reversed, contract_price_impossible, contract_without_hours,
 * contract_redundant, contract_conflict, date_impossible; the field is `contracts[i]` in the caller's order.
 */
export function contractSet(
  contracts: readonly ForwardContract[],
  weightOf: WeightOf,
  { allow_redundant = false, allow_conflicts = false, field = 'contracts' }: ContractSetOptions = {},
): ContractSet {
  deliverySpan(contracts, field);
  const days = [...new Set(contracts.flatMap(({ from, to }) => [from, to]))].sort();
  const spans = days
    .slice(1)
    .map((to, index) => ({ from: days[index]!, to, weight: weightOf(days[index]!, to) }));
  const placed = contracts.map((contract, index) => place(contract, days, spans, `${field}[${index}]`));
  const order = placed.map((_, index) => index).sort((a, b) => byLength(placed[a]!, placed[b]!));
  const basis: BasisRow[] = [];
  const left_out: DependentQuote[] = [];
  for (const index of order) {
    const row = reduce(basis, rowOf(placed[index]!, spans), index);
    const pivot = row.pieces.findIndex((value) => value !== 0);
    if (pivot !== -1) basis.push({ ...row, pivot });
    else left_out.push(judge(placed, index, row.parts, { allow_redundant, allow_conflicts, field }));
  }
  const independent = basis.map(({ index }) => placed[index]!);
  const pieces = spans.map((span, index) => ({
    ...span,
    covered: independent.some(({ first_piece, end_piece }) => first_piece <= index && index < end_piece),
    determined:
      span.weight > 0 && reduce(basis, unitRow(index, spans.length), -1).pieces.every((value) => value === 0),
  }));
  return { contracts: independent, pieces, left_out };
}

/**
 * First day of all contracts, and the day after the last.
 * @throws contracts_empty, contracts_too_many, contract_period_reversed, contract_price_impossible, date_impossible
 */
export function deliverySpan(
  contracts: readonly ForwardContract[],
  field: string,
): readonly [from: string, to: string] {
  if (contracts.length === 0 || contracts.length > MOST_CONTRACTS) {
    throw refusal(
      contracts.length === 0 ? 'contracts_empty' : 'contracts_too_many',
      `${contracts.length} contracts are given`,
      { field, remedy: `Give 1 to ${MOST_CONTRACTS} contracts.` },
    );
  }
  contracts.forEach(({ name, from, to, price }, index) => {
    const path = `${field}[${index}]`;
    if (dayNumber(from, `${path}.from`) >= dayNumber(to, `${path}.to`)) {
      throw refusal('contract_period_reversed', `"${name}" ends on ${to}, not after its first day ${from}`, {
        field: `${path}.to`,
        remedy: 'Give the first day of delivery, and the day after the last.',
      });
    }
    if (!Number.isFinite(price)) {
      throw refusal('contract_price_impossible', `"${name}" has the price ${price}`, {
        field: `${path}.price`,
        remedy: 'Give a finite number.',
      });
    }
  });
  return [
    contracts.map(({ from }) => from).sort()[0]!,
    contracts
      .map(({ to }) => to)
      .sort()
      .at(-1)!,
  ];
}

function place(
  contract: ForwardContract,
  days: readonly string[],
  spans: readonly { readonly weight: number }[],
  field: string,
): PlacedContract {
  const [first_piece, end_piece] = [days.indexOf(contract.from), days.indexOf(contract.to)];
  const weight = stableSum(spans.slice(first_piece, end_piece).map((span) => span.weight));
  if (weight > 0) return { ...contract, first_piece, end_piece, weight };
  throw refusal('contract_without_hours', `"${contract.name}" has no hours of delivery`, {
    field,
    remedy: 'Leave it out, or choose a block with hours in its period.',
  });
}

function byLength(a: PlacedContract, b: PlacedContract): number {
  return (
    a.weight - b.weight || a.first_piece - b.first_piece || a.price - b.price || (a.name < b.name ? -1 : 1)
  );
}

interface Row {
  readonly index: number;
  /** What is left of the row after elimination. */
  readonly pieces: Float64Array;
  /** How often each contract is in it. */
  readonly parts: ReadonlyMap<number, number>;
}

interface BasisRow extends Row {
  readonly pivot: number;
}

function rowOf(
  { first_piece, end_piece }: PlacedContract,
  spans: readonly { readonly weight: number }[],
): Float64Array {
  // A piece without hours adds nothing to any price.
  return Float64Array.from(spans, ({ weight }, index) =>
    index >= first_piece && index < end_piece && weight > 0 ? 1 : 0,
  );
}

const unitRow = (index: number, length: number): Float64Array => {
  const row = new Float64Array(length);
  row[index] = 1;
  return row;
};

function reduce(basis: readonly BasisRow[], pieces: Float64Array, index: number): Row {
  const parts = new Map([[index, 1]]);
  for (const row of basis) {
    const factor = pieces[row.pivot]! / row.pieces[row.pivot]!;
    if (factor === 0) continue;
    for (let piece = 0; piece < pieces.length; piece++) pieces[piece]! -= factor * row.pieces[piece]!;
    for (const [part, count] of row.parts) parts.set(part, (parts.get(part) ?? 0) - factor * count);
  }
  return { index, pieces, parts };
}

/** A contract that is a sum of others: refused by name, or left out where that is allowed. */
function judge(
  placed: readonly PlacedContract[],
  index: number,
  parts: ReadonlyMap<number, number>,
  { allow_redundant, allow_conflicts, field: list }: Required<ContractSetOptions>,
): DependentQuote {
  const field = `${list}[${index}]`;
  const { name, price, weight } = placed[index]!;
  const others = [...parts]
    .filter(([part, count]) => part !== index && count !== 0)
    .sort(
      ([a], [b]) => placed[a]!.first_piece - placed[b]!.first_piece || placed[a]!.weight - placed[b]!.weight,
    );
  const implied = stableSum(
    others.map(([part, count]) => (-count * placed[part]!.price * placed[part]!.weight) / weight),
  );
  const scale = Math.max(1, ...others.map(([part]) => Math.abs(placed[part]!.price)));
  const names = others.map(([part]) => `"${placed[part]!.name}"`).join(', ');
  if (!allow_conflicts && Math.abs(implied - price) > AGREEMENT * scale) {
    throw refusal('contract_conflict', `"${name}" is quoted ${price}, but ${names} make it ${implied}`, {
      field,
      remedy: 'Leave one of them out.',
    });
  }
  if (allow_redundant) return { name, implied };
  throw refusal('contract_redundant', `"${name}" follows from ${names}: it says nothing new`, {
    field,
    remedy: 'Leave it out.',
  });
}
