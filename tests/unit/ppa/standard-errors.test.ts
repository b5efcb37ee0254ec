/** Stated standard errors against the spread of the figures over many seeds. */
import { expect, test } from 'vitest';
import { type CashflowKernel, kernelValuation } from '#lib/domain/ppa/cashflow-kernel.ts';
import { riskFigures } from '#lib/domain/ppa/risk.ts';
import { openValuation, readInputs } from '#lib/domain/ppa/value.ts';
import { simulate } from '#lib/domain/simulation/run.ts';
import type { PpaContractInput } from '#schemas/ppa-contract.ts';
import type { PpaRisk } from '#schemas/ppa-valuation.ts';
import { contractOf, marketOf, VALUATION_DATE } from './contracts.ts';

const HALF_A_YEAR = { start: '2026-01-01', end: '2026-06-30' };
const SWAP = contractOf(HALF_A_YEAR);
const COLLAR = contractOf({ ...HALF_A_YEAR, price: { kind: 'collar', floor: 44, cap: 55 } });
const model = { sigma_short: 0.5, reversion_short: 2, sigma_long: 0.2, correlation: 0.3 };

/** Risk figures of as many runs, each of its own seed. */
function runs(
  contract: PpaContractInput,
  asked: { readonly paths: number; readonly levels: number[]; readonly antithetic: boolean },
  count: number,
): readonly PpaRisk[] {
  const options = { risk: { ...asked, model, seed: '0', volume: { sigma: 0.1, correlation: -0.3 } } };
  const { simulation } = openValuation(readInputs(contract, marketOf(), VALUATION_DATE, options));
  const { job, risk } = simulation!;
  const valuation = kernelValuation(job.valuation!.terms as CashflowKernel);
  return Array.from({ length: count }, (_, seed) => {
    const request = { ...job.request, seed: `${seed + 1}` };
    return risk(simulate({ ...job, request }, valuation).present_values!);
  });
}

type Estimate = PpaRisk['mean'];
function ratio(estimates: readonly Estimate[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = mean(estimates.map(({ value }) => value));
  const spread = estimates.reduce((sum, { value }) => sum + (value - middle) ** 2, 0);
  const stated = mean(estimates.map(({ standard_error }) => standard_error));
  return stated / Math.sqrt(spread / (estimates.length - 1));
}

const FIGURES: readonly (readonly [string, (risk: PpaRisk, tail: number) => Estimate])[] = [
  ['mean', (risk) => risk.mean],
  ['P10', (risk) => risk.p10],
  ['P50', (risk) => risk.p50],
  ['P90', (risk) => risk.p90],
  ['quantile', (risk, tail) => risk.tails[tail]!.quantile],
  ['tail mean', (risk, tail) => risk.tails[tail]!.tail_mean],
  ['VaR', (risk, tail) => risk.tails[tail]!.value_at_risk],
  ['CVaR', (risk, tail) => risk.tails[tail]!.conditional_value_at_risk],
];

// The last level of each has the ten paths beyond it that a level must have.
test.each<[string, number, number[], boolean, number, PpaContractInput]>([
  ['a swap', 200, [0.75, 0.95], false, 200, SWAP],
  ['a swap', 200, [0.75, 0.95], true, 200, SWAP],
  ['a swap', 1_000, [0.95, 0.99], false, 200, SWAP],
  ['a swap', 1_000, [0.95, 0.99], true, 200, SWAP],
  ['a swap', 10_000, [0.99, 0.999], false, 80, SWAP],
  ['a collar', 1_000, [0.95, 0.99], false, 200, COLLAR],
  ['a collar', 1_000, [0.95, 0.99], true, 200, COLLAR],
])(
  '%s of %d paths, levels %j, antithetic %s: errors are as stated',
  (_, paths, levels, antithetic, seeds, contract) => {
    const found = runs(contract, { paths, levels, antithetic }, seeds);
    const ratios = FIGURES.flatMap(([name, figure]) =>
      levels.map((level, tail) => ({ name, level, ratio: ratio(found.map((risk) => figure(risk, tail))) })),
    );
    expect(ratios.filter((one) => !(one.ratio > 0.8 && one.ratio < 1.25))).toEqual([]);
  },
);

test('a sample without spread has no error, and a median that pairs cancel at has that of half a rank', () => {
  const flat = riskFigures(new Float64Array(200).fill(7), { levels: [0.95], antithetic: true }, 7);
  expect([flat.mean, flat.p50, flat.tails[0]!.value_at_risk].map((one) => one.standard_error)).toEqual([
    0, 0, 0,
  ]);
  // Pairs at equal distances from 0, one apart: the median is 0 whatever they are.
  const mirrored = Float64Array.from(
    { length: 200 },
    (_, path) => (path % 2 === 0 ? 1 : -1) * (1 + Math.floor(path / 2)),
  );
  const { mean, p50 } = riskFigures(mirrored, { levels: [0.95], antithetic: true }, 0);
  expect([mean, p50.value]).toEqual([{ value: 0, standard_error: 0 }, 0]);
  expect(p50.standard_error).toBeGreaterThan(0.49);
  expect(p50.standard_error).toBeLessThan(0.6);
});
