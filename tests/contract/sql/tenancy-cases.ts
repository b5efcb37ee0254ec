/** What the database itself keeps apart: the rows of tenants, from each other and from roles that have no part in them. */
import { describe, expect, test } from 'vitest';
import type { Sql } from '#lib/ports/sql.ts';
import { fresh, key, one } from './statements.ts';

const TENANT_TABLES = [
  'tenant',
  'scenario',
  'assumption',
  'model_run',
  'ppa_contract',
  'ppa_valuation',
  'entitlement',
] as const;
/** What a tenant reads of itself, and only an administrator writes. */
const ADMINISTERED: readonly string[] = ['tenant', 'entitlement'];

const VALUATION = `INSERT INTO ppa_valuation
  (valuation_hash, state, contract, valuation_date, currency, inputs, provenance, created_at)
  VALUES ($1, 'queued', 'x', '2025-09-12', 'USD', '{}', '{}', now())`;

/** A tenant with one row in each of its tables. */
async function tenantWithRows(sql: Sql): Promise<{ tenant: string; scenario_id: string }> {
  const tenant = fresh('t');
  await sql.transaction('aurum_admin', async (tx) => {
    await tx.query('INSERT INTO tenant (id, name) VALUES ($1, $1)', [tenant]);
    await tx.query(`INSERT INTO entitlement (tenant_id, vendor) VALUES ($1, 'pw')`, [tenant]);
  });
  const scenario_id = await sql.transaction(
    'aurum_api',
    async (tx) => {
      const id = await one(tx, `INSERT INTO scenario (name) VALUES ('Base') RETURNING id`);
      await tx.query(`INSERT INTO assumption (scenario_id, type, payload) VALUES ($1, 'policy', '{}')`, [id]);
      await tx.query(
        `INSERT INTO model_run (scenario_id, code_version, seed, version_hash) VALUES ($1, '1', 7, $2)`,
        [id, key()],
      );
      await tx.query(`INSERT INTO ppa_contract (terms) VALUES ('{"strike": 55}')`);
      await tx.query(VALUATION, [key()]);
      return id as string;
    },
    tenant,
  );
  return { tenant, scenario_id };
}

