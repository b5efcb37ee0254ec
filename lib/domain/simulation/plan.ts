/**
 * From a request to the numbers each month of a simulation needs, and the refusal of requests that have no meaning.
 * Everything that does not depend on a draw is computed here, once. Knows no generator and no path.
 */
import { refusal } from '#lib/domain/errors.ts';
import { MAX_PRICE_VOLATILITY, MAX_RELATIVE_VOLATILITY, MAX_REVERSION } from '#schemas/simulation-limits.ts';
import { exp, log, meanDecay } from './elementary.ts';
import {
  type EnsembleRequest,
  MAX_PATHS,
  type PriceDynamics,
  type TwoFactorModel,
  type VolumeFactor,
} from './model.ts';
import { seedOf } from './random-stream.ts';

/** One month's step from the month before (the first: from the as-of day). Exact, whatever its length. */
export interface MonthStep {
  readonly forward: number;
  /** Share of the short factor that is left of the month before. */
  readonly decay: number;
  /** short = decay x short + short_shock x Z1; long = long + long_on_short x Z1 + long_shock x Z2. */
  readonly short_shock: number;
  readonly long_on_short: number;
  readonly long_shock: number;
  /** Variance of short + long at delivery. */
  readonly variance: number;
}

export interface EnsemblePlan {
  readonly paths: number;
  readonly antithetic: boolean;
  readonly seed: bigint;
  readonly purpose: string;
  readonly dynamics: PriceDynamics;
  readonly steps: readonly MonthStep[];
  readonly volume: VolumeFactor | undefined;
}

const DAY_MS = 86_400_000;
const MAX_MONTHS = 1_200;
const MAX_NORMAL_VOLUME_SIGMA = 0.25;
const DAY = /^\d{4}-\d\d-\d\d$/;
const MONTH = /^\d{4}-(0[1-9]|1[0-2])-01$/;

/**
 * @throws AurumError (refused): `seed_out_of_range`, `paths_out_of_range`, `months_refused`, `forward_refused`,
 *   `forward_not_positive`, `model_out_of_domain`, `volume_out_of_domain`, each with its field.
 */
export function planEnsemble(request: EnsembleRequest): EnsemblePlan {
  const { paths, model, volume } = request;
  const dynamics = request.dynamics ?? { kind: 'lognormal' };
  const antithetic = request.antithetic ?? false;
  const seed = seedOf(request.seed);
  checkPaths(paths, antithetic);
  checkMonths(request);
  checkModel(model, dynamics);
  checkForward(request, dynamics);
  if (volume !== undefined) checkVolume(volume);
  const steps = monthSteps(request);
  return { paths, antithetic, seed, purpose: request.purpose, dynamics, steps, volume };
}

/** Years of 365 days from the as-of day to the first day of the month; 0 for a month that has begun. */
export function yearsTo(asof: string, month: string): number {
  return Math.max(0, (Date.parse(month) - Date.parse(asof)) / DAY_MS / 365);
}

/** Price of a month whose short + long factor is `deviation`; rising in it, and the forward on average. */
export function priceAt(dynamics: PriceDynamics, step: MonthStep, deviation: number): number {
  if (dynamics.kind === 'normal') return step.forward + deviation;
  const shift = dynamics.kind === 'shifted_lognormal' ? dynamics.shift : 0;
  return (step.forward + shift) * exp(deviation - step.variance / 2) - shift;
}

/** What is added to a price before it moves relatively, and taken away after; 0 where nothing is. */
export function shiftOf(dynamics: PriceDynamics): number {
  return dynamics.kind === 'shifted_lognormal' ? dynamics.shift : 0;
}

/** Standard deviation of a lognormal factor's logarithm, given the factor's own (mean 1). */
export function logSigma(sigma: number): number {
  return Math.sqrt(log(1 + sigma * sigma));
}

function monthSteps({ asof, months, forward, model }: EnsembleRequest): MonthStep[] {
  const { sigma_short, reversion_short: speed, sigma_long, correlation } = model;
  let before = 0;
  let short = 0;
  let long = 0;
  let both = 0;
  return months.map((month, index) => {
    const years = yearsTo(asof, month);
    const length = years - before;
    before = years;
    const decay = exp(-speed * length);
    const shortVariance = sigma_short ** 2 * length * meanDecay(2 * speed * length);
    const covariance = correlation * sigma_short * sigma_long * length * meanDecay(speed * length);
    const longVariance = sigma_long ** 2 * length;
    const short_shock = Math.sqrt(shortVariance);
    const long_on_short = short_shock === 0 ? 0 : covariance / short_shock;
    const long_shock = Math.sqrt(Math.max(0, longVariance - long_on_short ** 2));
    short = decay * decay * short + shortVariance;
    both = decay * both + covariance;
    long += longVariance;
    const variance = Math.max(0, short + 2 * both + long);
    return { forward: forward[index]!, decay, short_shock, long_on_short, long_shock, variance };
  });
}

