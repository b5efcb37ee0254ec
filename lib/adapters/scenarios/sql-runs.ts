/** Runs of scenarios in the operational database, each call as the tenant it names. A state changes only from where it may. */
import type { ScenarioRequest } from '#events/scenario-request.ts';
import type { RunPlace, ScenarioRuns, StoredRun } from '#lib/ports/scenarios.ts';
import type { Sql, SqlTransaction } from '#lib/ports/sql.ts';

export function sqlScenarioRuns(sql: Sql): ScenarioRuns {
  const inTenant = <T>(tenant: string, work: (tx: SqlTransaction) => Promise<T>) =>
    sql.transaction('aurum_api', work, tenant);
  /** Whether a statement changed or found the run. */
  const touches = async (tenant: string, text: string, parameters: readonly unknown[]) =>
    (await inTenant(tenant, (tx) => tx.query(text, parameters))).length > 0;
  return {
    queue: (request) => inTenant(request.tenant_id, (tx) => queue(tx, request)),
    begin: (request, at) =>
      inTenant(request.tenant_id, async (tx) => {
        await queue(tx, request);
        const [begun] = await tx.query<{ tries: number; sealed: boolean }>(BEGIN, [
          request.run_id,
          request.attempt,
          at,
        ]);
        return begun;
      }),
    isRunning: (tenant, run_id, attempt) => touches(tenant, IS_RUNNING, [run_id, attempt]),
    seal: (tenant, run_id, attempt, at) => touches(tenant, SEAL, [run_id, attempt, at]),
    async succeed(tenant, run_id, attempt, result, at) {
      const { curve_count, row_count, notes, data_file, table_commit, band_coverage } = result;
      const counts = [curve_count, row_count, JSON.stringify(notes)];
      const coverage = band_coverage && JSON.stringify(band_coverage);
      await touches(tenant, SUCCEED, [run_id, attempt, at, ...counts, data_file, table_commit, coverage]);
    },
    async fail(tenant, run_id, attempt, { code, message, field, remedy }, at) {
      const error = JSON.stringify({ code, message, field: field ?? null, remedy: remedy ?? null });
      await touches(tenant, FAIL, [run_id, attempt, at, error]);
    },
    cancel: (tenant, run_id, at) => touches(tenant, CANCEL, [run_id, at]),
    get: (tenant, run_id) =>
      inTenant(
        tenant,
        async (tx) => (await tx.query<StoredRun & Row>(`${SELECT} WHERE id = $1`, [run_id]))[0],
      ),
    list: (tenant, { scenario_id, state, limit, before }) =>
      inTenant(tenant, (tx) =>
        tx.query<StoredRun & Row>(LIST, [scenario_id ?? null, state ?? null, ...place(before), limit]),
      ),
  };
}

type Row = Record<string, unknown>;

const place = (before: RunPlace | undefined) => [before?.created_at ?? null, before?.run_id ?? null];

const QUEUE = `INSERT INTO model_run (id, scenario_id, scenario_version, scenario_hash, code_version, seed, version_hash,
    asof, input_commit, request, requested_by, input_versions, attempt, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11, $12::jsonb, $13, $14)
  ON CONFLICT (tenant_id, id) DO UPDATE SET
    state = 'queued', attempt = excluded.attempt, tries = 0, error = NULL, started_at = NULL, finished_at = NULL,
    input_commit = excluded.input_commit, requested_by = excluded.requested_by, created_at = excluded.created_at
  WHERE model_run.attempt < excluded.attempt AND model_run.state IN ('failed', 'cancelled')`;

async function queue(tx: SqlTransaction, request: ScenarioRequest): Promise<void> {
  const { seed } = JSON.parse(request.request) as { seed: number };
  await tx.query(QUEUE, [
    request.run_id,
    request.scenario_id,
    request.scenario_version,
    request.scenario_hash,
    request.code_version,
    seed,
    request.run_hash,
    request.asof_date,
    request.input_commit,
    request.request,
    request.requested_by,
    JSON.stringify(request.input_versions),
    request.attempt,
    request.requested_at,
  ]);
}

const BEGIN = `UPDATE model_run SET state = 'running', tries = tries + 1, started_at = coalesce(started_at, $3)
  WHERE id = $1 AND attempt = $2 AND state IN ('queued', 'running')
  RETURNING tries, sealed_at IS NOT NULL AS sealed`;
const IS_RUNNING = `SELECT 1 FROM model_run WHERE id = $1 AND attempt = $2 AND state = 'running'`;
const SEAL = `UPDATE model_run SET sealed_at = coalesce(sealed_at, $3)
  WHERE id = $1 AND attempt = $2 AND state = 'running' RETURNING id`;
const SUCCEED = `UPDATE model_run SET state = 'succeeded', finished_at = $3, curve_count = $4, row_count = $5,
    notes = $6::jsonb, data_file = $7, table_commit = $8, band_coverage = $9::jsonb
  WHERE id = $1 AND attempt = $2 AND state = 'running' RETURNING id`;
const FAIL = `UPDATE model_run SET state = 'failed', finished_at = $3, error = $4::jsonb
  WHERE id = $1 AND attempt = $2 AND state = 'running' AND sealed_at IS NULL RETURNING id`;
const CANCEL = `UPDATE model_run SET state = 'cancelled', finished_at = $2
  WHERE id = $1 AND state IN ('queued', 'running') AND sealed_at IS NULL RETURNING id`;

const SELECT = `SELECT id AS run_id, scenario_id, scenario_version, scenario_hash, state, attempt, asof AS asof_date,
    input_commit, request, requested_by, input_versions, version_hash AS run_hash, code_version, seed, error,
    created_at, started_at, finished_at, curve_count, row_count, table_commit, band_coverage, notes, data_file
  FROM model_run`;
// The instant with the milliseconds that answers have.
const LIST = `${SELECT}
  WHERE request IS NOT NULL AND ($1::uuid IS NULL OR scenario_id = $1) AND ($2::text IS NULL OR state = $2)
    AND ($3::timestamptz IS NULL OR (date_trunc('milliseconds', created_at), id) < ($3::timestamptz, $4::uuid))
  ORDER BY date_trunc('milliseconds', created_at) DESC, id DESC LIMIT $5`;
