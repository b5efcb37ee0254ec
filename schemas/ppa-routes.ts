/**
 * What the PPA routes and topics take and give: contracts stored, valuations asked for, shown, listed and replayed. What a
 * contract, a market and a valuation are is `ppa-contract.ts`, `ppa-market.ts`, `ppa-valuation.ts`.
 */
import { z } from 'zod';
import { isoDate, sha256Hex, utcTimestamp, uuid } from './curve-observation.ts';
import { asKnownAt, asofParameter, identityFilter, optionalVersion } from './curve-query.ts';
import { cursorParameter, pageLimit, pageMeta } from './page.ts';
import { keptPpaContract, ppaContract } from './ppa-contract.ts';
import { ppaMarket, ppaOptionsRequest, twoFactorModel } from './ppa-market.ts';
import { ppaInputs, ppaValuation } from './ppa-valuation.ts';
import { releaseMeta } from './releases.ts';

const text = z.string().min(1).max(200);

/** Where the prices of a curve come from. */
export const priceSource = z.discriminatedUnion('source', [
  z.strictObject({
    source: z.literal('curve').describe('A released curve; the filters must leave exactly one'),
    vendor: text.optional().describe('Vendor, where several quote the curve'),
    ...identityFilter,
    asof: asofParameter.describe(
      'As-of day, YYYY-MM-DD, or `latest`: the newest day that has such a curve. Default latest',
    ),
    as_known_at: asKnownAt,
    version: optionalVersion,
    side: z.enum(['value', 'mid', 'bid', 'ask']).default('value').describe('The price that counts'),
    strips: z
      .enum(['left_out', 'bootstrapped'])
      .default('left_out')
      .describe(
        'bootstrapped: strips say the months that no month quotes, through the quotes that /v1/curves/shape goes through with quotes=independent; such months are marked',
      ),
  }),
  z.strictObject({
    source: z.literal('scenario').describe('A finished scenario run of the caller; one curve of it'),
    run_id: uuid,
    ...identityFilter,
    price: z
      .string()
      .regex(/^(scenario|base|p\d{1,2}(_\d{1,6})?)$/, 'must be scenario, base, or a quantile such as p05')
      .default('scenario')
      .describe('scenario, base, or a quantile of its bands such as p05'),
  }),
  z.strictObject({
    source: z.literal('given').describe('Prices given by hand'),
    ...ppaMarket.shape.reference.shape,
  }),
]);
export type PriceSource = z.output<typeof priceSource>;

const { capture, negative_hours, fx_rates, extrapolation } = ppaMarket.shape;

export const marketRequest = z.strictObject({
  reference: priceSource.describe('The curve the contract settles against'),
  location: priceSource
    .optional()
    .describe("The curve at the contract's location, for `basis: curve`; no effect without it"),
  capture,
  negative_hours,
  fx_rates,
  extrapolation,
});

export const ppaValuateRequest = z
  .strictObject({
    contract_id: uuid.optional().describe('A stored contract; or `contract`'),
    contract: ppaContract.optional().describe('Terms inline; or `contract_id`'),
    valuation_date: isoDate.optional().describe('Default: the as-of day of the reference curve'),
    market: marketRequest,
    options: ppaOptionsRequest.default({}),
  })
  .refine(({ contract_id, contract }) => (contract_id === undefined) !== (contract === undefined), {
    path: ['contract'],
    message: 'give either contract or contract_id',
  });
export type PpaValuateRequest = z.output<typeof ppaValuateRequest>;

export const priceOrigin = z.strictObject({
  source: z.enum(['curve', 'scenario', 'given']),
  curve_key: sha256Hex.nullable(),
  release: releaseMeta.nullable().describe('Release the prices are of'),
  run: z
    .strictObject({ run_id: uuid, scenario_id: uuid, run_hash: sha256Hex, price: z.string() })
    .nullable()
    .describe('Scenario run the prices are of'),
  derived_from: z
    .array(
      z.strictObject({
        block: text,
        curve_key: sha256Hex,
        version_hashes: z.array(sha256Hex).describe('Versions of the sheets its prices come from'),
      }),
    )
    .optional()
    .describe('Curves of blocks that the price of all hours is made of, weighted by their hours'),
});
export type PriceOrigin = z.infer<typeof priceOrigin>;

/** What the simulated volatilities were estimated from, and how well they are known. */
export const modelOrigin = z.strictObject({
  curve_key: sha256Hex,
  vendor: z.string(),
  from: isoDate.describe('First as-of day of the history'),
  to: isoDate,
  days: z.int().describe('As-of days of the history'),
  moves: z.int().describe('Moves between them that were used'),
  history_hash: sha256Hex.describe('sha256 of the canonical JSON of the versions of its releases'),
  model: twoFactorModel,
  standard_errors: twoFactorModel.extend({ correlation: z.number() }).describe('Of the four, by jackknife'),
  residual: z.number().describe('Standard deviation of what the two factors leave, per move'),
});
export type ModelOrigin = z.infer<typeof modelOrigin>;

