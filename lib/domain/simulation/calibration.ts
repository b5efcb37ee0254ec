/**
 * The two-factor model from released history, and how well its bands hold on days it has not seen. Knows no store.
 *
 * Each day's returns are r(T) = e^(-k T) x + y + noise: for a given k, least squares across the contracts give the day's
 * short shock x and long shock y, and k is the one that leaves the least noise over all days. Volatilities and correlation
 * are the shocks' second moments per year of the clock, less what the noise adds to them. Standard errors: delete-a-group
 * jackknife over ten runs of consecutive days. Method: Clewlow, Strickland, "Energy Derivatives", 2000, ch. 8 (volatility
 * functions from the covariance of forward returns); jackknife: Shao, Tu, "The Jackknife and Bootstrap", 1995, ch. 2.3.
 */
import { refusal } from '#lib/domain/errors.ts';
import { normalQuantile } from './closed-forms.ts';
import { exp, log, meanDecay } from './elementary.ts';
import type { PriceDynamics, TwoFactorModel } from './model.ts';
import { type CurveMove, checkHistory, curveMoves, type PriceHistory } from './price-history.ts';

export interface ModelEstimate {
  readonly model: TwoFactorModel;
  readonly standard_errors: TwoFactorModel;
  /** Days of history and moves between them that were used. */
  readonly days: number;
  readonly moves: number;
  /** Standard deviation of what the two factors leave, per move. */
  readonly residual: number;
}

export interface CoverageReport {
  readonly level: number;
  /** Share of held-out prices inside the band; the mean over moves of each move's share of its contracts. */
  readonly coverage: number;
  /** sqrt(level (1 - level) / moves): contracts of one move go together, so a move counts once. */
  readonly binomial_error: number;
  readonly moves: number;
  readonly contracts: number;
  /** Held-out days: from the first to the last. */
  readonly from: string;
  readonly to: string;
}

const MIN_DAYS = 60;
const MIN_CONTRACTS = 3;
/** Days held out: a quarter of the history, so that most of it still makes the model, and no fewer than these. */
const HELD_OUT = 0.25;
const MIN_HELD_OUT = 20;
const GROUPS = 10;
const SLOWEST = 0.05;
const FASTEST = 20;
const GRID = 25;
const REFINEMENTS = 20;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * @throws AurumError (refused): `history_too_short` naming the days there are and needed, `history_too_narrow` when days
 *   quote fewer than 3 months, `history_refused`, `forward_not_positive`.
 */
export function estimateModel(
  history: PriceHistory,
  dynamics: PriceDynamics = { kind: 'lognormal' },
): ModelEstimate {
  checkHistory(history);
  checkDays(history.days.length, MIN_DAYS, 'to estimate volatilities');
  const moves = usableMoves(curveMoves(history, dynamics));
  checkDays(moves.length + 1, MIN_DAYS, 'with at least 3 months each to estimate volatilities');
  const whole = fitModel(moves);
  const parts = Array.from({ length: GROUPS }, (_, group) => fitModel(withoutGroup(moves, group)).model);
  return {
    model: whole.model,
    standard_errors: jackknifeErrors(parts),
    days: history.days.length,
    moves: moves.length,
    residual: Math.sqrt(whole.noise),
  };
}

/**
 * Share of prices `horizon` days ahead that fall inside the model's band around the forward of the day before, over moves
 * that do not overlap, from day `first` of the history on.
 */
export function bandCoverage(
  history: PriceHistory,
  model: TwoFactorModel,
  options: {
    readonly first: number;
    readonly horizon?: number;
    readonly level?: number;
    readonly dynamics?: PriceDynamics;
  },
): CoverageReport {
  checkHistory(history);
  const { first, horizon = 1, level = 0.9, dynamics = { kind: 'lognormal' } } = options;
  if (!(level > 0 && level < 1))
    throw refusal('level_out_of_range', `No band covers ${level}`, { field: 'level' });
  const moves = curveMoves(history, dynamics, { first, step: horizon }).filter(
    ({ returns }) => returns.length > 0,
  );
  checkDays(history.days.length, first + horizon + 1, 'to hold days out');
  if (moves.length === 0) throw tooNarrow(0);
  const reach = normalQuantile((1 + level) / 2);
  const shares = moves.map((move) => shareInside(move, model, reach, dynamics.kind !== 'normal'));
  return {
    level,
    coverage: shares.reduce((sum, share) => sum + share, 0) / shares.length,
    binomial_error: Math.sqrt((level * (1 - level)) / moves.length),
    moves: moves.length,
    contracts: moves.reduce((sum, { returns }) => sum + returns.length, 0),
    from: moves[0]!.from,
    to: moves.at(-1)!.to,
  };
}

