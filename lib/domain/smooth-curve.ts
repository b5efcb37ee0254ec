/**
 * Maximum smoothness: from monthly, quarterly, yearly quotes to days and hours. Knows no market but the calendar handed in.
 *
 * price_i = (p(t_i) + additive_i) x multiplicative_i at the start t_i of day or hour i, in days from the first.
 * p is made of quartics between the contracts' first days and the days after their last, with p, p' and p'' continuous, and has
 * the least integral of p''^2 of all such curves for which every contract's price is the mean of its price_i weighted by w_i.
 * Where the quotes leave the tilt of p open (a single contract), p begins level.
 * Source: Benth, Koekebakker and Ollmar (2007), "Extracting and applying smooth forward curves from average-based commodity
 * contracts with seasonal variation"; Fowler, cmdty/curves, "Maximum smoothness forward curve".
 */
import { dateOfDay, dayNumber } from './calendar/days.ts';
import { blockHours, hourStarts, isInBlock, type MarketCalendar } from './calendar/market-calendar.ts';
import {
  type ContractSet,
  contractSet,
  deliverySpan,
  type ForwardContract,
  type PlacedContract,
} from './contract-set.ts';
import { refusal } from './errors.ts';
import { type MeanCondition, pieceTermsAt, pieceValueAt, smoothestSpline } from './smooth-spline.ts';

/** Functions of the step: a date for days, the hour's start (ms UTC) for hours. */
export interface Shape<Step> {
  /** Share of the step in a contract's mean, at least 0; 1 when absent. */
  readonly weight?: (step: Step) => number;
  /** Factor on the smooth curve, 1 when absent. */
  readonly multiplicative?: (step: Step) => number;
  /** Added to the smooth curve before the factor, 0 when absent. */
  readonly additive?: (step: Step) => number;
}

export interface SmoothDays {
  readonly dates: readonly string[];
  readonly prices: Float64Array;
}

export interface SmoothHours {
  /** Starts of the block's hours, ms UTC. */
  readonly starts_ms: Float64Array;
  readonly prices: Float64Array;
}

/**
 * A price for every day from the first contract's to the last one's, gaps included.
 * @throws shape_impossible, and what `contractSet` refuses: redundant and conflicting quotes by name.
 */
export function smoothDays(
  contracts: readonly ForwardContract[],
  shape: Shape<string> = {},
  field = 'contracts',
): SmoothDays {
  const [from, to] = deliverySpan(contracts, field);
  const first = dayNumber(from);
  const dates = Array.from({ length: dayNumber(to) - first }, (_, day) => dateOfDay(first + day));
  const steps = stepsOf(dates, shape, (index) => dates[index]!);
  const prices = smooth(contracts, steps, (date) => dayNumber(date) - first, field);
  return { dates, prices };
}

/**
 * A price for every hour of the block in the delivery days of the contracts; each contract is the mean over its hours of the block.
 * @throws as `smoothDays`, block_unknown
 */
export function smoothHours(
  calendar: MarketCalendar,
  block: string,
  contracts: readonly ForwardContract[],
  shape: Shape<number> = {},
  field = 'contracts',
): SmoothHours {
  const [from, to] = deliverySpan(contracts, field);
  const starts = Array.from(hourStarts(calendar, from, to));
  const taken = starts.map((start) => isInBlock(calendar, block, start));
  const all = stepsOf(starts, shape, (index) => new Date(starts[index]!).toISOString());
  const steps = { ...all, weights: all.weights.map((weight, index) => (taken[index] ? weight : 0)) };
  const prices = smooth(contracts, steps, (date) => blockHours(calendar, 'ATC', from, date), field);
  const isTaken = (_: number, index: number) => taken[index]!;
  return { starts_ms: Float64Array.from(starts.filter(isTaken)), prices: prices.filter(isTaken) };
}

interface Steps {
  readonly weights: Float64Array;
  readonly factors: Float64Array;
  readonly additions: Float64Array;
}

