/** What a transaction is: whole or nothing, apart from others, of a role without power; and the values that go through it. */
import { describe, expect, test } from 'vitest';
import type { Sql, SqlTransaction } from '#lib/ports/sql.ts';
import { fresh, one } from './statements.ts';

export function transactionCases(name: string, open: () => Sql): void {
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
          `SELECT $1::text[] AS texts, 'NULL' = ANY($1::text[]) AS found, $2::bigint[] AS big, '{1.10,NULL}'::numeric[] AS exact,
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
        found: true,
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
}
