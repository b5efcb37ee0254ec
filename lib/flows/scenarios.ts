/**
 * Scenarios as the API has them: created and changed (each change a version), listed, shown, and the drivers they may be
 * made of. Everything in the caller's tenant; another's scenario is as absent as one that never was.
 */
import type { Caller } from '#lib/domain/access.ts';
import { describeDriver } from '#lib/domain/driver.ts';
import { refusal } from '#lib/domain/errors.ts';
import { bindScenario } from '#lib/domain/scenario-graph.ts';
import { drivers } from '#lib/drivers/registry.gen.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { Scenarios, StoredScenario } from '#lib/ports/scenarios.ts';
import type { ScenarioCreate, ScenarioListQuery, ScenarioPath } from '#schemas/scenario.ts';
import { makeListCursor, readListCursor } from './list-cursor.ts';
import { questionOf } from './query-curves.ts';
import { storableJson } from './storable-json.ts';

export interface ScenarioPorts {
  readonly scenarios: Scenarios;
  readonly clock: Clock;
}

export async function createScenario(
  { body }: { readonly body: ScenarioCreate },
  ports: ScenarioPorts,
  caller: Caller,
) {
  const { assumptions, scenario_hash } = bindScenario(body.assumptions, drivers);
  const { name, description } = body;
  const stored = assumptions.map((one) => one.stored);
  storableJson({ name, description, stored });
  const scenario = { name, description, assumptions: stored, scenario_hash, created_by: caller.subject };
  return scenarioOf(await ports.scenarios.save(caller.tenant, scenario));
}

export async function showScenario({ id, version }: ScenarioPath, ports: ScenarioPorts, caller: Caller) {
  return scenarioOf(await requireScenario(ports.scenarios, caller.tenant, id, version));
}

function scenarioOf({ current_version, ...data }: StoredScenario) {
  return { meta: { scenario_hash: data.scenario_hash, current_version }, data };
}

/** @throws AurumError `scenario_not_found`, the same for one of another tenant. */
export async function requireScenario(
  scenarios: Scenarios,
  tenant: string,
  id: string,
  version: number | undefined,
): Promise<StoredScenario> {
  const found = await scenarios.get(tenant, id, version);
  if (found !== undefined) return found;
  const what = version === undefined ? id : `${id} in version ${version}`;
  throw refusal('scenario_not_found', `there is no scenario ${what}`, {
    field: 'id',
    remedy: 'GET /v1/scenarios lists those there are.',
  });
}

export async function listScenarios(query: ScenarioListQuery, ports: ScenarioPorts, caller: Caller) {
  const question = questionOf({ ...query, tenant: caller.tenant });
  const place = readListCursor(query.cursor, question);
  const { name, limit } = query;
  const found = await ports.scenarios.list(caller.tenant, { name, limit: limit + 1, after: place?.after });
  const data = found.slice(0, limit);
  const last = found.length > limit ? data.at(-1) : undefined;
  const as_known_at = place?.as_known_at ?? ports.clock.now();
  const next_cursor = last === undefined ? null : makeListCursor({ question, as_known_at, after: last.name });
  return { meta: { count: data.length, next_cursor }, data: [...data] };
}

export async function listDrivers() {
  const data = drivers.map(describeDriver);
  return { meta: { count: data.length }, data };
}