export function tenancyCases(name: string, open: () => Sql): void {
  const idOf = (table: string) => (table === 'tenant' ? 'id' : 'tenant_id');

  describe(`${name}: tenants`, () => {
    test('every table with a tenant is closed, to its owner as well, and views ask as their reader', async () => {
      const tables = await open().transaction('aurum_api', (tx) =>
        tx.query(`SELECT relname::text AS name, relrowsecurity AND relforcerowsecurity AS closed
          FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm')
          AND (relname = 'tenant' OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND attname = 'tenant_id'))
          ORDER BY name`),
      );
      expect(tables).toEqual([...TENANT_TABLES].sort().map((table) => ({ name: table, closed: true })));
      const views = await open().transaction('aurum_api', (tx) =>
        tx.query(`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'
          AND NOT coalesce(reloptions, '{}') && ARRAY['security_invoker=true']`),
      );
      expect(views).toEqual([]);
    });

    test('a tenant sees its own rows', async () => {
      const sql = open();
      const { tenant } = await tenantWithRows(sql);
      for (const table of TENANT_TABLES) {
        const rows = await sql.transaction(
          'aurum_api',
          (tx) => tx.query(`SELECT ${idOf(table)} AS owner FROM ${table}`),
          tenant,
        );
        expect(rows, table).toEqual([{ owner: tenant }]);
      }
    });

    test.each(TENANT_TABLES)('of another tenant’s %s nothing is seen, changed or removed', async (table) => {
      const sql = open();
      const { tenant } = await tenantWithRows(sql);
      const strangers = [fresh('t'), '', undefined, '%', `' OR true --`];
      for (const stranger of strangers) {
        const tried = (text: string, parameters: unknown[] = []) =>
          sql.transaction('aurum_api', (tx) => tx.query(text, parameters), stranger);
        const own = `${idOf(table)} = $1`;
        expect(await tried(`SELECT * FROM ${table}`), String(stranger)).toEqual([]);
        const touch = `UPDATE ${table} SET ${idOf(table)} = ${idOf(table)} WHERE ${own} RETURNING 1`;
        const remove = `DELETE FROM ${table} WHERE ${own} RETURNING 1`;
        if (ADMINISTERED.includes(table)) {
          await expect(tried(touch, [tenant])).rejects.toMatchObject({ code: '42501' });
          await expect(tried(remove, [tenant])).rejects.toMatchObject({ code: '42501' });
        } else {
          expect(await tried(touch, [tenant])).toEqual([]);
          expect(await tried(remove, [tenant])).toEqual([]);
          expect(await tried(`DELETE FROM ${table} RETURNING 1`)).toEqual([]);
        }
      }
      const left = await sql.transaction(
        'aurum_api',
        (tx) => one(tx, `SELECT count(*) FROM ${table}`),
        tenant,
      );
      expect(left).toBe(1);
    });

    test('nothing is written in another tenant’s name, nor without one', async () => {
      const sql = open();
      const { tenant, scenario_id } = await tenantWithRows(sql);
      const inserts: readonly [string, unknown[]][] = [
        ['INSERT INTO tenant (id, name) VALUES ($1, $1)', [`${tenant}-x`]],
        [`INSERT INTO scenario (tenant_id, name) VALUES ($1, 'x')`, [tenant]],
        [
          `INSERT INTO assumption (tenant_id, scenario_id, type, payload) VALUES ($1, $2, 'policy', '{}')`,
          [tenant, scenario_id],
        ],
        [
          `INSERT INTO model_run (tenant_id, scenario_id, code_version, seed, version_hash) VALUES ($1, $2, '1', 7, $3)`,
          [tenant, scenario_id, key()],
        ],
        [`INSERT INTO ppa_contract (tenant_id, terms) VALUES ($1, '{}')`, [tenant]],
        [
          VALUATION.replace('(valuation_hash', '(tenant_id, valuation_hash').replace('$1', '$1, $2'),
          [tenant, key()],
        ],
        [`INSERT INTO entitlement (tenant_id, vendor) VALUES ($1, 'rp')`, [tenant]],
      ];
      for (const stranger of [fresh('t'), undefined]) {
        for (const [text, parameters] of inserts) {
          const write = sql.transaction('aurum_api', (tx) => tx.query(text, parameters), stranger);
          await expect(write, text).rejects.toMatchObject({ code: '42501' });
        }
      }
      const moved = sql.transaction(
        'aurum_api',
        (tx) => tx.query('UPDATE scenario SET tenant_id = $1', ['other']),
        tenant,
      );
      await expect(moved).rejects.toMatchObject({ code: '42501' });
    });

    test('keys and references tell nothing of another tenant’s rows', async () => {
      const sql = open();
      const a = await tenantWithRows(sql);
      const b = await tenantWithRows(sql);
      const asB = (text: string, parameters: unknown[]) =>
        sql.transaction('aurum_api', (tx) => tx.query(text, parameters), b.tenant);
      await asB(`INSERT INTO scenario (id, name) VALUES ($1, 'same id as theirs')`, [a.scenario_id]);
      await asB('DELETE FROM scenario WHERE id = $1', [a.scenario_id]);
      const refer = `INSERT INTO assumption (scenario_id, type, payload) VALUES ($1, 'policy', '{}')`;
      const theirs = await asB(refer, [a.scenario_id]).catch((error: Error) => error);
      const absent = await asB(refer, ['00000000-0000-4000-8000-000000000000']).catch(
        (error: Error) => error,
      );
      expect(theirs).toMatchObject({ code: '23503' });
      expect((theirs as Error).message).toBe((absent as Error).message);
    });

    test('a tenant set in one transaction is gone in the next, also after an error', async () => {
      const sql = open();
      const { tenant } = await tenantWithRows(sql);
      const none = () => sql.transaction('aurum_api', (tx) => tx.query('SELECT * FROM scenario'));
      const own = await sql.transaction('aurum_api', (tx) => tx.query('SELECT * FROM scenario'), tenant);
      expect(own).toHaveLength(1);
      expect(await none()).toEqual([]);
      const failing = sql.transaction('aurum_api', (tx) => tx.query('SELECT 1 / 0'), tenant);
      await expect(failing).rejects.toMatchObject({ code: '22012' });
      expect(await none()).toEqual([]);
    });

    test('a tenant sells itself nothing', async () => {
      const sql = open();
      const { tenant } = await tenantWithRows(sql);
      for (const text of [
        `INSERT INTO entitlement (tenant_id) VALUES ('${tenant}')`,
        'UPDATE entitlement SET vendor = NULL',
        'DELETE FROM entitlement',
        `UPDATE tenant SET name = 'x'`,
      ]) {
        const tried = sql.transaction('aurum_api', (tx) => tx.query(text), tenant);
        await expect(tried, text).rejects.toMatchObject({ code: '42501' });
      }
    });

    test('who administers tenants sees all of them with their entitlements, and nothing else of theirs', async () => {
      const sql = open();
      const [a, b] = [await tenantWithRows(sql), await tenantWithRows(sql)];
      const asAdmin = (text: string, parameters: unknown[] = []) =>
        sql.transaction('aurum_admin', (tx) => tx.query(text, parameters));
      for (const table of ADMINISTERED) {
        const found = await asAdmin(
          `SELECT ${idOf(table)} AS id FROM ${table} WHERE ${idOf(table)} = ANY($1::text[])`,
          [[a.tenant, b.tenant]],
        );
        expect(new Set(found.map(({ id }) => id)), table).toEqual(new Set([a.tenant, b.tenant]));
      }
      for (const table of TENANT_TABLES.filter((one) => !ADMINISTERED.includes(one))) {
        await expect(asAdmin(`SELECT * FROM ${table}`), table).rejects.toMatchObject({ code: '42501' });
      }
      const twice = asAdmin('INSERT INTO entitlement (tenant_id, vendor) VALUES ($1, $2)', [a.tenant, 'pw']);
      await expect(twice).rejects.toMatchObject({ code: '23505' });
    });

    test('staff’s own tenant is there from the first migration on', async () => {
      const house = await open().transaction('aurum_api', (tx) => tx.query('SELECT id FROM tenant'), 'house');
      expect(house).toEqual([{ id: 'house' }]);
    });

    test('the ingest role has no part in tenants’ tables', async () => {
      const sql = open();
      const { tenant } = await tenantWithRows(sql);
      for (const table of TENANT_TABLES) {
        const read = sql.transaction('aurum_ingest', (tx) => tx.query(`SELECT * FROM ${table}`), tenant);
        await expect(read, table).rejects.toMatchObject({ code: '42501' });
      }
    });
  });
}