export const ppaProvenance = z.strictObject({
  code_version: z.string().describe('Version of the code that put the inputs together'),
  reference: priceOrigin,
  location: priceOrigin.nullable(),
  model: modelOrigin.optional().describe('Of estimated volatilities'),
});
export type PpaProvenance = z.infer<typeof ppaProvenance>;

const problem = z.strictObject({ code: z.string(), message: z.string(), field: z.string().nullable() });
export const PPA_STATES = ['queued', 'succeeded', 'failed'] as const;

/** A valuation without its figures, as lists show it. */
export const ppaValuationSummary = z.strictObject({
  valuation_hash: sha256Hex.describe('Name of the valuation: sha256 over all its inputs'),
  state: z.enum(PPA_STATES),
  contract_id: uuid.nullable().describe('Null for a contract given inline'),
  contract: z.string().describe('What the contract is called'),
  curve_key: sha256Hex
    .nullable()
    .describe('Of the reference; null for prices given by hand or made of several curves'),
  run_id: uuid.nullable().describe('Scenario run it is valued on'),
  valuation_date: isoDate,
  currency: z.string(),
  npv: z.number().nullable().describe('Null while it has not succeeded'),
  provenance: ppaProvenance,
  error: problem.nullable().describe('Why it failed'),
  created_at: utcTimestamp,
  finished_at: utcTimestamp.nullable(),
});
export type PpaValuationSummary = z.infer<typeof ppaValuationSummary>;

export const ppaValuateAnswer = z.strictObject({ meta: ppaValuationSummary, data: ppaValuation });
export type PpaValuateAnswer = z.infer<typeof ppaValuateAnswer>;

export const ppaQueuedAnswer = z.strictObject({ meta: z.strictObject({}), data: ppaValuationSummary });
export type PpaQueuedAnswer = z.infer<typeof ppaQueuedAnswer>;

export const ppaValuationPath = z.strictObject({
  hash: sha256Hex.describe('Name of the valuation, 64 hex digits'),
});

export const ppaShowAnswer = z.strictObject({
  meta: ppaValuationSummary.extend({ inputs: ppaInputs.describe('All it is a function of') }),
  data: ppaValuation.nullable().describe('Null while it has not succeeded'),
});
export type PpaShowAnswer = z.infer<typeof ppaShowAnswer>;

const page = {
  limit: pageLimit('Entries', 1_000, 100),
  cursor: cursorParameter,
};

export const ppaValuationListQuery = z.strictObject({
  contract_id: uuid.optional().describe('Of this stored contract'),
  run_id: uuid.optional().describe('On this scenario run'),
  curve_key: sha256Hex.optional().describe('On this curve, or on prices made of it and another'),
  state: z.enum(PPA_STATES).optional(),
  ...page,
});
export type PpaValuationListQuery = z.output<typeof ppaValuationListQuery>;

export const ppaValuationListAnswer = z.strictObject({
  meta: pageMeta,
  data: z.array(ppaValuationSummary).describe('Newest first'),
});
export type PpaValuationListAnswer = z.infer<typeof ppaValuationListAnswer>;

export const storedContract = z.strictObject({
  id: uuid,
  name: z.string(),
  contract_hash: sha256Hex.describe('sha256 of the canonical JSON of the terms'),
  created_at: utcTimestamp,
});
export const ppaContractPath = z.strictObject({ id: uuid.describe('Id of the contract') });
export const ppaContractAnswer = z.strictObject({
  meta: z.strictObject({}),
  data: storedContract.extend({ terms: keptPpaContract }),
});
export type PpaContractAnswer = z.infer<typeof ppaContractAnswer>;

export const ppaContractListQuery = z.strictObject({
  name: text.optional().describe('Part of the name, any case'),
  ...page,
});
export type PpaContractListQuery = z.output<typeof ppaContractListQuery>;
export const ppaContractListAnswer = z.strictObject({
  meta: pageMeta,
  data: z.array(storedContract).describe('Newest first'),
});
export type PpaContractListAnswer = z.infer<typeof ppaContractListAnswer>;

export const ppaReplayAnswer = z.strictObject({
  meta: z.strictObject({
    valuation_hash: sha256Hex,
    code_version: z.strictObject({ stored: z.string(), replayed: z.string() }),
  }),
  data: z.strictObject({
    identical: z.boolean().describe('The canonical JSON of both is the same, byte for byte'),
    made_by_another_version: z
      .boolean()
      .describe(
        'It differs, and another version of the code made it (meta.code_version): formulas may have changed, so that nothing is proved of it',
      ),
    bytes: z.int().describe('Length of the stored canonical JSON'),
    difference_count: z.int().nonnegative(),
    differences: z
      .array(
        z.strictObject({
          path: z.string().describe('Place in the valuation, `cashflows.3.pv`'),
          stored: z.string().nullable().describe('Canonical JSON; null where it has no such value'),
          replayed: z.string().nullable(),
        }),
      )
      .describe('The first hundred'),
  }),
});
export type PpaReplayAnswer = z.infer<typeof ppaReplayAnswer>;