/**
 * Coverage of the band of a model estimated from the earlier days of a history, on the later ones, a day ahead each.
 *
 * @throws AurumError (refused): `history_too_short` naming the days there are and needed, and as `estimateModel`.
 */
export function heldOutCoverage(
  history: PriceHistory,
  dynamics: PriceDynamics = { kind: 'lognormal' },
): CoverageReport {
  checkHistory(history);
  const { days, months, prices } = history;
  checkDays(days.length, MIN_DAYS + MIN_HELD_OUT, `of which ${MIN_HELD_OUT} to hold out`);
  const known = days.length - Math.max(MIN_HELD_OUT, Math.floor(HELD_OUT * days.length));
  const earlier = { days: days.slice(0, known), months, prices: prices.subarray(0, known * months.length) };
  const moves = usableMoves(curveMoves(earlier, dynamics));
  checkDays(moves.length + 1, MIN_DAYS, 'with at least 3 months each before those held out');
  return bandCoverage(history, fitModel(moves).model, { first: known - 1, dynamics });
}

/** Variance of the (log) price of a forward over the next `years`, delivery `maturity` years away. */
export function forwardVariance(
  { sigma_short, reversion_short: speed, sigma_long, correlation }: TwoFactorModel,
  maturity: number,
  years: number,
): number {
  const short = sigma_short ** 2 * exp(-2 * speed * maturity) * meanDecay(-2 * speed * years);
  const both = correlation * sigma_short * sigma_long * exp(-speed * maturity) * meanDecay(-speed * years);
  return Math.max(0, years * (short + 2 * both + sigma_long ** 2));
}

function shareInside(move: CurveMove, model: TwoFactorModel, reach: number, isRelative: boolean): number {
  let inside = 0;
  move.returns.forEach((value, index) => {
    const variance = forwardVariance(model, move.maturities[index]!, move.years);
    const middle = isRelative ? -variance / 2 : 0;
    if (Math.abs(value - middle) <= reach * Math.sqrt(variance)) inside++;
  });
  return inside / move.returns.length;
}

interface Fit {
  readonly model: TwoFactorModel;
  /** Variance of what the factors leave, per contract and move. */
  readonly noise: number;
}

/** Sums over the moves, for one k. */
interface Moments {
  readonly residual: number;
  readonly freedom: number;
  readonly years: number;
  readonly short: number;
  readonly long: number;
  readonly both: number;
  /** What noise of variance 1 adds to the three. */
  readonly short_noise: number;
  readonly long_noise: number;
  readonly both_noise: number;
}

function fitModel(moves: readonly CurveMove[]): Fit {
  const reversion_short = leastNoise((speed) => momentsAt(moves, speed).residual);
  const found = momentsAt(moves, reversion_short);
  const noise = found.residual / found.freedom;
  const perYear = (sum: number, added: number) => (sum - noise * added) / found.years;
  const sigma_short = Math.sqrt(Math.max(0, perYear(found.short, found.short_noise)));
  const sigma_long = Math.sqrt(Math.max(0, perYear(found.long, found.long_noise)));
  const product = sigma_short * sigma_long;
  const covariance = perYear(found.both, found.both_noise);
  const correlation = product === 0 ? 0 : Math.max(-1, Math.min(1, covariance / product));
  return { model: { sigma_short, reversion_short, sigma_long, correlation }, noise };
}

