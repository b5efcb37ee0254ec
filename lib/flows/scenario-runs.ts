/** Runs as the API shows them: their state, their list, cancelled on request. Those of the caller's tenant alone. */
import type { Caller } from '#lib/domain/access.ts';
import { refusal } from '#lib/domain/errors.ts';
import type { Clock } from '#lib/ports/clock.ts';
import type { RunPlace, ScenarioRuns, StoredRun } from '#lib/ports/scenarios.ts';
import type { ScenarioRunListQuery } from '#schemas/scenario-run.ts';
import { makeListCursor, readListCursor } from './list-cursor.ts';
import { questionOf } from './query-curves.ts';

export interface RunPorts {
  readonly runs: ScenarioRuns;
  readonly clock: Clock;
}

export function runOf({ data_file: _, ...data }: StoredRun) {
  return { meta: {}, data };
}

export async function showRun({ run_id }: { readonly run_id: string }, ports: RunPorts, caller: Caller) {
  return runOf(await requireRun(ports.runs, caller.tenant, run_id));
}

/** @throws AurumError `run_not_found`, the same for one of another tenant. */
export async function requireRun(
  runs: ScenarioRuns,
  tenant: string,
  run_id: string,
  field = 'run_id',
): Promise<StoredRun> {
  const found = await runs.get(tenant, run_id);
  if (found !== undefined) return found;
  throw refusal('run_not_found', `there is no run ${run_id}`, {
    field,
    remedy: 'GET /v1/scenarios/runs lists those there are.',
  });
}

export async function listRuns(query: ScenarioRunListQuery, ports: RunPorts, caller: Caller) {
  const question = questionOf({ ...query, tenant: caller.tenant });
  const place = readListCursor(query.cursor, question);
  const { scenario_id, state, limit } = query;
  const before = place && placeOf(place.after);
  const found = await ports.runs.list(caller.tenant, { scenario_id, state, limit: limit + 1, before });
  const data = found.slice(0, limit).map((run) => runOf(run).data);
  const last = found.length > limit ? data.at(-1) : undefined;
  const as_known_at = place?.as_known_at ?? ports.clock.now();
  const next_cursor =
    last === undefined
      ? null
      : makeListCursor({ question, as_known_at, after: `${last.created_at}|${last.run_id}` });
  return { meta: { count: data.length, next_cursor }, data };
}

function placeOf(after: string): RunPlace {
  const [created_at = '', run_id = ''] = after.split('|');
  return { created_at, run_id };
}

/** Cancelled is cancelled, however often it is asked for. @throws AurumError `run_ended_conflict` */
export async function cancelRun({ run_id }: { readonly run_id: string }, ports: RunPorts, caller: Caller) {
  const isCancelled = await ports.runs.cancel(caller.tenant, run_id, ports.clock.now());
  const run = await requireRun(ports.runs, caller.tenant, run_id);
  if (isCancelled || run.state === 'cancelled') return runOf(run);
  const what = run.state === 'running' ? 'is being published' : `has ${run.state}`;
  throw refusal('run_ended_conflict', `the run ${what}: it cannot be cancelled any more`, {
    field: 'run_id',
    remedy: 'Leave it; a run changes nothing but its own output.',
  });
}
