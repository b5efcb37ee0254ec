/**
 * Asks for a run of a scenario: everything it is made from is settled here and carried in the request, and the run's id
 * follows from all of it, so that the same question is the same run. The record on the topic is what starts it.
 */
import { hash } from 'node:crypto';
import { type ScenarioRequest, scenarioRequestTopic } from '#events/scenario-request.ts';
import type { Caller } from '#lib/domain/access.ts';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { refusal } from '#lib/domain/errors.ts';
import { uuidOf } from '#lib/domain/hash-uuid.ts';
import { checkRunRates, runHash } from '#lib/domain/scenario-curves.ts';
import { checkAttribution } from '#lib/domain/scenario-fit.ts';
import { bindScenario, type Scenario } from '#lib/domain/scenario-graph.ts';
import { drivers } from '#lib/drivers/registry.gen.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import type { ScenarioRuns, Scenarios, StoredRun } from '#lib/ports/scenarios.ts';
import { assumption, type ScenarioPath, type StoredAssumption } from '#schemas/scenario.ts';
import type { ScenarioRunRequest } from '#schemas/scenario-run.ts';
import { type InputPorts, type ScenarioInputs, scenarioInputs } from './scenario-inputs.ts';
import { runOf } from './scenario-runs.ts';
import { requireScenario } from './scenarios.ts';
import { storableJson } from './storable-json.ts';

export interface RequestRunPorts extends InputPorts {
  readonly scenarios: Scenarios;
  readonly runs: ScenarioRuns;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly code_version: string;
}

/** Paths times months of all curves: half a minute on one core. */
const MAX_PATH_STEPS = 1e9;

export async function requestRun(
  { id, version, body }: ScenarioPath & { readonly body: ScenarioRunRequest },
  ports: RequestRunPorts,
  caller: Caller,
) {
  storableJson(body);
  checkRunRates(body.fx_rates);
  const stored = await requireScenario(ports.scenarios, caller.tenant, id, version);
  const scenario = boundScenario(stored.assumptions);
  const { entitlements, tenant } = caller;
  const inputs = await scenarioInputs({ request: body, scenario, entitlements }, ports);
  checkAttribution(inputs.curves, { scenario, from: body.contract_from, to: body.contract_to });
  checkSize(body, inputs);
  const request = { ...body, asof: inputs.asof };
  const run_hash = hashOfRun(stored.scenario_hash, request, inputs, ports.code_version);
  const run_id = uuidOf(hash('sha256', `${tenant}|${id}|${run_hash}`, 'hex'));
  const known = await ports.runs.get(tenant, run_id);
  if (known?.state === 'succeeded') return runOf(known);
  const record: ScenarioRequest = {
    run_id,
    tenant_id: tenant,
    attempt: attemptAfter(known),
    scenario_id: id,
    scenario_version: stored.version,
    scenario_hash: stored.scenario_hash,
    run_hash,
    code_version: ports.code_version,
    requested_at: ports.clock.now(),
    requested_by: caller.subject,
    asof_date: inputs.asof,
    input_commit: inputs.commit,
    input_versions: [...inputs.versions],
    assumptions: canonicalJson(stored.assumptions),
    request: canonicalJson(request),
  };
  // First the record: once it is there the run comes to be, whether or not this process lives to note it.
  await ports.bus.publish(scenarioRequestTopic, `${run_id}.${record.attempt}`, [record]);
  await ports.runs.queue(record);
  return runOf((await ports.runs.get(tenant, run_id))!);
}

/** The assumptions as they were stored, bound to their drivers. */
export function boundScenario(assumptions: readonly StoredAssumption[]): Scenario {
  return bindScenario(
    assumptions.map((stored) => assumption.parse(stored)),
    drivers,
  );
}

export function hashOfRun(
  scenario_hash: string,
  request: ScenarioRunRequest,
  { asof, identity }: ScenarioInputs,
  code_version: string,
): string {
  return runHash({ scenario_hash, request, asof, input_versions: identity, code_version });
}

/** One that failed or was cancelled is tried again; any other is the run that is asked for. */
function attemptAfter(known: StoredRun | undefined): number {
  if (known === undefined) return 1;
  return known.state === 'failed' || known.state === 'cancelled' ? known.attempt + 1 : known.attempt;
}

function checkSize(
  { bands, contract_from: from, contract_to: to }: ScenarioRunRequest,
  { curves }: ScenarioInputs,
): void {
  if (bands === undefined) return;
  const inWindow = curves.flatMap(({ months }) =>
    months.filter((month) => (from ?? month) <= month && month <= (to ?? month)),
  );
  const steps = bands.paths * inWindow.length;
  if (steps <= MAX_PATH_STEPS) return;
  throw refusal('run_too_large', `the bands need ${steps} prices, more than ${MAX_PATH_STEPS}`, {
    field: 'bands.paths',
    remedy: 'Ask for fewer paths, or for bands of fewer curves.',
  });
}
