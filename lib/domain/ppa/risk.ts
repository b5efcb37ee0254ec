/**
 * Distribution of a contract's value when prices and volumes are simulated together: quantiles, VaR, CVaR, each with its
 * standard error. Before credit. Knows the kernel's numbers, not the contract's terms.
 *
 * quantile(p): linear between order statistics, position p (n - 1). tail mean: mean of the ceil((1 - level) n) worst paths.
 * VaR = mean - quantile(1 - level), CVaR = mean - tail mean: what is lost against the expectation.
 * Standard errors by batches: the paths are cut into 40 runs of consecutive ones (each holds whole antithetic pairs), the
 * figure is taken of each, and its standard deviation / sqrt(40) is the error. Source: Glasserman, "Monte Carlo Methods in
 * Financial Engineering", 2003, ch. 9.2.3 and appendix A.
 */
import type { PpaContract, PpaOptions, PpaRisk } from '#schemas/ppa.ts';
import { refusal } from '../errors.ts';
import type { SimulationJob, VolumeFactor } from '../simulation/model.ts';
import { stableSum } from '../strips.ts';
import type { PricedMonth } from './month-states.ts';
import { volumeSigma } from './volumes.ts';

type RiskTerms = NonNullable<PpaOptions['risk']>;

const BATCHES = 40;
const STANDARD_ERRORS = `${BATCHES} batches of consecutive paths`;

/** Standard deviation of a month's volume / its expectation; 0 when certain. @throws volume_sigma_missing */
export function statedSigma(contract: PpaContract, { volume }: RiskTerms): number {
  if (volume === undefined) return 0;
  const sigma = volume.sigma ?? volumeSigma(contract);
  if (sigma !== undefined) return sigma;
  throw refusal(
    'volume_sigma_missing',
    'The volume is to be simulated and nothing says how uncertain it is',
    {
      field: 'options.risk.volume.sigma',
      remedy: 'Give sigma, or P90 and P10 with the monthly energy.',
    },
  );
}

/** What the simulation is asked for: the reference price of each delivery month, and the volume beside it. */
export function simulationJob(
  months: readonly PricedMonth[],
  valuation_date: string,
  risk: RiskTerms,
  sigma: number,
): SimulationJob {
  const { volume } = risk;
  const factor: VolumeFactor | undefined = volume && {
    distribution: volume.distribution,
    sigma,
    correlation: volume.correlation,
    against: volume.against,
  };
  return {
    request: {
      asof: valuation_date,
      months: months.map(({ delivery }) => delivery.month),
      forward: Float64Array.from(months, ({ state }) => state.reference),
      model: risk.model,
      dynamics: risk.dynamics,
      ...(factor === undefined ? {} : { volume: factor }),
      paths: risk.paths,
      antithetic: risk.antithetic,
      seed: risk.seed,
      purpose: 'ppa valuation',
    },
  };
}

/** @param present_values one per path, in path order @param constant money that no path changes: the upfront payment */
export function simulatedRisk(
  present_values: Float64Array,
  risk: RiskTerms,
  sigma: number,
  constant: number,
  intrinsic: number,
): PpaRisk {
  return {
    paths: risk.paths,
    seed: risk.seed,
    volume_sigma: sigma,
    ...riskFigures(
      present_values.map((value) => value + constant),
      risk.levels,
      intrinsic,
    ),
  };
}

/** @param values one per path, in path order */
export function riskFigures(
  values: Float64Array,
  levels: readonly number[],
  intrinsic: number,
): Omit<PpaRisk, 'paths' | 'seed' | 'volume_sigma'> {
  const samples = [values, ...batchesOf(values)].map((sample) => sortedSample(sample));
  const estimate = (figure: (sample: Sample) => number) => estimated(samples, figure);
  const { mean } = samples[0]!;
  const deviations = stableSum(Array.from(values, (value) => (value - mean) ** 2));
  return {
    mean: estimate((sample) => sample.mean),
    standard_deviation: Math.sqrt(deviations / (values.length - 1)),
    intrinsic,
    time_value: estimate((sample) => sample.mean - intrinsic),
    p10: estimate((sample) => quantile(sample.sorted, 0.1)),
    p50: estimate((sample) => quantile(sample.sorted, 0.5)),
    p90: estimate((sample) => quantile(sample.sorted, 0.9)),
    tails: levels.map((level) => ({
      level,
      quantile: estimate(({ sorted }) => quantile(sorted, 1 - level)),
      tail_mean: estimate(({ sorted }) => tailMean(sorted, 1 - level)),
      value_at_risk: estimate((sample) => sample.mean - quantile(sample.sorted, 1 - level)),
      conditional_value_at_risk: estimate((sample) => sample.mean - tailMean(sample.sorted, 1 - level)),
    })),
    standard_error_method: STANDARD_ERRORS,
  };
}

interface Sample {
  readonly sorted: Float64Array;
  readonly mean: number;
}

function sortedSample(values: Float64Array): Sample {
  const sorted = values.toSorted();
  return { sorted, mean: stableSum([...sorted]) / sorted.length };
}

function batchesOf(values: Float64Array): readonly Float64Array[] {
  // An even length keeps antithetic pairs together.
  const length = 2 * Math.max(1, Math.floor(values.length / (2 * BATCHES)));
  const count = Math.min(BATCHES, Math.floor(values.length / length));
  return Array.from({ length: count }, (_, index) => values.subarray(index * length, (index + 1) * length));
}

function estimated([all, ...batches]: readonly Sample[], figure: (sample: Sample) => number) {
  const figures = batches.map(figure);
  const mean = stableSum(figures) / figures.length;
  const spread = stableSum(figures.map((value) => (value - mean) ** 2)) / (figures.length - 1);
  return { value: figure(all!), standard_error: Math.sqrt(spread / figures.length) };
}

function quantile(sorted: Float64Array, probability: number): number {
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  return low + (position - below) * ((sorted[below + 1] ?? low) - low);
}

function tailMean(sorted: Float64Array, probability: number): number {
  // 0.05 x 10,000 must be 500 whatever the last digits of 1 - 0.95 are.
  const count = Math.max(1, Math.ceil(probability * sorted.length - 1e-9));
  return stableSum([...sorted.subarray(0, count)]) / count;
}
