/**
 * A workbook put into MinIO -> bucket notification in Kafka -> functions -> Iceberg in Nessie -> Kafka -> served by the API
 * from the columnar engine and from Trino with equal answers, kept in Redis; pyiceberg and DuckDB count the same rows.
 * Functions run as in their container, events come as Knative's, and no process knows a login of PostgreSQL: each borrows
 * one from Vault (OpenBao).
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { curveObservationTopic } from '#events/curve-observation.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { HostProcess } from '#tests/fixtures/host-process.ts';
import type { Person } from '#tests/fixtures/people.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { eventually } from '#tests/fixtures/started.ts';
import { type KafkaSource, kafkaSource } from './kafka-source.ts';
import {
  absent,
  borrowing,
  LENT_ROLE,
  minioClient,
  ownDay,
  rawKey,
  SEED,
  type StackSite,
  stackSite,
  whyAbsent,
} from './site.ts';

const run = promisify(execFile);
const python = process.env.AURUM_PYTHON;
const READ_CATALOG = new URL('python/read_catalog.py', import.meta.url).pathname;
const DAY = ownDay(2030);
const ADA: Person = ['ada', 'admin'];

describe.skipIf(absent)(`the chain on real services${whyAbsent}`, () => {
  let site: StackSite;
  let columnar: HostProcess;
  let trino: HostProcess;
  let source: KafkaSource;
  const administrator = new pg.Client(process.env.AURUM_POSTGRES_URL);

  beforeAll(async () => {
    const settings = { AURUM_EXPECTED_VENDORS: 'pw,eugp', AURUM_VAULT_DATABASE_ROLE: LENT_ROLE };
    site = await stackSite('e2e', settings, borrowing);
    [columnar, trino] = await Promise.all([
      site.serve('api,ingest'),
      site.serve('api', { AURUM_QUERIES: 'trino' }),
    ]);
    const brokers = site.environment.AURUM_KAFKA_BROKERS!.split(',');
    source = await kafkaSource(brokers, 'aurum.storage.event.v1', columnar.url);
    await administrator.connect();
  }, 180_000);
  afterAll(async () => {
    await source?.close();
    await site?.close();
    await administrator.end();
  }, 60_000);

  /** Drops a generated workbook with MinIO's own client and waits until its stages end. */
  async function drop(
    vendor: string,
    options: Parameters<typeof sampleFile>[2] = {},
  ): Promise<Record<string, string>> {
    const { file, bytes } = await sampleFile(vendor, DAY, { seed: SEED, ...options });
    const key = rawKey(DAY, file);
    const { etag: uploaded } = await minioClient().putObject('aurum', key, Buffer.from(bytes));
    const entry = async () => {
      const { body } = await site.peopleAt(columnar).ask(ADA, `/v1/ingest?key=${encodeURIComponent(key)}`);
      return (body.data as Record<string, string>[]).find(({ etag }) => etag === uploaded) ?? {};
    };
    return eventually(entry, ({ status }) => status === 'done' || status === 'red', 60_000);
  }

  async function rows(server: HostProcess): Promise<CurveObservation[]> {
    const all: CurveObservation[] = [];
    let cursor: string | null = '';
    do {
      const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await site.peopleAt(server).ask(ADA, `/v1/curves?asof=${DAY}&limit=5000${after}`);
      all.push(...(body.data as CurveObservation[]));
      cursor = body.meta.next_cursor as string | null;
    } while (cursor !== null);
    return all;
  }

  /** Logins of the platform's connections at this moment, this process's and the functions', by PostgreSQL itself. */
  async function loginsAtWork(): Promise<string[]> {
    const { rows: found } = await administrator.query(
      `SELECT DISTINCT usename::text AS login FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'aurum'`,
    );
    return found.map(({ login }) => login);
  }

  test('a workbook put into MinIO is served, equal from the columnar engine and from Trino', async () => {
    expect(await drop('eugp')).toMatchObject({ stage: 'published', vendor: 'eugp' });
    const served = await rows(columnar);
    expect(served).toHaveLength(11_483);
    expect(await rows(trino)).toEqual(served);
  });

  test('every row version is one record in Kafka', async () => {
    const served = new Map(
      (await rows(columnar)).map((row) => [`${row.version_hash}|${row.source_cell}`, row]),
    );
    let records = 0;
    for await (const { value } of site.platform.bus.read(curveObservationTopic)) {
      if (value.asof_date !== DAY) continue;
      records += 1;
      expect(served.get(`${value.version_hash}|${value.source_cell}`)).toEqual(value);
    }
    expect(records).toBe(served.size);
  });

  test('the day is complete with the second vendor: tagged in Nessie and in the lake', async () => {
    expect(await drop('pw')).toMatchObject({ stage: 'published', vendor: 'pw' });
    const { tables, lake } = site.platform;
    expect((await tables.tags(`release-${DAY}`)).map(({ ref }) => ref)).toEqual([`release-${DAY}`]);
    expect([...(await lake.tags(`release-${DAY}`)).keys()]).toEqual([`release-${DAY}`]);
  });

  test('a red workbook reaches neither the API nor Trino', async () => {
    const before = await rows(trino);
    expect(await drop('eugp', { seed: SEED + 1, corrupt: 'crossed-bid-ask' })).toMatchObject({
      stage: 'quarantined',
    });
    expect(await rows(trino)).toEqual(before);
    expect(await rows(columnar)).toEqual(before);
  });

  test('a correction replaces the day and the instruments are in PostgreSQL', async () => {
    const entry = await drop('eugp', { seed: SEED + 2 });
    expect(entry).toMatchObject({ stage: 'published' });
    const served = await rows(columnar);
    expect(await rows(trino)).toEqual(served);
    const keys = [...new Set(served.map(({ curve_key }) => curve_key))];
    const [found] = await site.platform.sql.transaction('aurum_api', (tx) =>
      tx.query<{ count: number }>('SELECT count(*)::int AS count FROM instrument WHERE curve_key = ANY($1)', [
        keys,
      ]),
    );
    expect(found?.count).toBe(keys.length);
  });

  test('an answer that one process made is kept in Redis, and is what another gives', async () => {
    const path = `/v1/curves?asof=${DAY}&limit=50`;
    const answers = [];
    for (const server of [columnar, await site.serve('api')]) {
      const answer = await site.peopleAt(server).get(ADA, path);
      answers.push({ tag: answer.headers.get('etag'), text: await answer.text() });
      const kept = await site.platform.cache.get(`answer:${answers[0]!.tag!.replaceAll('"', '')}`);
      expect(kept?.length).toBeGreaterThan(0);
    }
    expect(answers[1]).toEqual(answers[0]);
  });

  test.skipIf(python === undefined)(
    'pyiceberg, Trino and DuckDB count the rows that were published (skipped without AURUM_PYTHON)',
    async () => {
      const { platform, environment, trino: ask } = site;
      const releases = (await platform.tables.releases('main')).filter(({ asof_date }) => asof_date === DAY);
      expect(releases.map(({ vendor }) => vendor)).toEqual(['eugp', 'pw', 'eugp']);
      const published = releases.reduce((sum, { row_count }) => sum + row_count, 0);
      const catalog = [environment.AURUM_NESSIE_URL!, 'main', environment.AURUM_NESSIE_WAREHOUSE!];
      const { stdout } = await run(python!, [READ_CATALOG, ...catalog, DAY]);
      const seen = JSON.parse(stdout);
      for (const [table, rows] of [
        ['curve_observation', published],
        ['curve_release', releases.length],
      ] as const) {
        expect(seen[`market.${table}`]).toMatchObject({ rows, duckdb_rows: rows });
        expect(await ask(`SELECT count(*) FROM ${table} WHERE asof_date = DATE '${DAY}'`)).toEqual([[rows]]);
      }
      expect(seen['market.curve_release'].versions).toEqual(releases.map(({ version }) => version).sort());
    },
  );

  test('every connection to PostgreSQL is under a lent login, which ends with its process', async () => {
    const logins = await loginsAtWork();
    expect(logins.length).toBeGreaterThanOrEqual(2);
    for (const login of logins) expect(login).toMatch(/^v-approle-aurum-le/);
    const owned = async () => {
      const { rows: found } = await administrator.query(
        'SELECT rolname::text AS login FROM pg_roles WHERE rolname = ANY($1)',
        [logins],
      );
      return found.length;
    };
    expect(await owned()).toBe(logins.length);
    expect(await columnar.stop()).toBe(0);
    expect(await owned()).toBeLessThan(logins.length);
  });
});
