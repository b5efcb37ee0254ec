/** The rows of a run that succeeded, as stored and as shown, and two runs compared. */
import type { Caller } from '#lib/domain/access.ts';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { refusal } from '#lib/domain/errors.ts';
import { scenarioDiff } from '#lib/domain/scenario-output.ts';
import type { ScenarioRuns, StoredRun } from '#lib/ports/scenarios.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { ScenarioOutputRow } from '#schemas/lake.ts';
import type { ScenarioDiffQuery, ScenarioOutput, ScenarioOutputQuery } from '#schemas/scenario-run.ts';
import { makeListCursor, readListCursor } from './list-cursor.ts';
import { questionOf } from './query-curves.ts';
import { requireRun } from './scenario-runs.ts';

export interface OutputPorts {
  readonly tables: Tables;
  readonly runs: ScenarioRuns;
}

/** The table has no maps: they are canonical JSON there. */
export const storedOutput = (row: ScenarioOutput): ScenarioOutputRow => ({
  ...row,
  attribution: canonicalJson(row.attribution),
  bands: canonicalJson(row.bands),
});

export const shownOutput = (row: ScenarioOutputRow): ScenarioOutput => ({
  ...row,
  attribution: JSON.parse(row.attribution),
  bands: JSON.parse(row.bands),
});

type Window = Pick<ScenarioOutputQuery, 'curve_key' | 'contract_from' | 'contract_to'>;

const isWithin = (
  { curve_key, contract_month }: Pick<ScenarioOutput, 'curve_key' | 'contract_month'>,
  { curve_key: wanted = curve_key, contract_from = contract_month, contract_to = contract_month }: Window,
) => curve_key === wanted && contract_from <= contract_month && contract_month <= contract_to;

const placeOf = ({ curve_key, contract_month }: Pick<ScenarioOutput, 'curve_key' | 'contract_month'>) =>
  `${curve_key}|${contract_month}`;

/** Rows by curve, then month. @throws AurumError `run_not_found`, `run_output_not_found` while there is none. */
export async function runOutputs(query: ScenarioOutputQuery, ports: OutputPorts, caller: Caller) {
  const question = questionOf(query);
  const place = readListCursor(query.cursor, question);
  const run = await requireRun(ports.runs, caller.tenant, query.run_id);
  const rows = (await storedRows(run, ports.tables, 'run_id')).filter(
    (row) => isWithin(row, query) && (place === undefined || placeOf(row) > place.after),
  );
  const data = rows.slice(0, query.limit).map(shownOutput);
  const last = rows.length > query.limit ? data.at(-1) : undefined;
  const as_known_at = run.created_at;
  const next_cursor = last && makeListCursor({ question, as_known_at, after: placeOf(last) });
  const { run_id, scenario_id, asof_date, run_hash } = run;
  return {
    meta: { count: data.length, run_id, scenario_id, asof_date, run_hash, next_cursor: next_cursor ?? null },
    data,
  };
}

/** Rows of a run, by curve, then month. @throws AurumError `run_output_not_found` while there is none */
export async function storedRows(run: StoredRun, tables: Tables, field: string) {
  if (run.data_file !== null) return tables.readRows('market.scenario_output', run.data_file);
  const why = run.error === null ? '' : `: ${run.error.message} (${run.error.code})`;
  throw refusal('run_output_not_found', `run ${run.run_id} has no output, it is ${run.state}${why}`, {
    field,
    remedy: 'GET /v1/scenarios/runs/{run_id} says where it stands.',
  });
}

/** Run B less run A; a scenario stands for its newest run that succeeded. */
export async function compareRuns(query: ScenarioDiffQuery, ports: OutputPorts, caller: Caller) {
  const sideOf = async (id: string, field: 'a' | 'b') => {
    const run = await runOrScenario(id, field, ports.runs, caller.tenant);
    const rows = await storedRows(run, ports.tables, field);
    return rows.filter((row) => isWithin(row, query)).map(shownOutput);
  };
  return scenarioDiff(await sideOf(query.a, 'a'), await sideOf(query.b, 'b'));
}

async function runOrScenario(
  id: string,
  field: string,
  runs: ScenarioRuns,
  tenant: string,
): Promise<StoredRun> {
  const [newest] = await runs.list(tenant, { scenario_id: id, state: 'succeeded', limit: 1 });
  return newest ?? requireRun(runs, tenant, id, field);
}
