/** Scenarios and their versions in the operational database, each call as the tenant it names. */
import { canonicalHash } from '#lib/domain/canonical-json.ts';
import { refusal } from '#lib/domain/errors.ts';
import type { NewScenario, Scenarios, StoredScenario } from '#lib/ports/scenarios.ts';
import type { Sql, SqlTransaction } from '#lib/ports/sql.ts';
import type { ScenarioSummary, StoredAssumption } from '#schemas/scenario.ts';

export function sqlScenarios(sql: Sql): Scenarios {
  const inTenant = <T>(tenant: string, work: (tx: SqlTransaction) => Promise<T>) =>
    sql.transaction('aurum_api', work, tenant);
  return {
    async save(tenant, scenario) {
      try {
        return await inTenant(tenant, (tx) => save(tx, scenario));
      } catch (error) {
        throw (error as { code?: unknown }).code === FOREIGN_KEY_VIOLATION ? notSetUp(tenant, error) : error;
      }
    },
    get: (tenant, id, version) => inTenant(tenant, (tx) => get(tx, id, version)),
    list: (tenant, { name, limit, after }) =>
      inTenant(tenant, (tx) =>
        tx.query<ScenarioSummary & Row>(LIST, [
          name === undefined ? null : pattern(name),
          after ?? null,
          limit,
        ]),
      ),
  };
}

type Row = Record<string, unknown>;

/** The tenant has no row: every scenario refers to one. */
const FOREIGN_KEY_VIOLATION = '23503';

const notSetUp = (tenant: string, cause: unknown) =>
  refusal('tenant_unknown', `the tenant "${tenant}" is not set up here`, {
    remedy: 'Ask an administrator to add it.',
    cause,
  });

// The row stays locked until the end: two who change one scenario at once make two versions.
const UPSERT = `INSERT INTO scenario (name, description, created_by) VALUES ($1, $2, $3)
  ON CONFLICT (tenant_id, name) DO UPDATE SET description = excluded.description
  RETURNING id, scenario_hash`;
const NEXT_VERSION = `UPDATE scenario SET version = version + 1, scenario_hash = $2 WHERE id = $1 RETURNING version`;
const ADD_ASSUMPTIONS = `INSERT INTO assumption (scenario_id, scenario_version, type, payload, version)
  SELECT $1, $2, item ->> 'driver', item - 'driver' - 'version', (item ->> 'version')::integer
  FROM jsonb_array_elements($3::jsonb) AS item`;

async function save(tx: SqlTransaction, scenario: NewScenario): Promise<StoredScenario> {
  const { name, description, assumptions, scenario_hash, created_by } = scenario;
  const [held] = await tx.query<{ id: string; scenario_hash: string | null }>(UPSERT, [
    name,
    description,
    created_by,
  ]);
  const { id } = held!;
  if (held!.scenario_hash !== scenario_hash) {
    const [next] = await tx.query<{ version: number }>(NEXT_VERSION, [id, scenario_hash]);
    await tx.query(ADD_ASSUMPTIONS, [id, next!.version, JSON.stringify(assumptions)]);
  }
  return (await get(tx, id, undefined))!;
}

const SUMMARY = `s.id, s.name, s.description, s.created_by`;
const GET = `SELECT ${SUMMARY}, s.version AS current_version, coalesce($2, s.version) AS version,
    coalesce(min(a.created_at), s.created_at) AS created_at,
    jsonb_agg(a.payload || jsonb_build_object('driver', a.type, 'version', a.version)
      ORDER BY a.payload ->> 'id' COLLATE "C") AS assumptions
  FROM scenario s JOIN assumption a
    ON a.scenario_id = s.id AND a.scenario_version = coalesce($2, s.version)
  WHERE s.id = $1 GROUP BY s.tenant_id, s.id`;

type Found = Omit<StoredScenario, 'scenario_hash' | 'assumption_count'>;

async function get(tx: SqlTransaction, id: string, version: number | undefined) {
  const [found] = await tx.query<Found & Row>(GET, [id, version ?? null]);
  if (found === undefined) return undefined;
  const assumptions: StoredAssumption[] = found.assumptions;
  return { ...found, scenario_hash: canonicalHash(assumptions), assumption_count: assumptions.length };
}

const LIST = `SELECT ${SUMMARY}, s.version, s.scenario_hash, count(*) AS assumption_count,
    coalesce(min(a.created_at), s.created_at) AS created_at
  FROM scenario s JOIN assumption a ON a.scenario_id = s.id AND a.scenario_version = s.version
  WHERE s.version > 0 AND ($1::text IS NULL OR s.name ILIKE $1)
    AND ($2::text IS NULL OR s.name COLLATE "C" > $2 COLLATE "C")
  GROUP BY s.tenant_id, s.id ORDER BY s.name COLLATE "C" LIMIT $3`;

/** Text anywhere, its own wildcards as they are. */
const pattern = (text: string) => `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