function momentsAt(moves: readonly CurveMove[], speed: number): Moments {
  const sum = { residual: 0, freedom: 0, years: 0, short: 0, long: 0, both: 0 };
  const noise = { short_noise: 0, long_noise: 0, both_noise: 0 };
  for (const { maturities, returns, years } of moves) {
    const count = returns.length;
    const bases = new Float64Array(count);
    for (let index = 0; index < count; index++) bases[index] = exp(-speed * maturities[index]!);
    const base = meanOf(bases);
    const mean = meanOf(returns);
    let spread = 0;
    let cross = 0;
    let total = 0;
    for (let index = 0; index < count; index++) {
      const left = bases[index]! - base;
      const right = returns[index]! - mean;
      spread += left * left;
      cross += left * right;
      total += right * right;
    }
    const x = cross / spread;
    const y = mean - x * base;
    sum.residual += Math.max(0, total - x * cross);
    sum.freedom += count - 2;
    sum.years += years;
    sum.short += x * x;
    sum.long += y * y;
    sum.both += x * y;
    noise.short_noise += 1 / spread;
    noise.long_noise += 1 / count + (base * base) / spread;
    noise.both_noise -= base / spread;
  }
  return { ...sum, ...noise };
}

/** The speed with the least residual: a grid that doubles along, then golden section around its best. */
function leastNoise(residual: (speed: number) => number): number {
  const ratio = log(FASTEST / SLOWEST) / (GRID - 1);
  const at = (place: number) => SLOWEST * exp(ratio * place);
  const grid = Array.from({ length: GRID }, (_, place) => residual(at(place)));
  const best = grid.indexOf(Math.min(...grid));
  let low = Math.max(0, best - 1);
  let high = Math.min(GRID - 1, best + 1);
  let left = high - GOLDEN * (high - low);
  let right = low + GOLDEN * (high - low);
  let [ofLeft, ofRight] = [residual(at(left)), residual(at(right))];
  for (let turn = 0; turn < REFINEMENTS; turn++) {
    if (ofLeft < ofRight) {
      [high, right, ofRight] = [right, left, ofLeft];
      left = high - GOLDEN * (high - low);
      ofLeft = residual(at(left));
    } else {
      [low, left, ofLeft] = [left, right, ofRight];
      right = low + GOLDEN * (high - low);
      ofRight = residual(at(right));
    }
  }
  return at((low + high) / 2);
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Contracts enough to tell two shocks from noise, at different maturities by their nature. */
function usableMoves(moves: readonly CurveMove[]): CurveMove[] {
  const usable = moves.filter(({ returns }) => returns.length >= MIN_CONTRACTS);
  if (usable.length === 0 && moves.length > 0)
    throw tooNarrow(Math.max(...moves.map(({ returns }) => returns.length)));
  return usable;
}

function withoutGroup(moves: readonly CurveMove[], group: number): CurveMove[] {
  const edge = (index: number) => Math.floor((index * moves.length) / GROUPS);
  return [...moves.slice(0, edge(group)), ...moves.slice(edge(group + 1))];
}

function jackknifeErrors(parts: readonly TwoFactorModel[]): TwoFactorModel {
  const error = (name: keyof TwoFactorModel) => {
    const values = Float64Array.from(parts, (part) => part[name]);
    const mean = meanOf(values);
    return Math.sqrt(((GROUPS - 1) / GROUPS) * values.reduce((sum, value) => sum + (value - mean) ** 2, 0));
  };
  return {
    sigma_short: error('sigma_short'),
    reversion_short: error('reversion_short'),
    sigma_long: error('sigma_long'),
    correlation: error('correlation'),
  };
}

function checkDays(days: number, needed: number, why: string): void {
  if (days >= needed) return;
  throw refusal('history_too_short', `The history has ${days} days; ${needed} are needed ${why}`, {
    field: 'history.days',
    remedy: 'Release more days, or give the model.',
  });
}

const tooNarrow = (contracts: number) =>
  refusal(
    'history_too_narrow',
    `At most ${contracts} months are quoted on two days running; ${MIN_CONTRACTS} are needed`,
    { field: 'history.months', remedy: 'Use a curve with more delivery months, or give the model.' },
  );
