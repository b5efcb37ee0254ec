/**
 * Distribution of a contract's value when prices and volumes are simulated together: quantiles, VaR, CVaR, each with its
 * standard error. Before credit. Knows the kernel's numbers, not the contract's terms.
 *
 * quantile(p): linear between order statistics, position p (n - 1). tail mean: mean of the ceil((1 - level) n) worst paths.
 * VaR = mean - quantile(1 - level), CVaR = mean - tail mean: what is lost against the expectation.
 * The errors are those of `standard-errors.ts`.
 */
import type { PpaContract } from '#schemas/ppa-contract.ts';
import type { PpaMarket, PpaOptions } from '#schemas/ppa-market.ts';
import type { PpaRisk } from '#schemas/ppa-valuation.ts';
import { type AurumError, refusal } from '../errors.ts';
import type { SimulationJob, VolumeFactor } from '../simulation/model.ts';
import { planEnsemble } from '../simulation/plan.ts';
import { stableSum } from '../strips.ts';
import type { PricedMonth } from './month-states.ts';
import { atRequestField, type RequestPlace } from './request-field.ts';
import { quantile, STANDARD_ERROR_METHOD, standardErrors, tailCount } from './standard-errors.ts';
import { volumeSigma } from './volumes.ts';

type RiskTerms = NonNullable<PpaOptions['risk']>;

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

/**
 * What the simulation is asked for: the reference price of each delivery month, and the volume beside it.
 * @throws model_out_of_domain, volume_out_of_domain, forward_not_positive, each with the request's field
 */
export function simulationJob(
  market: PpaMarket,
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
  const request = {
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
  };
  try {
    planEnsemble(request);
  } catch (error) {
    throw atRequestField(error, (refused) => riskPlace(refused, market, request.months));
  }
  return { request };
}

/** `forward[4]`: the price of the fifth delivery month. All else has the name it has in `options.risk`. */
function riskPlace(
  { code, place: { field = '' } }: AurumError,
  { reference }: PpaMarket,
  months: readonly string[],
): RequestPlace {
  const forward = /^forward\[(\d+)\]$/.exec(field);
  if (forward === null) {
    const isVolume = code === 'volume_out_of_domain' && field === 'volume.sigma';
    const remedy = isVolume
      ? 'Give 0.25 or less, or distribution lognormal, which takes up to 3.'
      : undefined;
    return { field: `options.risk.${field}`, remedy };
  }
  const month = months[Number(forward[1])];
  const index = reference.prices.findIndex((row) => row.month === month);
  const prices = 'market.reference.prices';
  return { field: index === -1 ? prices : `${prices}.${index}.price` };
}

/** @param present_values one per path, in path order @param constant money that no path changes: the upfront payment */
export function simulatedRisk(
  present_values: Float64Array,
  risk: RiskTerms,
  sigma: number,
  constant: number,
  intrinsic: number,
): PpaRisk {
  const values = present_values.map((value) => value + constant);
  return {
    paths: risk.paths,
    seed: risk.seed,
    volume_sigma: sigma,
    ...riskFigures(values, risk, intrinsic),
  };
}

/** @param values one per path, in path order; antithetic ones in pairs */
export function riskFigures(
  values: Float64Array,
  { levels, antithetic }: Pick<RiskTerms, 'levels' | 'antithetic'>,
  intrinsic: number,
): Omit<PpaRisk, 'paths' | 'seed' | 'volume_sigma'> {
  const sorted = values.toSorted();
  const mean = stableSum([...sorted]) / sorted.length;
  const deviations = stableSum(Array.from(values, (value) => (value - mean) ** 2));
  const errors = standardErrors(values, sorted, mean, antithetic);
  const centile = (probability: number) => ({
    value: quantile(sorted, probability),
    standard_error: errors.quantile(probability),
  });
  return {
    mean: { value: mean, standard_error: errors.mean },
    standard_deviation: Math.sqrt(deviations / (values.length - 1)),
    intrinsic,
    time_value: { value: mean - intrinsic, standard_error: errors.mean },
    p10: centile(0.1),
    p50: centile(0.5),
    p90: centile(0.9),
    tails: levels.map((level) => {
      const edge = centile(1 - level);
      const worst = tailMean(sorted, 1 - level);
      const error = errors.tail(1 - level);
      return {
        level,
        quantile: edge,
        tail_mean: { value: worst, standard_error: error.tail_mean },
        value_at_risk: { value: mean - edge.value, standard_error: error.value_at_risk },
        conditional_value_at_risk: { value: mean - worst, standard_error: error.conditional_value_at_risk },
      };
    }),
    standard_error_method: STANDARD_ERROR_METHOD,
  };
}

function tailMean(sorted: Float64Array, probability: number): number {
  const count = tailCount(sorted.length, probability);
  return stableSum([...sorted.subarray(0, count)]) / count;
}
