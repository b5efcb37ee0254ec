/**
 * A valuation asked for -> its inputs, complete in themselves -> the valuation, published and kept under the hash of its
 * inputs. At once for who waits, or through `aurum.ppa.request.v1` for who does not. The same inputs are the same
 * valuation however often, wherever and by whichever way they are asked for.
 */
import { z } from 'zod';
import { alertTopic } from '#events/alert.ts';
import { type PpaRequest, ppaRequestTopic } from '#events/ppa-request.ts';
import { type PpaValued, ppaValuationTopic } from '#events/ppa-valuation.ts';
import type { Caller } from '#lib/domain/access.ts';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { convertPrice } from '#lib/domain/conversion.ts';
import { AurumError, refusal } from '#lib/domain/errors.ts';
import { atRequestField } from '#lib/domain/ppa/request-field.ts';
import { openValuation, readInputs, valuationHash } from '#lib/domain/ppa/value.ts';
import type { TwoFactorModel } from '#lib/domain/simulation/model.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { PpaStore, StoredValuation } from '#lib/ports/ppa.ts';
import type { Simulator } from '#lib/ports/simulator.ts';
import type { PpaContract } from '#schemas/ppa-contract.ts';
import type { PpaOptionsInput } from '#schemas/ppa-market.ts';
import {
  type ModelOrigin,
  type PpaProvenance,
  type PpaQueuedAnswer,
  type PpaValuateAnswer,
  type PpaValuateRequest,
  ppaProvenance,
} from '#schemas/ppa-routes.ts';
import { type PpaInputs, type PpaValuation, ppaInputs } from '#schemas/ppa-valuation.ts';
import { modelOf } from './ppa-model.ts';
import { type FoundPrices, findPrices, type PricePorts } from './ppa-prices.ts';
import { outputOf, summaryOf } from './query-valuations.ts';
import { storableJson } from './storable-json.ts';
import { requireContract } from './store-contract.ts';

export interface ValuationWorkPorts {
  readonly ppa: PpaStore;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly simulator: Simulator;
}

export interface ValuePorts extends ValuationWorkPorts, PricePorts {
  readonly code_version: string;
}

/** What is to be valued, with nothing left to look up. */
interface ValuationOrder {
  readonly valuation_hash: string;
  readonly tenant: string;
  readonly contract_id: string | null;
  readonly inputs: PpaInputs;
  readonly provenance: PpaProvenance;
  readonly created_at: string;
}

/** Some seconds of work: more is not waited for. */
const MAX_PATHS_AT_ONCE = 200_000;

/** Values now. @throws AurumError naming what is wrong; nothing is stored then */
export async function valueContract(
  { body }: { readonly body: PpaValuateRequest },
  ports: ValuePorts,
  caller: Caller,
): Promise<PpaValuateAnswer> {
  const order = await orderOf(body, ports, caller);
  const { paths = 0 } = order.inputs.options.risk ?? {};
  if (paths > MAX_PATHS_AT_ONCE) {
    throw refusal(
      'valuation_too_long',
      `${paths} paths are more than ${MAX_PATHS_AT_ONCE}, which are answered at once`,
      {
        field: 'options.risk.paths',
        remedy: 'POST it to /v1/ppa/valuations, which does not wait for it.',
      },
    );
  }
  const stored = await ports.ppa.valuation(order.tenant, order.valuation_hash);
  const kept = stored?.state === 'succeeded' ? stored : await valueOrder(order, ports);
  return { meta: summaryOf(kept), data: outputOf(kept)! };
}

/** Puts the valuation in the queue, once what can be refused without a simulation is not. */
export async function queueValuation(
  { body }: { readonly body: PpaValuateRequest },
  ports: ValuePorts,
  caller: Caller,
): Promise<PpaQueuedAnswer> {
  const order = await orderOf(body, ports, caller);
  const stored = await ports.ppa.valuation(order.tenant, order.valuation_hash);
  if (stored !== undefined && stored.state !== 'failed') return { meta: {}, data: summaryOf(stored) };
  openValuation(order.inputs);
  const { valuation_hash, tenant, contract_id, inputs, provenance, created_at } = order;
  const request: PpaRequest = {
    valuation_hash,
    tenant_id: tenant,
    contract_id,
    requested_at: created_at,
    requested_by: caller.subject,
    inputs: canonicalJson(inputs),
    provenance: canonicalJson(provenance),
  };
  // What failed may be asked for again; a queued row is written last, so that there is none without a request.
  const attempt = stored?.finished_at ?? 'first';
  await ports.bus.publish(ppaRequestTopic, `${tenant}|${valuation_hash}|${attempt}`, [request]);
  const queued = { ...unfinished(order), state: 'queued' } as const;
  return { meta: {}, data: summaryOf(await ports.ppa.keepValuation(tenant, queued)) };
}

