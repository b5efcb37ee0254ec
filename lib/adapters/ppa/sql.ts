/** Contracts and valuations in `ppa_contract` and `ppa_valuation`; row-level security keeps tenants apart. */
import { refusal } from '#lib/domain/errors.ts';
import type { PpaPage, PpaStore, StoredContract, StoredValuation } from '#lib/ports/ppa.ts';
import type { Sql } from '#lib/ports/sql.ts';
import type { PpaValuationSummary } from '#schemas/ppa-routes.ts';

const CONTRACT = 'id, name, contract_hash, created_at';
const SUMMARY = `valuation_hash, state, contract_id, contract, curve_key, run_id, valuation_date, currency, npv,
  provenance, error, created_at, finished_at`;
const VALUATION = `${SUMMARY}, inputs::text AS inputs, output::text AS output`;

const ONE_VALUATION = `SELECT ${VALUATION} FROM ppa_valuation WHERE valuation_hash = $1`;

const KEEP_CONTRACT = `INSERT INTO ppa_contract (name, contract_hash, terms, created_by, created_at)
  VALUES ($1, $2, $3, $4, date_trunc('milliseconds', now()))
  ON CONFLICT (tenant_id, contract_hash) DO NOTHING`;

const KEEP_VALUATION = `INSERT INTO ppa_valuation AS v (valuation_hash, state, contract_id, contract, curve_key, run_id,
    valuation_date, currency, npv, provenance, error, created_at, finished_at, inputs, output)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
  ON CONFLICT (tenant_id, valuation_hash) DO UPDATE SET
    state = excluded.state, npv = excluded.npv, output = excluded.output, error = excluded.error,
    finished_at = excluded.finished_at, provenance = excluded.provenance
  WHERE v.state <> 'succeeded' AND (excluded.state <> 'queued' OR v.state = 'failed')
  RETURNING contract_id, created_at`;

/** A reference that was made of several curves has no key of its own. */
const MADE_OF = `provenance::jsonb #> '{reference,derived_from}' @> jsonb_build_array(jsonb_build_object('curve_key', $3::text))`;

/** Newest first, whole milliseconds; the second key tells apart what one of them made. */
const pageOf = (key: string, first: number) =>
  `($${first}::timestamptz IS NULL OR (created_at, ${key}::text) < ($${first}, $${first + 1}::text))
  ORDER BY created_at DESC, ${key}::text DESC LIMIT $${first + 2}`;

const placeOf = ({ limit, after }: PpaPage) => [after?.created_at ?? null, after?.id ?? null, limit];

type Kept = Pick<StoredValuation, 'contract_id' | 'created_at'>;
type Row<Shape> = Shape & Record<string, unknown>;

export function sqlPpa(sql: Sql): PpaStore {
  const read = <Shape>(tenant: string, text: string, values: readonly unknown[]) =>
    sql.transaction('aurum_api', (tx) => tx.query<Row<Shape>>(text, values), tenant);
  // Tenants are never removed.
  const registered = new Set<string>();

  return {
    async requireTenant(tenant) {
      if (registered.has(tenant)) return;
      const found = await read(tenant, 'SELECT id FROM tenant WHERE id = $1', [tenant]);
      if (found.length === 0) throw tenantUnknown(tenant);
      registered.add(tenant);
    },
    async keepContract(tenant, { contract_hash, terms, created_by }) {
      const values = [terms.name, contract_hash, JSON.stringify(terms), created_by];
      const found = `SELECT ${CONTRACT}, terms FROM ppa_contract WHERE contract_hash = $1`;
      return sql.transaction(
        'aurum_api',
        async (tx) => {
          await tx.query(KEEP_CONTRACT, values);
          return (await tx.query<Row<StoredContract>>(found, [contract_hash]))[0]!;
        },
        tenant,
      );
    },
    async contract(tenant, id) {
      const text = `SELECT ${CONTRACT}, terms FROM ppa_contract WHERE id = $1`;
      return (await read<StoredContract>(tenant, text, [id]))[0];
    },
    async contracts(tenant, { name }, page) {
      const text = `SELECT ${CONTRACT} FROM ppa_contract
        WHERE ($1::text IS NULL OR strpos(lower(name), lower($1)) > 0) AND ${pageOf('id', 2)}`;
      return read<StoredContract>(tenant, text, [name ?? null, ...placeOf(page)]);
    },
    async keepValuation(tenant, valuation) {
      return sql.transaction(
        'aurum_api',
        async (tx) => {
          const [kept] = await tx.query<Row<Kept>>(KEEP_VALUATION, valuesOf(valuation));
          if (kept !== undefined) return { ...valuation, ...kept };
          return (await tx.query<Row<StoredValuation>>(ONE_VALUATION, [valuation.valuation_hash]))[0]!;
        },
        tenant,
      );
    },
    async valuation(tenant, valuation_hash) {
      return (await read<StoredValuation>(tenant, ONE_VALUATION, [valuation_hash]))[0];
    },
    async valuations(tenant, { contract_id, run_id, curve_key, state }, page) {
      const text = `SELECT ${SUMMARY} FROM ppa_valuation
        WHERE ($1::uuid IS NULL OR contract_id = $1) AND ($2::uuid IS NULL OR run_id = $2)
          AND ($3::text IS NULL OR curve_key = $3 OR curve_key IS NULL AND ${MADE_OF}) AND ($4::text IS NULL OR state = $4)
          AND ${pageOf('valuation_hash', 5)}`;
      const filters = [contract_id ?? null, run_id ?? null, curve_key ?? null, state ?? null];
      return read<PpaValuationSummary>(tenant, text, [...filters, ...placeOf(page)]);
    },
  };
}

function valuesOf(valuation: StoredValuation): readonly unknown[] {
  const { valuation_hash, state, contract_id, contract, curve_key, run_id, valuation_date } = valuation;
  const { currency, npv, provenance, error, created_at, finished_at, inputs, output } = valuation;
  return [
    ...[valuation_hash, state, contract_id, contract, curve_key, run_id, valuation_date, currency, npv],
    ...[JSON.stringify(provenance), error && JSON.stringify(error), created_at, finished_at, inputs, output],
  ];
}

function tenantUnknown(tenant: string) {
  return refusal('tenant_unknown', `the tenant "${tenant}" is not set up here`, {
    remedy: 'Ask an administrator to add it.',
  });
}
