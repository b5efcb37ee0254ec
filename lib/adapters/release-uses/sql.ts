/** Runs and valuations in the operational database, tenant by tenant: no role sees the rows of several at once. */
import { HOUSE_TENANT } from '#lib/domain/access.ts';
import type { ReleaseUses, RunsOfVersions, RunUse } from '#lib/ports/release-uses.ts';
import type { Sql } from '#lib/ports/sql.ts';
import type { ReleaseUse } from '#schemas/hotfix.ts';

const TENANTS = 'SELECT id FROM tenant ORDER BY id';
const RUNS = 'SELECT id FROM model_run WHERE input_versions ?| $2::text[]';
const RUNS_OF = `SELECT r.id::text AS run_id, s.name AS scenario, r.state FROM model_run r
  JOIN scenario s ON s.tenant_id = r.tenant_id AND s.id = r.scenario_id
  WHERE r.input_versions ?| $1::text[] ORDER BY r.created_at DESC, r.id LIMIT $2`;
const USES = `SELECT 'scenario_run' AS kind, id::text AS id FROM model_run WHERE id IN (${RUNS})
  UNION ALL
  SELECT 'valuation', valuation_hash FROM ppa_valuation
  WHERE position($1 IN provenance::text) > 0 OR run_id IN (${RUNS})
  ORDER BY kind, id`;

export function sqlReleaseUses(sql: Sql): ReleaseUses & RunsOfVersions {
  return {
    runsOf: (tenant, versions, limit) =>
      sql.transaction(
        'aurum_api',
        (tx) => tx.query<RunUse & Record<string, unknown>>(RUNS_OF, [versions, limit]),
        tenant,
      ),
    async of(version, sheet_versions = []) {
      const tenants = await sql.transaction('aurum_admin', (tx) => tx.query<{ id: string }>(TENANTS));
      const uses: ReleaseUse[] = [];
      for (const tenant of new Set([HOUSE_TENANT, ...tenants.map(({ id }) => id)])) {
        const found = await sql.transaction(
          'aurum_api',
          (tx) => tx.query<Pick<ReleaseUse, 'kind' | 'id'>>(USES, [version, [version, ...sheet_versions]]),
          tenant,
        );
        uses.push(...found.map(({ kind, id }) => ({ kind, tenant, id })));
      }
      return uses;
    },
  };
}
