/** Runs and valuations in the operational database, tenant by tenant: no role sees the rows of several at once. */
import { HOUSE_TENANT } from '#lib/domain/access.ts';
import type { ReleaseUses } from '#lib/ports/release-uses.ts';
import type { Sql } from '#lib/ports/sql.ts';
import type { ReleaseUse } from '#schemas/hotfix.ts';

const TENANTS = 'SELECT id FROM tenant ORDER BY id';
const RUNS = `SELECT id FROM model_run WHERE input_versions @> jsonb_build_array($1::text)`;
const USES = `SELECT 'scenario_run' AS kind, id::text AS id FROM model_run WHERE id IN (${RUNS})
  UNION ALL
  SELECT 'valuation', valuation_hash FROM ppa_valuation
  WHERE position($1 IN provenance::text) > 0 OR run_id IN (${RUNS})
  ORDER BY kind, id`;

export function sqlReleaseUses(sql: Sql): ReleaseUses {
  return {
    async of(version) {
      const tenants = await sql.transaction('aurum_admin', (tx) => tx.query<{ id: string }>(TENANTS));
      const uses: ReleaseUse[] = [];
      for (const tenant of new Set([HOUSE_TENANT, ...tenants.map(({ id }) => id)])) {
        const found = await sql.transaction(
          'aurum_api',
          (tx) => tx.query<Pick<ReleaseUse, 'kind' | 'id'>>(USES, [version]),
          tenant,
        );
        uses.push(...found.map(({ kind, id }) => ({ kind, tenant, id })));
      }
      return uses;
    },
  };
}
