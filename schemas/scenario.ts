/**
 * Scenarios, as written and shown: the one source of truth for requests and answers. What a driver's
 * parameters are is the driver's (lib/drivers); here they are only an object. Months are `YYYY-MM-01`, both ends inclusive.
 */
import { z } from 'zod';
import { sha256Hex, utcTimestamp, uuid } from './curve-observation.ts';
import { cursorParameter, listMeta, pageLimit, pageMeta } from './page.ts';

export const MAX_ASSUMPTIONS = 50;
/**
 * Assumptions that may depend on each other on one curve: their shares are exact over all 2^12 coalitions, some ten
 * milliseconds a curve. Those that do not depend on each other need not be divided between.
 */
export const MAX_INTERACTING = 12;

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
export const shortText = z.string().trim().min(1).max(200);
export const oneOrMore = z
  .union([shortText, z.array(shortText).min(1).max(100)])
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
  name: shortText,
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
  name: shortText.optional().describe('Part of the name, any case'),
  limit: pageLimit('Scenarios', 1_000, 100),
  cursor: cursorParameter,
});
export type ScenarioListQuery = z.output<typeof scenarioListQuery>;
export const scenarioListAnswer = z.strictObject({
  meta: pageMeta,
  data: z.array(scenarioSummary),
});

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
