/**
 * What the operational database does on every engine. Names and tenants are new in each run, so it may run again and again
 * on a database that keeps its data.
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Sql, SqlTransaction } from '#lib/ports/sql.ts';

const fresh = (prefix: string) => `${prefix}-${randomBytes(6).toString('hex')}`;
const key = () => randomBytes(32).toString('hex');

/** The first value of the first row. */
async function one(tx: SqlTransaction, text: string, parameters: readonly unknown[] = []): Promise<unknown> {
  const [row] = await tx.query<Record<string, unknown>>(text, parameters);
  return row === undefined ? undefined : Object.values(row)[0];
}

export function sqlCases(name: string, open: () => Sql): void {
  describe(`${name}: transactions`, () => {
    test('what returns is committed, what throws is rolled back', async () => {
      const sql = open();
      const source = fresh('source');
      const register = (tx: SqlTransaction, as: string) =>
        tx.query('SELECT register_ingest_source($1)', [as]);
      await sql.transaction('aurum_ingest', (tx) => register(tx, source));
      const failing = sql.transaction('aurum_ingest', async (tx) => {
        await register(tx, `${source}-b`);
        throw new Error('changed my mind');
      });
      await expect(failing).rejects.toThrow('changed my mind');
      const found = await sql.transaction('aurum_api', (tx) =>
        tx.query('SELECT name FROM ingest_source WHERE name LIKE $1', [`${source}%`]),
      );
      expect(found).toEqual([{ name: source }]);
    });

    test('a failed statement fails the transaction and leaves nothing behind', async () => {
      const sql = open();
      const source = fresh('source');
      const failing = sql.transaction('aurum_ingest', async (tx) => {
        await tx.query('SELECT register_ingest_source($1)', [source]);
        await tx.query('SELECT 1 / $1::int', [0]);
      });
      await expect(failing).rejects.toMatchObject({ code: '22012' });
      const count = await sql.transaction('aurum_api', (tx) =>
        one(tx, 'SELECT count(*) FROM ingest_source WHERE name = $1', [source]),
      );
      expect(count).toBe(0);
    });

    test('a failed statement that the work keeps to itself is no success', async () => {
      const sql = open();
      const source = fresh('source');
      const silent = sql.transaction('aurum_ingest', async (tx) => {
        await tx.query('SELECT register_ingest_source($1)', [source]);
        await tx.query('SELECT 1 / $1::int', [0]).catch(() => {});
      });
      await expect(silent).rejects.toMatchObject({ kind: 'fault', code: 'transaction_failed' });
      const found = await sql.transaction('aurum_api', (tx) =>
        tx.query('SELECT name FROM ingest_source WHERE name = $1', [source]),
      );
      expect(found).toEqual([]);
    });

    test('a transaction kept for later can do nothing', async () => {
      const kept = await open().transaction('aurum_api', async (tx) => ({ tx }));
      await expect(kept.tx.query('SELECT 1')).rejects.toThrow(/transaction/i);
    });

    test('transactions at once are apart, and each is whole', async () => {
      const sql = open();
      const source = fresh('source');
      await sql.transaction('aurum_ingest', (tx) => tx.query('SELECT register_ingest_source($1)', [source]));
      const day = (round: number) => `2025-09-${String((round % 28) + 1).padStart(2, '0')}T00:00:00.000Z`;
      const advance = (round: number) =>
        sql.transaction('aurum_ingest', async (tx) => {
          const moved = await one(tx, `SELECT update_ingest_watermark($1, 'k', $2)`, [source, day(round)]);
          if (round % 5 === 0) throw new Error('changed my mind');
          return moved;
        });
      const outcomes = await Promise.allSettled(Array.from({ length: 60 }, (_, round) => advance(round)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(48);
      const held = await sql.transaction('aurum_ingest', (tx) =>
        one(tx, `SELECT get_ingest_watermark($1, 'k')`, [source]),
      );
      expect(held).toBe(day(27));
    });

    test.each(['aurum_api', 'aurum_ingest', 'aurum_admin'] as const)(
      'inside, %s has no power of its own',
      async (role) => {
        const sql = open();
        const [who] = await sql.transaction(role, (tx) =>
          tx.query(`SELECT current_user::text AS name, rolsuper, rolbypassrls, rolcreaterole, rolcanlogin,
          (SELECT count(*) FROM pg_class c WHERE c.relowner = r.oid) AS owned
          FROM pg_roles r WHERE rolname = current_user`),
        );
        const none = { rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcanlogin: false };
        expect(who).toEqual({ name: role, ...none, owned: 0 });
        await expect(
          sql.transaction(role, (tx) => tx.query('CREATE TABLE intruder (id int)')),
        ).rejects.toMatchObject({ code: '42501' });
      },
    );

    test('values come as JSON has them', async () => {
      const [row] = await open().transaction('aurum_api', (tx) =>
        tx.query(
          `SELECT '2025-09-12'::date AS day, '2025-09-12T21:30:00.5Z'::timestamptz AS at, 9007199254740991 AS big,
            '{"a": [1, null]}'::jsonb AS doc, $1::text AS text, $2::float8 AS price, null AS nothing, 1.10 AS exact`,
          [`'; DROP TABLE tenant; --`, 0.1 + 0.2],
        ),
      );
      expect(row).toEqual({
        day: '2025-09-12',
        at: '2025-09-12T21:30:00.500Z',
        big: Number.MAX_SAFE_INTEGER,
        doc: { a: [1, null] },
        text: `'; DROP TABLE tenant; --`,
        price: 0.1 + 0.2,
        nothing: null,
        exact: '1.10',
      });
    });

    test('arrays go in and come out, their elements as JSON has them', async () => {
      const [row] = await open().transaction('aurum_api', (tx) =>
        tx.query(
          `SELECT $1::text[] AS texts, 'b' = ANY($1::text[]) AS found, $2::bigint[] AS big, '{1.10,NULL}'::numeric[] AS exact,
            '{2025-09-12}'::date[] AS days, '{"2025-09-12T21:30:00Z"}'::timestamptz[] AS instants, '{t,f}'::boolean[] AS flags,
            '{{1,2},{3,4}}'::bigint[] AS grid, '1 day 02:00'::interval AS span, '17:30'::time AS deadline, true AS yes,
            '2025-09-12 21:30'::timestamp AS wall, 1.5::real AS single, 7::smallint AS small, 'x'::name AS name`,
          [
            ['a', 'b "quoted", {braced}', 'NULL'],
            [1, 2],
          ],
        ),
      );
      expect(row).toEqual({
        texts: ['a', 'b "quoted", {braced}', 'NULL'],
        found: false,
        big: [1, 2],
        exact: ['1.10', null],
        days: ['2025-09-12'],
        instants: ['2025-09-12T21:30:00.000Z'],
        flags: [true, false],
        grid: [
          [1, 2],
          [3, 4],
        ],
        span: '1 day 02:00:00',
        deadline: '17:30:00',
        yes: true,
        wall: '2025-09-12T21:30:00.000Z',
        single: 1.5,
        small: 7,
        name: 'x',
      });
    });

    test('migrating again keeps what is there', async () => {
      const sql = open();
      const source = fresh('source');
      await sql.transaction('aurum_ingest', (tx) => tx.query('SELECT register_ingest_source($1)', [source]));
      const shape = (tx: SqlTransaction) =>
        tx.query(`SELECT c.relname, c.relkind::text, c.relrowsecurity, c.relforcerowsecurity, c.relacl::text,
            (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) AS policies,
            (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = c.oid) AS constraints
          FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1`);
      const before = await sql.transaction('aurum_api', shape);
      await sql.migrate();
      await sql.migrate();
      expect(await sql.transaction('aurum_api', shape)).toEqual(before);
      const count = await sql.transaction('aurum_api', (tx) =>
        one(tx, 'SELECT count(*) FROM ingest_source WHERE name = $1', [source]),
      );
      expect(count).toBe(1);
    });
  });

  tenancyCases(name, open);
  ingestionCases(name, open);
}

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

function tenancyCases(name: string, open: () => Sql): void {
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
      await sql
        .transaction('aurum_api', (tx) => tx.query('SELECT 1 / 0'), tenant)
        .catch((error: Error) => expect(error.message).toContain('zero'));
      expect(await sql.transaction('aurum_api', (tx) => tx.query('SELECT * FROM scenario'))).toEqual([]);
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

function ingestionCases(name: string, open: () => Sql): void {
  const ingest = <T>(work: (tx: SqlTransaction) => Promise<T>) => open().transaction('aurum_ingest', work);

  describe(`${name}: ingestion`, () => {
    const LOG = `SELECT log_ingest($1, $2, $3, $4, $5, $6, $7, $8, $9)`;
    const entry = (path: string, stage: string, status: string, part: readonly unknown[] = []) => [
      path,
      'etag-1',
      stage,
      status,
      ...['42 rows', '2025-09-12T21:30:00.000Z', ...part],
      ...[null, null, null].slice(part.length),
    ];

    test('1,000 repetitions of a stage leave one row, and done stays done', async () => {
      const path = `raw/vendor_curves/2025-09-12/${fresh('EOD')}.xlsx`;
      const changes = await ingest(async (tx) => {
        const outcomes: unknown[] = [];
        for (let round = 0; round < 1000; round++) {
          outcomes.push(await one(tx, LOG, entry(path, 'staged', round % 3 === 0 ? 'running' : 'done')));
        }
        return outcomes.filter((changed) => changed === true).length;
      });
      expect(changes).toBe(2);
      const rows = await ingest((tx) =>
        tx.query('SELECT status, details FROM file_ingest_log WHERE path = $1', [path]),
      );
      expect(rows).toEqual([{ status: 'done', details: '42 rows' }]);
    });

    test('a red stage may become done, not running; what is known later is filled in', async () => {
      const path = `raw/vendor_curves/2025-09-12/${fresh('EOD')}.xlsx`;
      const outcome = (status: string, ...part: unknown[]) =>
        ingest((tx) => one(tx, LOG, entry(path, 'gated', status, part)));
      expect(await outcome('red')).toBe(true);
      expect(await outcome('running')).toBe(false);
      expect(await outcome('red')).toBe(false);
      expect(await outcome('done', 'pw-20250912-0123456789abcdef', 'pw', '2025-09-12')).toBe(true);
      const [row] = await ingest((tx) =>
        tx.query('SELECT status, version, vendor, asof, path FROM file_ingest_log WHERE path = $1', [path]),
      );
      const known = { version: 'pw-20250912-0123456789abcdef', vendor: 'pw', asof: '2025-09-12' };
      expect(row).toEqual({ status: 'done', ...known, path });
    });

    test('a delivery stands where its newest stage is; other content of the key is another delivery', async () => {
      const path = `raw/vendor_curves/2025-09-12/${fresh('EOD')}.xlsx`;
      await ingest(async (tx) => {
        await tx.query(LOG, entry(path, 'raw', 'done'));
        await tx.query(LOG, entry(path, 'staged', 'done'));
        await tx.query(LOG, entry(path, 'raw', 'running'));
        await tx.query(LOG, entry(path, 'raw', 'done').with(1, 'etag-2'));
      });
      const stages = await open().transaction('aurum_api', (tx) =>
        tx.query('SELECT etag, stage FROM file_ingest_status WHERE path = $1 ORDER BY etag', [path]),
      );
      expect(stages).toEqual([
        { etag: 'etag-1', stage: 'staged' },
        { etag: 'etag-2', stage: 'raw' },
      ]);
    });

    test.each([
      ['stage', 'parsed', 'done'],
      ['status', 'staged', 'green'],
    ])('an unknown %s is refused', async (_, stage, status) => {
      await expect(ingest((tx) => tx.query(LOG, entry('raw/x.xlsx', stage, status)))).rejects.toMatchObject({
        code: '23514',
      });
    });

    test('a workbook’s instruments are recorded in one call, again without a change', async () => {
      const identity = { asset_class: 'power', iso: 'PJM', region: null, location: 'West', market: 'West' };
      const rest = {
        product: 'power',
        block: 'ON_PEAK',
        spark_location: null,
        currency: null,
        per_unit: null,
      };
      const series = Array.from({ length: 366 }, () => ({
        ...identity,
        ...rest,
        units_raw: null as string | null,
        curve_key: key(),
      }));
      const record = (instruments: readonly object[]) =>
        ingest((tx) => one(tx, 'SELECT record_instruments($1::jsonb)', [JSON.stringify(instruments)]));
      expect(await record(series)).toBe(366);
      expect(await record(series)).toBe(0);
      const priced = { ...series[0]!, units_raw: 'USD/MWh', currency: 'USD', per_unit: 'MWh' };
      expect(await record([series[0]!, priced, series[1]!])).toBe(1);
      expect(await record([series[0]!])).toBe(0);
      const [row] = await open().transaction('aurum_api', (tx) =>
        tx.query('SELECT iso, market, units_raw, currency, per_unit FROM instrument WHERE curve_key = $1', [
          priced.curve_key,
        ]),
      );
      expect(row).toEqual({
        iso: 'PJM',
        market: 'West',
        units_raw: 'USD/MWh',
        currency: 'USD',
        per_unit: 'MWh',
      });
      await expect(record([{ ...series[0], curve_key: 'not-a-hash' }])).rejects.toMatchObject({
        code: '23514',
      });
    });

    test('a watermark moves forward only, unless an operator resets it', async () => {
      const source = fresh('vendor');
      const at = (day: string) => `2025-09-${day}T00:00:00.000Z`;
      await ingest((tx) => tx.query('SELECT register_ingest_source($1, $2)', [source, 'PW curves']));
      const advance = (day: string) =>
        ingest((tx) => one(tx, 'SELECT update_ingest_watermark($1, $2, $3)', [source, 'asof_date', at(day)]));
      const held = () =>
        ingest((tx) => one(tx, 'SELECT get_ingest_watermark($1, $2)', [source, 'asof_date']));
      expect(await held()).toBeNull();
      expect(await advance('12')).toBe(at('12'));
      expect(await advance('10')).toBe(at('12'));
      expect(await held()).toBe(at('12'));
      await ingest((tx) =>
        tx.query('SELECT reset_ingest_watermark($1, $2, $3)', [source, 'asof_date', at('01')]),
      );
      expect(await held()).toBe(at('01'));
      await ingest((tx) => tx.query('SELECT reset_ingest_watermark($1, $2)', [source, 'asof_date']));
      expect(await held()).toBeNull();
      const unknown = ingest((tx) =>
        tx.query('SELECT update_ingest_watermark($1, $2, $3)', ['no-such', 'k', at('01')]),
      );
      await expect(unknown).rejects.toMatchObject({ code: '23503' });
    });

    test('registering again changes what is given and keeps the rest', async () => {
      const source = fresh('vendor');
      const zone = 'p_deadline => $2::time, p_time_zone => $3, p_vendor => $4';
      await ingest(async (tx) => {
        const given = [source, 'PW curves', null, 'market.curve_observation'];
        await tx.query('SELECT register_ingest_source($1, $2, $3, $4)', given);
        await tx.query(`SELECT register_ingest_source($1, ${zone})`, [
          source,
          '17:30',
          'America/New_York',
          'pw',
        ]);
      });
      const [row] = await ingest((tx) =>
        tx.query(
          'SELECT description, target, vendor, deadline, time_zone, enabled FROM ingest_source WHERE name = $1',
          [source],
        ),
      );
      expect(row).toEqual({
        description: 'PW curves',
        target: 'market.curve_observation',
        vendor: 'pw',
        deadline: '17:30:00',
        time_zone: 'America/New_York',
        enabled: true,
      });
      const nowhere = ingest((tx) =>
        tx.query(`SELECT register_ingest_source($1, ${zone})`, [source, '17:30', 'Mars/Olympus', 'pw']),
      );
      await expect(nowhere).rejects.toMatchObject({ code: '22023' });
    });

    test('a source is overdue from its local deadline on until its workbook is released', async () => {
      const vendor = fresh('v');
      const name_ = `vendor_${vendor}`;
      await ingest((tx) =>
        tx.query(
          'SELECT register_ingest_source($1, p_vendor => $2, p_deadline => $3::time, p_time_zone => $4)',
          [name_, vendor, '17:30', 'America/New_York'],
        ),
      );
      const overdue = (now: string, asof = '2025-09-12') =>
        ingest((tx) =>
          tx.query('SELECT due_at FROM overdue_ingest_sources($1::date, $2) WHERE name = $3', [
            asof,
            now,
            name_,
          ]),
        );
      expect(await overdue('2025-09-12T21:29:59.000Z')).toEqual([]);
      expect(await overdue('2025-09-12T21:30:00.000Z')).toEqual([{ due_at: '2025-09-12T21:30:00.000Z' }]);
      expect(await overdue('2025-12-12T21:30:00.000Z', '2025-12-12')).toEqual([]);
      expect(await overdue('2025-12-12T22:30:00.000Z', '2025-12-12')).toHaveLength(1);
      const released = entry(`raw/${vendor}.xlsx`, 'released', 'done', ['v', vendor, '2025-09-12']);
      await ingest((tx) => tx.query(LOG, released));
      expect(await overdue('2025-09-12T23:00:00.000Z')).toEqual([]);
    });

    test('the API reads the log and changes nothing of it', async () => {
      for (const text of [
        'DELETE FROM file_ingest_log',
        `UPDATE ingest_source SET enabled = false`,
        `INSERT INTO instrument (asset_class, curve_key) VALUES ('power', 'x')`,
        `SELECT log_ingest('p', 'e', 'raw', 'done', '', now())`,
        `SELECT record_instruments('[]')`,
      ]) {
        const tried = open().transaction('aurum_api', (tx) => tx.query(text));
        await expect(tried, text).rejects.toMatchObject({ code: '42501' });
      }
    });
  });
}
