/** What the functions of ingestion do: the log of stages, instruments, watermarks, sources and their deadlines. */
import { describe, expect, test } from 'vitest';
import type { Sql, SqlTransaction } from '#lib/ports/sql.ts';
import { fresh, key, one } from './statements.ts';

export function ingestionCases(name: string, open: () => Sql): void {
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