/**
 * Values what a record asks for. What is refused, or fails by a fault of ours, is kept with the reason and raises an
 * alert; only what may succeed later comes again.
 */
export async function takeValuationRequest(request: PpaRequest, ports: ValuationWorkPorts): Promise<void> {
  const { tenant_id: tenant, valuation_hash } = request;
  if ((await ports.ppa.valuation(tenant, valuation_hash))?.state === 'succeeded') return;
  let order: ValuationOrder | undefined;
  try {
    order = await readRequest(request, ports);
    await valueOrder(order, ports);
  } catch (error) {
    if (error instanceof AurumError && error.retryable) throw error;
    await failed(request, order, error, ports);
  }
}

/** @throws AurumError for what is not ours to value: neither its tenant nor its contract can be written down */
async function readRequest(request: PpaRequest, { ppa }: ValuationWorkPorts): Promise<ValuationOrder> {
  const { valuation_hash, tenant_id: tenant, contract_id, requested_at: created_at } = request;
  await ppa.requireTenant(tenant);
  if (contract_id !== null) await requireContract(contract_id, 'contract_id', { ppa }, tenant);
  const inputs = parsed(request.inputs, ppaInputs, 'inputs');
  const provenance = parsed(request.provenance, ppaProvenance, 'provenance');
  if (valuationHash(inputs) === valuation_hash) {
    return { valuation_hash, tenant, contract_id, inputs, provenance, created_at };
  }
  throw refusal('valuation_hash_mismatch', 'the inputs of the request are not those its hash is of', {
    field: 'valuation_hash',
    remedy: 'Ask again, through the API.',
  });
}

function parsed<Schema extends z.ZodType>(text: string, schema: Schema, field: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const [issue] = cause instanceof z.ZodError ? cause.issues : [];
    const place = [field, ...(issue?.path ?? [])].join('.');
    const reason = issue?.message ?? 'it is no JSON';
    throw refusal('ppa_request_invalid', `${place}: ${reason}`, { field: place, cause });
  }
}

async function failed(
  request: PpaRequest,
  order: ValuationOrder | undefined,
  cause: unknown,
  { ppa, bus, clock }: ValuationWorkPorts,
): Promise<void> {
  const now = clock.now();
  const { valuation_hash, tenant_id, requested_at } = request;
  const { code, message, field } =
    cause instanceof AurumError
      ? cause.detail()
      : { code: 'internal_error', message: String(cause), field: undefined };
  if (order !== undefined) {
    const error = { code, message, field: field ?? null };
    await ppa.keepValuation(tenant_id, { ...unfinished(order), state: 'failed', error, finished_at: now });
  }
  const alert_id = `ppa_valuation_failed|${tenant_id}|${valuation_hash}|${requested_at}`;
  const alert = { alert_id, raised_at: now, severity: 'warning', code: 'ppa_valuation_failed' } as const;
  await bus.publish(alertTopic, alert_id, [
    { ...alert, message: `${message} (${code})`, source: valuation_hash },
  ]);
}

/** Everything is made first, then published, then kept: whoever sees the row will find the record, too. */
async function valueOrder(order: ValuationOrder, ports: ValuationWorkPorts): Promise<StoredValuation> {
  const valuation = await valued(order.inputs, ports.simulator);
  const valuedOrder: StoredValuation = {
    ...unfinished(order),
    state: 'succeeded',
    npv: valuation.npv,
    output: canonicalJson(valuation),
    finished_at: ports.clock.now(),
  };
  const record = recordOf(order.tenant, valuedOrder);
  await ports.bus.publish(ppaValuationTopic, `${order.tenant}|${order.valuation_hash}`, [record]);
  return ports.ppa.keepValuation(order.tenant, valuedOrder);
}

/**
 * The valuation, its simulation in the threads there are for it: the bits are those of one thread.
 * @param model of a stored valuation that is made again
 */
