/** Runs of scenarios: what is asked for, how they stand, what came of them, and two of them side by side. */
import { z } from 'zod';
import { isoDate, sha256Hex, utcTimestamp, uuid } from './curve-observation.ts';
import { cursorParameter, pageLimit, pageMeta } from './page.ts';
import { currencyCode, curveFilter, deliveryMonth, shortText } from './scenario.ts';
import { MAX_PRICE_VOLATILITY, MAX_RELATIVE_VOLATILITY, MAX_REVERSION } from './simulation-limits.ts';

/** Paths of a scenario's bands: the standard error of a quantile falls with the root, the time grows with them. */
const MAX_BAND_PATHS = 1_000_000;

const level = z.number().gt(0).lt(1);

const volatility = z.number().min(0).max(MAX_PRICE_VOLATILITY);
const VOLATILITY_UNIT = `1/sqrt(year), at most ${MAX_RELATIVE_VOLATILITY}; price units/sqrt(year) with \`normal\` dynamics`;

/** Given volatilities; see the two-factor model in docs/economics.md. */
export const bandModel = z.strictObject({
  sigma_short: volatility.describe(`Volatility of the short end, ${VOLATILITY_UNIT}`),
  reversion_short: z
    .number()
    .min(0)
    .max(MAX_REVERSION)
    .describe('Speed at which a short-end shock fades, 1/year'),
  sigma_long: volatility.describe(`Volatility of the whole curve, ${VOLATILITY_UNIT}`),
  correlation: z.number().min(-1).max(1),
});

export const scenarioBandsRequest = z
  .strictObject({
    model: z
      .union([z.literal('estimate'), bandModel])
      .default('estimate')
      .describe('`estimate` from released history, or the volatilities themselves'),
    dynamics: z
      .enum(['lognormal', 'normal'])
      .default('lognormal')
      .describe('`normal` where prices may be 0 or below; its volatilities are in price units'),
    paths: z.int().min(100).max(MAX_BAND_PATHS).default(10_000),
    levels: z
      .array(level)
      .min(1)
      .max(20)
      .refine((levels) => new Set(levels).size === levels.length, 'a level is given twice')
      .transform((levels) => levels.toSorted((a, b) => a - b))
      .default([0.05, 0.25, 0.5, 0.75, 0.95]),
  })
  .superRefine(({ model, dynamics }, context) => {
    if (model === 'estimate' || dynamics === 'normal') return;
    for (const name of ['sigma_short', 'sigma_long'] as const) {
      if (model[name] <= MAX_RELATIVE_VOLATILITY) continue;
      const message = `must be at most ${MAX_RELATIVE_VOLATILITY} with ${dynamics} dynamics`;
      context.addIssue({ code: 'custom', path: ['model', name], message });
    }
  });
export type ScenarioBandsRequest = z.output<typeof scenarioBandsRequest>;

/** One unit of `base` is worth `rate` units of `quote`. */
const fxRate = z.strictObject({
  base: currencyCode,
  quote: currencyCode,
  rate: z.number().positive().max(1e9),
});

const runFields = {
  vendor: shortText
    .transform((value) => value.toLowerCase())
    .optional()
    .describe('Curves of this vendor only: where two quote the same curve'),
  asof: z
    .union([z.literal('latest'), isoDate])
    .default('latest')
    .describe('As-of day of the base curves'),
  curves: curveFilter
    .default({})
    .describe(
      'Curves the scenario is run on, each of which every assumption that holds for it must fit. Left out: those of all the caller may see that an assumption holds for and that fit; notes count the others',
    ),
  contract_from: deliveryMonth.optional().describe('First delivery month; default the first of each curve'),
  contract_to: deliveryMonth.optional().describe('Last delivery month; default the last of each curve'),
  fx_rates: z
    .array(fxRate)
    .max(50)
    .default([])
    .describe(
      'Exchange rates for parameters and fuels in other currencies; without one nothing is converted',
    ),
  seed: z
    .int()
    .nonnegative()
    .default(0)
    .describe('Whole number, 0 to 9007199254740991; the same seed gives the same bands'),
  bands: scenarioBandsRequest.optional().describe('Left out: no bands'),
};

export const scenarioRunRequest = z
  .strictObject(runFields)
  .refine(
    ({ contract_from, contract_to }) =>
      contract_from === undefined || contract_to === undefined || contract_from <= contract_to,
    { path: ['contract_to'], message: 'lies before contract_from: the window is empty' },
  );
export type ScenarioRunRequest = z.output<typeof scenarioRunRequest>;

export const runPath = z.strictObject({ run_id: uuid.describe('Id of the run') });

export const RUN_STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;

/** How bands did on days that the model they are drawn from had not seen. */
export const bandCoverage = z.strictObject({
  level: z.number().describe('Share of prices the band is made to hold'),
  coverage: z.number().describe('Share of held-out prices inside it, each the day before it'),
  binomial_error: z
    .number()
    .describe(
      'Standard error of coverage were the model true: sqrt(level (1 - level) / moves), a day counting once',
    ),
  moves: z.int().describe('Held-out moves from a day to the next'),
  contracts: z.int().describe('Held-out prices: moves times delivery months, of all curves'),
  curves: z.int().describe('Curves with days enough to hold some out'),
  from: isoDate.describe('Day before the first held out'),
  to: isoDate.describe('Last day held out'),
  lowest: z.strictObject({ curve_key: sha256Hex, coverage: z.number() }).describe('The curve it held least'),
});
export type BandCoverage = z.infer<typeof bandCoverage>;

