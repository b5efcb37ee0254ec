/**
 * A scenario run: assumptions on base curves to scenario prices, with the share each assumption has in the change. A pure
 * function of its input: no clock, no store, no randomness.
 *
 * Combination rule, the same whatever order the assumptions are written in: every assumption changes the base curve, and
 * the changes add up. Where one depends on others, it starts from the base plus their changes (and those of what they
 * depend on). A cap or floor that states no dependency holds for the price all others lead to.
 */

import type { CurveFilter } from '#schemas/scenario.ts';
import { normalisedIdentityPart } from './curve.ts';
import type { ForwardCurve, MarketData } from './driver.ts';
import { curveName } from './driver-values.ts';
import { refusal } from './errors.ts';
import { shapleyShares } from './scenario-attribution.ts';
import { type BoundAssumption, checkInteracting, interacting, type Scenario } from './scenario-graph.ts';
import { stableSum } from './strips.ts';
import { addMonths, monthsBetween } from './tenor.ts';

export interface ScenarioRunInput {
  readonly scenario: Scenario;
  /** Base curves, one per curve key. */
  readonly curves: readonly ForwardCurve[];
  readonly market: MarketData;
  /** YYYY-MM-DD */
  readonly asof: string;
  /** Delivery months, inclusive; left out, from the first and to the last month of each curve. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** What one assumption does to one curve; the shares of a curve sum to `prices` less base, month by month. */
export interface AssumptionShare {
  readonly id: string;
  readonly driver: string;
  readonly change: Float64Array;
}

export interface CurveScenario {
  /** The base curve within the window. */
  readonly base: ForwardCurve;
  /** Scenario price per month of `base`. */
  readonly prices: Float64Array;
  /** By id; assumptions that do not hold for the curve are left out. */
  readonly shares: readonly AssumptionShare[];
}

export interface ScenarioResult {
  readonly scenario_hash: string;
  readonly asof: string;
  /** By curve key. */
  readonly curves: readonly CurveScenario[];
  /** Such as an assumption that holds for none of the curves. */
  readonly notes: readonly string[];
}

/**
 * @throws AurumError `scenario_curve_missing`, `scenario_curve_repeated`, `scenario_month_missing`, `window_empty`,
 * `price_not_finite`, `scenario_price_not_finite`, `limits_conflict`, `attribution_too_large`, and what drivers refuse; each
 * names curve, month or field.
 */
export function runScenario(input: ScenarioRunInput): ScenarioResult {
  const { scenario, asof } = input;
  const bases = checkedCurves(input);
  const curves = bases.map((base) => runCurve(base, input));
  const used = new Set(curves.flatMap(({ shares }) => shares.map(({ id }) => id)));
  const notes = scenario.assumptions
    .filter(({ stored }) => !used.has(stored.id))
    .map(({ stored }) => `"${stored.id}" holds for no curve and month of the run`);
  return { scenario_hash: scenario.scenario_hash, asof, curves, notes };
}

/** Whether a curve is among those a filter names. */
export function isInFilter(curve: Pick<ForwardCurve, keyof CurveFilter>, filter: CurveFilter): boolean {
  return Object.entries(filter).every(([field, wanted]) => {
    if (wanted === undefined) return true;
    const own = normalisedIdentityPart(curve[field as keyof CurveFilter]);
    return wanted.some((one) => normalisedIdentityPart(one) === own);
  });
}

function checkedCurves({ curves, from, to }: ScenarioRunInput): ForwardCurve[] {
  if (from !== undefined && to !== undefined && from > to) {
    throw refusal('window_empty', `no month lies between ${from} and ${to}`, { field: 'contract_to' });
  }
  if (curves.length === 0) {
    throw refusal('scenario_curve_missing', 'no curve matches the selection', {
      field: 'curves',
      remedy: 'Ask GET /v1/curves with the same filter and as-of day for what there is.',
    });
  }
  const ordered = curves.toSorted((a, b) => (a.curve_key < b.curve_key ? -1 : 1));
  const repeated = ordered.find(({ curve_key }, index) => ordered[index - 1]?.curve_key === curve_key);
  if (repeated !== undefined) {
    throw refusal('scenario_curve_repeated', `${curveName(repeated)} is given twice`, { field: 'curves' });
  }
  return ordered.map((curve) => windowOf(curve, from, to));
}

/** The curve's months from `from` to `to`, every one of them, every price a number. */
export function windowOf(curve: ForwardCurve, begin?: string, end?: string): ForwardCurve {
  const [first, last] = [curve.months[0], curve.months.at(-1)];
  if (first === undefined || last === undefined) {
    throw refusal('window_empty', `${curveName(curve)} has no month`, {
      field: 'curves',
      remedy: 'Name curves that are quoted by months.',
    });
  }
  const [from, to] = [begin ?? first, end ?? last];
  if (from > to) {
    const message = `${curveName(curve)} has no month in the window`;
    throw refusal('window_empty', message, windowPlace({ from, to, first, last }));
  }
  const rowOf = new Map(curve.months.map((month, index) => [month, index]));
  const months = Array.from({ length: monthsBetween(from, to) + 1 }, (_, index) => addMonths(from, index));
  const prices = months.map((month) => {
    const price = curve.prices[rowOf.get(month) ?? -1];
    if (price === undefined) {
      const message = `${curveName(curve)} has no price for ${month.slice(0, 7)}`;
      throw refusal('scenario_month_missing', message, windowPlace({ from, to, first, last }));
    }
    if (Number.isFinite(price)) return price;
    throw refusal('price_not_finite', `${curveName(curve)} is ${price} in ${month.slice(0, 7)}`, {
      field: 'curves',
    });
  });
  return { ...curve, months, prices };
}

/** The end of the window that lies beyond the curve; `curves` where the month is missing between two that are quoted. */
function windowPlace({ from, to, first, last }: Readonly<Record<'from' | 'to' | 'first' | 'last', string>>) {
  const isOutside = (month: string) => month < first || month > last;
  const field = isOutside(from) ? 'contract_from' : isOutside(to) ? 'contract_to' : 'curves';
  const span = `${first.slice(0, 7)} to ${last.slice(0, 7)}`;
  return {
    field,
    remedy: `Narrow contract_from and contract_to to months the curve is quoted for, which lie in ${span}.`,
  };
}

/** An assumption on one curve, with the months of it that it holds for: those from the index `first` on. */
interface Player {
  readonly assumption: BoundAssumption;
  readonly first: number;
  readonly months: readonly string[];
}

function runCurve(base: ForwardCurve, input: ScenarioRunInput): CurveScenario {
  const players = input.scenario.assumptions.flatMap((one) => playersOn(base, one));
  checkInteracting(
    players.map(({ assumption }) => assumption),
    curveName(base),
  );
  const playerOf = new Map(players.map((player) => [player.assumption, player]));
  const groups = interacting([...playerOf.keys()]).map((group) =>
    runGroup(
      base,
      group.map((assumption) => playerOf.get(assumption)!),
      input,
    ),
  );
  const shares = groups.flatMap((group) => group.shares).sort((a, b) => (a.id < b.id ? -1 : 1));
  const prices = Float64Array.from(base.prices, (price, month) =>
    finitePrice(stableSum([price, ...groups.map(({ change }) => change[month]!)]), base, month),
  );
  keepLimits(base, prices, players, input);
  return { base, prices, shares };
}

export function playersOn(base: ForwardCurve, assumption: BoundAssumption): Player[] {
  const { from, to, ...filter } = assumption.applies_to;
  if (!isInFilter(base, filter)) return [];
  const holds = (month: string) => (from === undefined || from <= month) && (to === undefined || month <= to);
  const months = base.months.filter(holds);
  return months.length === 0 ? [] : [{ assumption, first: base.months.indexOf(months[0]!), months }];
}

const idOf = ({ assumption }: Player) => assumption.stored.id;

/** The change a group makes together, and each one's share of it. */
function runGroup(base: ForwardCurve, group: readonly Player[], input: ScenarioRunInput) {
  const worth = coalitionWorth(base, group, input);
  const shares = shapleyShares(group.length, base.months.length, worth).map((change, index) => {
    const { id, driver } = group[index]!.assumption.stored;
    return { id, driver, change };
  });
  return { change: worth((1 << group.length) - 1), shares };
}

/** Change of price when only the assumptions of a coalition (bit i = i of the group) are made. */
function coalitionWorth(
  base: ForwardCurve,
  group: readonly Player[],
  input: ScenarioRunInput,
): (coalition: number) => Float64Array {
  const ancestors = group.map(({ assumption }) =>
    group.reduce((bits, other, index) => bits | (Number(assumption.ancestors.has(idOf(other))) << index), 0),
  );
  const known = group.map(() => new Map<number, Float64Array>());
  const sumOf = (coalition: number, start: readonly number[] | Float64Array): Float64Array => {
    const sum = Float64Array.from(start);
    for (const index of group.keys()) {
      if (((coalition >> index) & 1) === 0) continue;
      const change = changeOf(index, coalition & ancestors[index]!);
      for (let month = 0; month < sum.length; month++) sum[month]! += change[month]!;
    }
    return sum;
  };
  /** What `index` changes when of its ancestors those in `present` are made. */
  const changeOf = (index: number, present: number): Float64Array => {
    const before = known[index]!.get(present);
    if (before !== undefined) return before;
    const change = playerChange(group[index]!, base, sumOf(present, base.prices), input);
    known[index]!.set(present, change);
    return change;
  };
  return (coalition) => sumOf(coalition, new Float64Array(base.months.length));
}

/** Change of every month of the base, 0 outside the months the assumption holds for. */
export function playerChange(
  { assumption, first, months }: Player,
  base: ForwardCurve,
  prices: Float64Array,
  { market, asof }: Pick<ScenarioRunInput, 'market' | 'asof'>,
): Float64Array {
  const curve = { ...base, months, prices: months.map((_, index) => prices[first + index]!) };
  const change = new Float64Array(base.months.length);
  change.set(assumption.driver.change({ curve, market, asof }), first);
  return change;
}

function finitePrice(price: number, base: ForwardCurve, month: number): number {
  if (Number.isFinite(price)) return price;
  throw refusal(
    'scenario_price_not_finite',
    `the scenario price of ${curveName(base)} in ${base.months[month]!.slice(0, 7)} is ${price}`,
    { field: 'assumptions', remedy: 'Take smaller parameters.' },
  );
}

/** A few units in the last place of a price: what a sum of changes may miss a limit by. */
const ROUNDING = 1e-9;

/**
 * Caps and floors that hold for the final price must all hold together, and to the last bit: what the sum of the changes
 * misses them by is taken away from `prices`.
 */
function keepLimits(
  base: ForwardCurve,
  prices: Float64Array,
  players: readonly Player[],
  { market, asof }: ScenarioRunInput,
): void {
  for (const { assumption, first, months } of finalLimits(players)) {
    const summed = prices.slice(first, first + months.length);
    const limited = assumption.driver.limited!({
      curve: { ...base, months, prices: [...summed] },
      market,
      asof,
    });
    const broken = summed.findIndex(
      (price, index) => Math.abs(limited[index]! - price) > ROUNDING * Math.max(1, Math.abs(price)),
    );
    if (broken >= 0) throw limitsConflict(assumption, base, months[broken]!);
    prices.set(limited, first);
  }
}

/** Those that hold last, unless another builds on them; and those that say they come after all others. */
function finalLimits(players: readonly Player[]): Player[] {
  return players.filter((player) => {
    const { driver, holds_last, ancestors } = player.assumption;
    if (driver.limited === undefined) return false;
    const others = players.filter((other) => other !== player).map(({ assumption }) => assumption);
    return holds_last
      ? !others.some((other) => other.ancestors.has(idOf(player)) && !other.holds_last)
      : others.every(({ stored }) => ancestors.has(stored.id));
  });
}

function limitsConflict({ stored, place }: BoundAssumption, base: ForwardCurve, month: string) {
  const what = `"${stored.id}" cannot hold on ${curveName(base)} in ${month.slice(0, 7)}`;
  return refusal('limits_conflict', what, {
    field: `${place}.parameters`,
    remedy: 'A floor lies above a cap: change one, or say with depends_on which goes first.',
  });
}