export async function valued(inputs: PpaInputs, simulator: Simulator, model?: string): Promise<PpaValuation> {
  const { valuation, simulation } = openValuation(inputs, model);
  if (simulation === undefined) return valuation;
  const { present_values } = await simulator.run(simulation.job);
  return { ...valuation, risk: simulation.risk(present_values!) };
}

function unfinished(order: ValuationOrder): Omit<StoredValuation, 'state'> {
  const { valuation_hash, contract_id, inputs, provenance, created_at } = order;
  const { contract, valuation_date } = inputs;
  return {
    valuation_hash,
    contract_id,
    contract: contract.name,
    curve_key: provenance.reference.curve_key,
    run_id: provenance.reference.run?.run_id ?? null,
    valuation_date,
    currency: contract.settlement_currency,
    npv: null,
    provenance,
    error: null,
    created_at,
    finished_at: null,
    inputs: canonicalJson(inputs),
    output: null,
  };
}

function recordOf(tenant_id: string, stored: StoredValuation): PpaValued {
  const { valuation_hash, contract_id, contract, run_id, valuation_date, currency, npv } = stored;
  const { created_at, finished_at, inputs, provenance, output } = stored;
  return {
    ...{ valuation_hash, tenant_id, contract_id, contract, run_id, valuation_date, currency, npv: npv! },
    ...{
      created_at,
      finished_at: finished_at!,
      inputs,
      provenance: canonicalJson(provenance),
      valuation: output!,
    },
  };
}

async function orderOf(body: PpaValuateRequest, ports: ValuePorts, caller: Caller): Promise<ValuationOrder> {
  storableJson(body);
  const { contract_id, market, options } = body;
  const { tenant } = caller;
  await ports.ppa.requireTenant(tenant);
  const terms = body.contract ?? (await requireContract(contract_id!, 'contract_id', ports, tenant)).terms;
  const { reference: from, location: place, ...rest } = market;
  const reference = await findPrices(from, terms, 'market.reference', ports, caller);
  const location = place && (await findPrices(place, terms, 'market.location', ports, caller));
  const { risk } = options;
  const model =
    risk?.model === 'estimate' ? await estimated(reference, terms, body, ports, caller) : undefined;
  const { run } = reference.origin;
  const scenario = run && { scenario_id: run.scenario_id, run_id: run.run_id, version_hash: run.run_hash };
  const inputs = readInputs(
    terms,
    {
      ...rest,
      reference: reference.curve,
      ...(location === undefined ? {} : { location: location.curve }),
      scenario,
    },
    body.valuation_date ?? reference.asof_date ?? requireDate(),
    withModel(options, model?.model),
  );
  return {
    valuation_hash: valuationHash(inputs),
    tenant,
    contract_id: contract_id ?? null,
    inputs,
    provenance: {
      code_version: ports.code_version,
      reference: reference.origin,
      location: location?.origin ?? null,
      ...(model === undefined ? {} : { model }),
    },
    created_at: ports.clock.now(),
  };
}

/** Options as they are valued: the volatilities themselves. */
function withModel(
  options: PpaValuateRequest['options'],
  found: TwoFactorModel | undefined,
): PpaOptionsInput {
  const { risk, ...rest } = options;
  return risk === undefined
    ? rest
    : { ...rest, risk: { ...risk, model: found ?? (risk.model as TwoFactorModel) } };
}

/** Prices of the history are the reference's: what converts the one converts the other. */
async function estimated(
  reference: FoundPrices,
  { settlement_currency: currency }: PpaContract,
  { market, options }: PpaValuateRequest,
  ports: ValuePorts,
  caller: Caller,
): Promise<ModelOrigin> {
  const field = 'options.risk.model';
  if (reference.origin.derived_from !== undefined) {
    throw refusal(
      'model_history_missing',
      'a price made of those on and off peak has no history of its own',
      {
        field,
        remedy: 'Give the model.',
      },
    );
  }
  const to = { currency, per_unit: 'MWh' };
  const ratio = convertPrice(1, reference.curve, to, market.fx_rates, 'market.reference', 'market.fx_rates');
  try {
    return await modelOf(reference, options.risk!.dynamics, ratio, ports, caller);
  } catch (error) {
    throw atRequestField(error, () => ({ field }));
  }
}

function requireDate(): never {
  throw refusal('valuation_date_missing', 'prices given by hand have no day to be valued on', {
    field: 'valuation_date',
    remedy: 'Give the day, YYYY-MM-DD.',
  });
}