function checkPaths(paths: number, antithetic: boolean): void {
  const isWhole = Number.isInteger(paths) && paths >= 1 && paths <= MAX_PATHS;
  if (isWhole && (!antithetic || paths % 2 === 0)) return;
  const even = antithetic ? 'an even whole number from 2' : 'a whole number from 1';
  throw refusal('paths_out_of_range', `${paths} paths cannot be simulated`, {
    field: 'paths',
    remedy: `Give ${even} to ${MAX_PATHS}.`,
  });
}

function checkMonths({ asof, months, forward }: EnsembleRequest): void {
  const refused = (message: string, field: string) =>
    refusal('months_refused', message, { field, remedy: 'Give delivery months YYYY-MM-01, ascending.' });
  if (!DAY.test(asof) || Number.isNaN(Date.parse(asof)))
    throw refused(`The as-of day ${asof} is no day`, 'asof');
  if (months.length === 0 || months.length > MAX_MONTHS)
    throw refused(`${months.length} months: there must be 1 to ${MAX_MONTHS}`, 'months');
  if (forward.length !== months.length)
    throw refused(`${forward.length} prices for ${months.length} months`, 'forward');
  const first = `${asof.slice(0, 7)}-01`;
  months.forEach((month, index) => {
    const field = `months[${index}]`;
    if (!MONTH.test(month)) throw refused(`${month} is no first day of a month`, field);
    if (month < first) throw refused(`${month} lies before the as-of month`, field);
    if (index > 0 && month <= months[index - 1]!)
      throw refused(`${month} does not follow ${months[index - 1]}`, field);
  });
}

function checkModel(model: TwoFactorModel, dynamics: PriceDynamics): void {
  const max_sigma = dynamics.kind === 'normal' ? MAX_PRICE_VOLATILITY : MAX_RELATIVE_VOLATILITY;
  inRange(model.sigma_short, 0, max_sigma, 'model.sigma_short', 'model_out_of_domain');
  inRange(model.reversion_short, 0, MAX_REVERSION, 'model.reversion_short', 'model_out_of_domain');
  inRange(model.sigma_long, 0, max_sigma, 'model.sigma_long', 'model_out_of_domain');
  inRange(model.correlation, -1, 1, 'model.correlation', 'model_out_of_domain');
}

function checkVolume({ distribution, sigma, correlation }: VolumeFactor): void {
  const limit = distribution === 'normal' ? MAX_NORMAL_VOLUME_SIGMA : 3;
  inRange(sigma, 0, limit, 'volume.sigma', 'volume_out_of_domain');
  inRange(correlation, -1, 1, 'volume.correlation', 'volume_out_of_domain');
}

function inRange(value: number, low: number, high: number, field: string, code: string): void {
  if (value >= low && value <= high) return;
  throw refusal(code, `${field} is ${value}`, { field, remedy: `Give a number from ${low} to ${high}.` });
}

function checkForward({ months, forward }: EnsembleRequest, dynamics: PriceDynamics): void {
  const shift = shiftOf(dynamics);
  if (!Number.isFinite(shift)) throw unusable('The shift is no number', 'dynamics.shift');
  const isRelative = dynamics.kind !== 'normal';
  forward.forEach((price, index) => {
    const field = `forward[${index}]`;
    if (!Number.isFinite(price)) throw unusable(`The price of ${months[index]} is ${price}`, field);
    if (isRelative && price + shift <= 0) {
      const above = shift === 0 ? '' : ` + shift ${shift}`;
      throw refusal(
        'forward_not_positive',
        `The price of ${months[index]}${above} is not above 0, as ${dynamics.kind} dynamics need`,
        { field, remedy: 'Use shifted_lognormal with a shift that lifts all prices above 0, or normal.' },
      );
    }
  });
}

const unusable = (message: string, field: string) =>
  refusal('forward_refused', message, { field, remedy: 'Give a finite number.' });
