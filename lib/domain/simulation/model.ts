/**
 * What a simulation is asked for and what it hands out: the two-factor price model, the volume factor beside it, and
 * blocks of paths. Types and limits only; knows no generator, no contract and no thread.
 *
 * Lognormal: dF(t,T)/F = e^(-k(T-t)) s_s dW1 + s_l dW2, dW1 dW2 = rho dt. F(t,T) is the forward of delivery month T at t,
 * so each forward is a martingale. Source: Schwartz, Smith, "Short-Term Variations and Long-Term Dynamics in Commodity
 * Prices", Management Science 46(7), 2000; as forward dynamics: Clewlow, Strickland, "Energy Derivatives", 2000, ch. 8.
 */

/** Rates per year; times are actual days / 365 from the as-of day to the first day of the delivery month. */
export interface TwoFactorModel {
  /** Volatility of the mean-reverting short end, 1/sqrt(year); in price units with `normal` dynamics. Not negative. */
  readonly sigma_short: number;
  /** Speed k at which a short-end shock fades along the curve, 1/year; ln(2)/k is its half-life. Not negative. */
  readonly reversion_short: number;
  /** Volatility of the whole curve's level, 1/sqrt(year); in price units with `normal` dynamics. Not negative. */
  readonly sigma_long: number;
  /** Correlation of the two shocks, -1 to 1. */
  readonly correlation: number;
}

/**
 * What carries the shocks. `lognormal` keeps prices above 0 and refuses a forward that is not; `shifted_lognormal` does so
 * for price + shift, so prices stay above -shift; `normal` (Bachelier) adds shocks in price units and knows no bound.
 */
export type PriceDynamics =
  | { readonly kind: 'lognormal' }
  | { readonly kind: 'shifted_lognormal'; readonly shift: number }
  | { readonly kind: 'normal' };

/**
 * Deviation of a month's volume from its expectation: a factor with mean 1, drawn anew each month.
 * `sigma` is its standard deviation. `normal` is cut at 0 and takes sigma up to 0.25, where the cut moves the mean by less
 * than 2e-6.
 */
export interface VolumeFactor {
  readonly distribution: 'lognormal' | 'normal';
  readonly sigma: number;
  /** Correlation of the volume's normal shock with the price's, -1 to 1; solar and wind on their own grid: negative. */
  readonly correlation: number;
  /**
   * The price shock meant: `price` (default) is the whole deviation of the month's price from today's forward;
   * `month_shock` only the part since the month before, so that years of drift in level leave the volume alone.
   */
  readonly against?: 'price' | 'month_shock';
}

export interface EnsembleRequest {
  /** As-of day of the forward curve, YYYY-MM-DD. */
  readonly asof: string;
  /** Delivery months, YYYY-MM-01, strictly ascending, none before the as-of month. */
  readonly months: readonly string[];
  /** Forward price of each month. */
  readonly forward: Float64Array;
  readonly model: TwoFactorModel;
  /** Default: lognormal. */
  readonly dynamics?: PriceDynamics;
  readonly volume?: VolumeFactor;
  /** 1 to MAX_PATHS; even with `antithetic`. */
  readonly paths: number;
  /** Paths 2j and 2j+1 carry shocks of opposite sign. Default false. */
  readonly antithetic?: boolean;
  /** 0 to 2^64 - 1; a string is read as decimal digits. */
  readonly seed: bigint | string;
  /** What the draws are for; another purpose draws other numbers from the same seed. */
  readonly purpose: string;
}

/**
 * Paths of one block. The arrays are used again for the next block: take what you need before you return.
 * Path `first_path + p` has in month m the price `prices[m * stride + p]`, 0 <= p < paths.
 */
export interface EnsembleBlock {
  readonly index: number;
  readonly first_path: number;
  readonly paths: number;
  readonly stride: number;
  /** Price at delivery: the month's forward when the month begins. Its mean over paths is today's forward. */
  readonly prices: Float64Array;
  /** Volume factors (mean 1), same places; undefined when no volume was asked for. */
  readonly volumes: Float64Array | undefined;
}

/** Adds to `present_values[p]` what path p of the block is worth; `present_values` begins as zeros, one per path. */
export type PathValuation = (block: EnsembleBlock, present_values: Float64Array) => void;

/**
 * A valuation as a job carries it through a thread's door: the name under which the worker knows it, and its terms as
 * structured cloning takes them.
 */
export interface NamedValuation {
  readonly name: string;
  readonly terms: unknown;
}

/** Makes a PathValuation of its terms. */
export type ValuationMaker = (terms: unknown) => PathValuation;

export type Valuations = Readonly<Record<string, ValuationMaker>>;

/** One run over all paths: what is wanted of them. */
export interface SimulationJob {
  readonly request: EnsembleRequest;
  /** Levels of the price bands per month, each between 0 and 1. */
  readonly bands?: readonly number[];
  readonly valuation?: NamedValuation;
}

export interface PriceBands {
  readonly levels: readonly number[];
  /** quantiles[level][month] */
  readonly quantiles: readonly Float64Array[];
  /** `exact`: order statistics of all paths; `histogram`: within `resolution` standard deviations of the log price. */
  readonly method: 'exact' | 'histogram';
  /** Width of a histogram cell in standard deviations of the month's (log) price deviation; 0 when exact. */
  readonly resolution: number;
}

export interface SimulationOutcome {
  readonly paths: number;
  /** Mean over the paths per month and its standard error; the forward lies within a few of them. */
  readonly mean: Float64Array;
  readonly mean_standard_error: Float64Array;
  readonly bands: PriceBands | undefined;
  /** One present value per path, in path order; undefined without a valuation. */
  readonly present_values: Float64Array | undefined;
}

export const BLOCK_PATHS = 256;
export const MAX_PATHS = 10_000_000;
