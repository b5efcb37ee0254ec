/**
 * Scenarios, as written, run, shown and compared: the one source of truth for requests, answers and rows. What a driver's
 * parameters are is the driver's (lib/drivers); here they are only an object. Months are `YYYY-MM-01`, both ends inclusive.
 */
import { z } from 'zod';
import { isoDate, sha256Hex, utcTimestamp, uuid } from './curve-observation.ts';
import { cursorParameter, listMeta, pageLimit, pageMeta } from './page.ts';
import { MAX_PRICE_VOLATILITY, MAX_RELATIVE_VOLATILITY, MAX_REVERSION } from './simulation-limits.ts';

export const MAX_ASSUMPTIONS = 50;
/**
 * Assumptions that may depend on each other on one curve: their shares are exact over all 2^12 coalitions, some ten
 * milliseconds a curve. Those that do not depend on each other need not be divided between.
 */
export const MAX_INTERACTING = 12;
/** Paths of a scenario's bands: the standard error of a quantile falls with the root, the time grows with them. */
const MAX_BAND_PATHS = 1_000_000;

/** A delivery month: `2026-07` or `2026-07-01`, always read as `2026-07-01`. */
export const deliveryMonth = z
  .string()
  .regex(/^[12]\d{3}-(0[1-9]|1[0-2])(-01)?$/, 'must be a month, YYYY-MM')
  .transform((value) => `${value.slice(0, 7)}-01`);

/** ISO 4217, or GBp for pence, which differ by 100. */
export const currencyCode = z
  .string()
  .regex(/^([A-Z]{3}|GBp)$/, 'must be a currency such as USD, EUR or GBp');

const slug = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,63}$/, 'must begin with a letter and hold only a-z, 0-9, _ and -, at most 64');
const text = z.string().trim().min(1).max(200);
export const oneOrMore = z
  .union([text, z.array(text).min(1).max(100)])
  .transform((value) => (typeof value === 'string' ? [value] : value));

export const curveKeys = z
  .union([sha256Hex, z.array(sha256Hex).min(1).max(1_000)])
  .transform((value) => (typeof value === 'string' ? [value] : value));

const identityFilter = {
  asset_class: oneOrMore.optional().describe('power, gas, carbon ...; any of several'),
  iso: oneOrMore.optional().describe('Market operator, e.g. PJM'),
  region: oneOrMore.optional(),
  location: oneOrMore.optional(),
  market: oneOrMore.optional(),
  product: oneOrMore.optional(),
  block: oneOrMore.optional().describe('ON_PEAK, OFF_PEAK, BASE ...'),
  spark_location: oneOrMore.optional(),
  curve_key: curveKeys.optional(),
};

/** Curves by any field of their identity, in any case; a field left out means any. */
export const curveFilter = z.strictObject(identityFilter);
export type CurveFilter = z.infer<typeof curveFilter>;

export const appliesTo = z.strictObject({
  ...identityFilter,
  from: deliveryMonth.optional().describe('First delivery month, inclusive'),
  to: deliveryMonth.optional().describe('Last delivery month, inclusive'),
});

export const assumption = z.strictObject({
  id: slug.describe('Name of the assumption in this scenario; its share of the change stands under it'),
  driver: z.string().min(1).max(64).describe('policy, load_growth, fuel_curve, fleet_change, composite ...'),
  version: z
    .int32()
    .positive()
    .optional()
    .describe('Version of the driver the parameters were written for; default the present one'),
  parameters: z.record(z.string().max(200), z.unknown()).describe("The driver's parameters; see its example"),
  applies_to: appliesTo.default({}).describe('Curves and months it holds for; default all of the run'),
  depends_on: z
    .array(slug)
    .max(MAX_ASSUMPTIONS)
    .optional()
    .describe(
      'Assumptions whose effect is in the price this one starts from. Left out: it starts from the base curve; a price cap or floor from the price all others lead to',
    ),
});
export type Assumption = z.output<typeof assumption>;

export const scenarioCreate = z.strictObject({
  name: text,
  description: z.string().max(5_000).default(''),
  assumptions: z
    .array(assumption)
    .min(1)
    .max(MAX_ASSUMPTIONS)
    .describe(
      `In any order: it does not matter. At most ${MAX_INTERACTING} may depend on each other on one curve, a cap or floor on all others there: shares are exact`,
    ),
});
export type ScenarioCreate = z.output<typeof scenarioCreate>;

const version = z.coerce
  .number()
  .int()
  .min(1)
  .max(2 ** 31 - 1);
export const scenarioPath = z.strictObject({
  id: uuid.describe('Id of the scenario'),
  version: version.optional().describe('One of its versions; default the current one'),
});
export type ScenarioPath = z.output<typeof scenarioPath>;
export const runPath = z.strictObject({ run_id: uuid.describe('Id of the run') });

/** A scenario without its assumptions, as lists show it. */
export const scenarioSummary = z.strictObject({
  id: uuid,
  name: z.string(),
  description: z.string(),
  version: z.int().positive().describe('1, 2, 3 ...: a change of the assumptions is a new one, all are kept'),
  scenario_hash: sha256Hex.describe('sha256 of the canonical JSON of the assumptions'),
  assumption_count: z.int().nonnegative(),
  created_by: z.string().describe('Subject of who created it'),
  created_at: utcTimestamp,
});
export type ScenarioSummary = z.infer<typeof scenarioSummary>;

/** An assumption as stored: the driver's version stated, its parameters complete. */
export const storedAssumption = z.strictObject({
  id: z.string(),
  driver: z.string(),
  version: z.int32().positive(),
  parameters: z.record(z.string(), z.unknown()),
  applies_to: z.record(z.string(), z.unknown()),
  depends_on: z.array(z.string()).optional(),
});
export type StoredAssumption = z.infer<typeof storedAssumption>;

export const scenarioAnswer = z.strictObject({
  meta: z.strictObject({
    scenario_hash: sha256Hex,
    current_version: z.int().positive(),
  }),
  data: z.strictObject({ ...scenarioSummary.shape, assumptions: z.array(storedAssumption) }),
});

export const scenarioListQuery = z.strictObject({
  name: text.optional().describe('Part of the name, any case'),
  limit: pageLimit('Scenarios', 1_000, 100),
  cursor: cursorParameter,
});
export type ScenarioListQuery = z.output<typeof scenarioListQuery>;
export const scenarioListAnswer = z.strictObject({
  meta: pageMeta,
  data: z.array(scenarioSummary),
});

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
  vendor: text
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

/** What `GET /v1/scenarios/drivers` says of each driver. */
export const driverDescription = z.strictObject({
  driver: z.string(),
  version: z.int32().positive(),
  summary: z.string(),
  formula: z.string(),
  units: z.string(),
  source: z.string(),
  parameters: z.record(z.string(), z.unknown()).describe('JSON Schema of the parameters'),
  example: z.record(z.string(), z.unknown()).describe('Parameters'),
  example_applies_to: z.record(z.string(), z.unknown()).describe('Curves the example is written for'),
});
export type DriverDescription = z.infer<typeof driverDescription>;
export const driverListAnswer = z.strictObject({
  meta: listMeta,
  data: z.array(driverDescription),
});