function stepsOf<Step>(
  steps: readonly Step[],
  { weight, multiplicative, additive }: Shape<Step>,
  nameOf: (index: number) => string,
): Steps {
  const values = (name: string, of: ((step: Step) => number) | undefined, absent: number, least: number) =>
    Float64Array.from(steps, (step, index) => {
      const value = of === undefined ? absent : of(step);
      if (Number.isFinite(value) && value >= least) return value;
      throw refusal('shape_impossible', `The ${name} of ${nameOf(index)} is ${value}`, {
        field: `shape.${name}`,
        remedy: least === 0 ? 'Give finite numbers, none negative.' : 'Give finite numbers.',
      });
    });
  return {
    weights: values('weight', weight, 1, 0),
    factors: values('multiplicative', multiplicative, 1, 0),
    additions: values('additive', additive, 0, Number.NEGATIVE_INFINITY),
  };
}

function smooth(
  contracts: readonly ForwardContract[],
  steps: Steps,
  stepOf: (date: string) => number,
  field: string,
): Float64Array {
  const weightOf = (from: string, to: string) => {
    let weight = 0;
    for (const share of steps.weights.subarray(stepOf(from), stepOf(to))) weight += share;
    return weight;
  };
  const set = contractSet(contracts, weightOf, { field });
  const knots = [set.pieces[0]!.from, ...set.pieces.map(({ to }) => to)].map(stepOf);
  const level = set.contracts[0]!.price;
  const spline = splineOf(set, knots, steps, level, field);
  const prices = new Float64Array(steps.weights.length);
  spline.pieces.forEach((coefficients, piece) => {
    const [begin, end] = [knots[piece]!, knots[piece + 1]!];
    for (let step = begin; step < end; step++) {
      const above = pieceValueAt(coefficients, (step - begin) / (end - begin), spline.lengths[piece]!);
      prices[step] = (level + above + steps.additions[step]!) * steps.factors[step]!;
    }
  });
  return prices;
}

/** The spline above `level`. Equal quotes then have targets of zero, and the curve is exactly flat. */
function splineOf(set: ContractSet, knots: readonly number[], steps: Steps, level: number, field: string) {
  // In units of the mean piece, which keeps the equations well conditioned.
  const unit = (knots.at(-1)! - knots[0]!) / set.pieces.length;
  const lengths = set.pieces.map((_, piece) => (knots[piece + 1]! - knots[piece]!) / unit);
  const means = set.contracts.map((contract) => meanOf(contract, knots, lengths, steps, level));
  const centres = means.map(({ centre }) => centre);
  const tilt_is_open = Math.max(...centres) - Math.min(...centres) < 1e-9;
  const pieces = smoothestSpline(lengths, means, tilt_is_open);
  if (pieces !== undefined) return { lengths, pieces };
  throw refusal('curve_not_solvable', 'No smooth curve was found through the contracts', {
    field,
    remedy: 'Leave out the contracts that are very short beside the others.',
  });
}

/** Mean of a contract's prices as a condition on the spline, and the centre of its weights as a share of the curve's length. */
function meanOf(
  { first_piece, end_piece, price }: PlacedContract,
  knots: readonly number[],
  lengths: readonly number[],
  { weights, factors, additions }: Steps,
  level: number,
): MeanCondition & { readonly centre: number } {
  let [weight, known, moment] = [0, 0, 0];
  const sums = Array.from({ length: end_piece - first_piece }, (_, offset) => {
    const piece = first_piece + offset;
    const [begin, end] = [knots[piece]!, knots[piece + 1]!];
    const sum: [number, number, number, number, number] = [0, 0, 0, 0, 0];
    for (let step = begin; step < end; step++) {
      const share = weights[step]! * factors[step]!;
      const terms = pieceTermsAt((step - begin) / (end - begin), lengths[piece]!);
      for (let part = 0; part < 5; part++) sum[part]! += share * terms[part]!;
      weight += weights[step]!;
      known += share * (level + additions[step]!) - weights[step]! * price;
      moment += share * step;
    }
    return sum;
  });
  const [total, share] = [weight, sums.reduce((sum, [first, , last]) => sum + first + last, 0)];
  return {
    first_piece,
    terms: sums.map((sum) => sum.map((value) => value / total) as unknown as typeof sum),
    target: -known / total,
    centre: moment / share / knots.at(-1)!,
  };
}