export const scenarioRun = z.strictObject({
  run_id: uuid,
  scenario_id: uuid,
  scenario_version: z.int().positive(),
  scenario_hash: sha256Hex,
  state: z.enum(RUN_STATES),
  attempt: z.int().positive().describe('A failed or cancelled run asked for again is its next attempt'),
  asof_date: isoDate.describe('As-of day of the base curves'),
  input_commit: z.string().describe('Commit of the tables whose releases it reads'),
  request: z.record(z.string(), z.unknown()).describe('What was asked for'),
  requested_by: z.string(),
  input_versions: z.array(z.string()).describe('Versions of the sheets and workbooks it is made from'),
  run_hash: sha256Hex.describe('sha256 over all the run is made from: equal runs give equal numbers'),
  code_version: z.string(),
  seed: z.int().nonnegative(),
  error: z
    .strictObject({
      code: z.string(),
      message: z.string(),
      field: z.string().nullable(),
      remedy: z.string().nullable(),
    })
    .nullable()
    .describe('Why it failed'),
  created_at: utcTimestamp,
  started_at: utcTimestamp.nullable(),
  finished_at: utcTimestamp.nullable(),
  curve_count: z.int().nonnegative().nullable(),
  row_count: z.int().nonnegative().nullable(),
  table_commit: z.string().nullable().describe('Commit of the tables from which its output is seen'),
  band_coverage: bandCoverage
    .nullable()
    .describe(
      'Of estimated volatilities: the 90 % band on the last quarter of the days, estimated from those before',
    ),
  notes: z
    .array(z.string())
    .describe('Such as an assumption that holds for none of the curves, or how many curves it does not fit'),
});
export type ScenarioRun = z.infer<typeof scenarioRun>;
export const scenarioRunAnswer = z.strictObject({ meta: z.strictObject({}), data: scenarioRun });

export const scenarioRunListQuery = z.strictObject({
  scenario_id: uuid.optional().describe('Runs of this scenario'),
  state: z.enum(RUN_STATES).optional(),
  limit: pageLimit('Runs', 1_000, 100),
  cursor: cursorParameter,
});
export type ScenarioRunListQuery = z.output<typeof scenarioRunListQuery>;
export const scenarioRunListAnswer = z.strictObject({
  meta: pageMeta,
  data: z.array(scenarioRun),
});

/** Price by quantile: `p05`, `p50`, `p97_5`. */
const bandPrices = z.record(z.string(), z.number());
/** Change of price by assumption. */
const shares = z.record(z.string(), z.number());

const curveColumns = {
  curve_key: sha256Hex,
  asset_class: z.string(),
  region: z.string().nullable(),
  iso: z.string().nullable(),
  location: z.string().nullable(),
  market: z.string().nullable(),
  product: z.string().nullable(),
  block: z.string().nullable(),
  spark_location: z.string().nullable(),
  currency: z.string().nullable(),
  per_unit: z.string().nullable(),
  contract_month: isoDate,
};

/** One row of `market.scenario_output`: one delivery month of one curve in one run. */
export const scenarioOutput = z.strictObject({
  run_id: z.string().min(1),
  tenant_id: z.string().min(1),
  scenario_id: z.string().min(1),
  scenario_hash: sha256Hex,
  run_hash: sha256Hex,
  asof_date: isoDate,
  ...curveColumns,
  base_price: z.number().describe('Released price, currency per unit'),
  scenario_price: z.number(),
  delta: z.number().describe('scenario_price - base_price'),
  attribution: shares.describe('Shapley share of each assumption; they sum to delta'),
  bands: bandPrices.describe('Quantiles around scenario_price: p05, p50 ...; empty when none were asked for'),
});
export type ScenarioOutput = z.infer<typeof scenarioOutput>;

export const scenarioOutputQuery = z.strictObject({
  run_id: uuid.describe('Id of the run'),
  curve_key: sha256Hex.optional(),
  contract_from: deliveryMonth.optional(),
  contract_to: deliveryMonth.optional(),
  limit: pageLimit('Rows', 10_000, 500),
  cursor: cursorParameter,
});

export type ScenarioOutputQuery = z.output<typeof scenarioOutputQuery>;

export const scenarioDiffQuery = z.strictObject({
  a: uuid.describe('Run A, or a scenario: then its newest run that succeeded'),
  b: uuid.describe('Run B, or a scenario; the change is B - A'),
  curve_key: sha256Hex.optional(),
  contract_from: deliveryMonth.optional(),
  contract_to: deliveryMonth.optional(),
});

export type ScenarioDiffQuery = z.output<typeof scenarioDiffQuery>;

/** One row of `mart_scenario_diff`. */
export const scenarioDiffRow = z.strictObject({
  ...curveColumns,
  price_a: z.number(),
  price_b: z.number(),
  delta: z.number().describe('price_b - price_a'),
  relative: z.number().nullable().describe('delta / |price_a|; null where price_a is 0'),
  base_delta: z.number().describe('Part of delta from other base curves: base_price of B - of A'),
  attribution: shares.describe(
    'Share in B less share in A of each assumption; with base_delta they sum to delta',
  ),
});
export type ScenarioDiffRow = z.infer<typeof scenarioDiffRow>;

export const curveMonth = z.strictObject({ curve_key: sha256Hex, contract_month: isoDate });
export const scenarioDiffAnswer = z.strictObject({
  meta: z.strictObject({
    count: z.int().nonnegative(),
    only_in_a: z.array(curveMonth).describe('Months with no counterpart in B; not among the rows'),
    only_in_b: z.array(curveMonth),
  }),
  data: z.array(scenarioDiffRow),
});
export type ScenarioDiffAnswer = z.infer<typeof scenarioDiffAnswer>;
