/**
 * A workbook put into MinIO -> bucket notification in Kafka -> functions -> Iceberg in Nessie -> Kafka -> served by the API
 * from the columnar engine and from Trino with equal answers. Functions run as in their container, events as Knative's.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'minio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { compose, type Platform } from '#lib/runtime/compose.ts';
import { readConfig } from '#lib/runtime/config.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { eventually } from '#tests/fixtures/started.ts';
import { testToken } from '#tests/fixtures/token.ts';
import { type KafkaSource, kafkaSource } from './kafka-source.ts';

const NEEDED = [
  'AURUM_S3_ENDPOINT',
  'AURUM_KAFKA_BROKERS',
  'AURUM_SCHEMA_REGISTRY_URL',
  'AURUM_NESSIE_URL',
  'AURUM_TRINO_URL',
  'AURUM_POSTGRES_URL',
];
const missing = NEEDED.filter((name) => process.env[name] === undefined);
const ROOT = join(import.meta.dirname, '../..');

/** A day of its own for each run, so that the shared stores need not be empty. */
const DAY = new Date(Date.UTC(2030, 0, 1) + (Math.floor(Date.now() / 1_000) % 3_000) * 86_400_000)
  .toISOString()
  .slice(0, 10);
const SEED = Math.floor(Date.now() / 1_000) % 1_000_000;

describe.skipIf(missing.length > 0)(
  `the chain on real services${missing.length > 0 ? ` (skipped: ${missing.join(', ')} not set)` : ''}`,
  () => {
    const home = mkdtempSync(join(tmpdir(), 'aurum-stack-e2e-'));
    const environment = { ...process.env, AURUM_HOME: home, AURUM_EXPECTED_VENDORS: 'pw,eugp' };
    let columnar: Served;
    let trino: Served;
    let source: KafkaSource;
    let platform: Platform;

    beforeAll(async () => {
      const bootstrap = spawn(process.execPath, ['lib/runtime/cli/aurum.ts', 'bootstrap'], {
        cwd: ROOT,
        env: environment,
        stdio: 'ignore',
      });
      expect(await once(bootstrap, 'exit')).toEqual([0, null]);
      columnar = await serve({ ...environment, AURUM_FUNCTION: 'api,ingest' });
      trino = await serve({ ...environment, AURUM_FUNCTION: 'api', AURUM_QUERIES: 'trino' });
      source = await kafkaSource(
        process.env.AURUM_KAFKA_BROKERS!.split(','),
        'aurum.storage.event.v1',
        columnar.url,
      );
      platform = await compose(readConfig(environment));
    }, 180_000);
    afterAll(async () => {
      await source?.close();
      await Promise.all([columnar?.stop(), trino?.stop()]);
      rmSync(home, { recursive: true, force: true });
    }, 60_000);

    /** Drops a generated workbook with MinIO's own client and waits until its stages end. */
    async function drop(
      vendor: string,
      options: Parameters<typeof sampleFile>[2] = {},
    ): Promise<Record<string, string>> {
      const { file, bytes } = await sampleFile(vendor, DAY, { seed: SEED, ...options });
      const { hostname, port } = new URL(process.env.AURUM_S3_ENDPOINT!);
      const accessKey = process.env.AURUM_S3_ACCESS_KEY!;
      const secretKey = process.env.AURUM_S3_SECRET_KEY!;
      const client = new Client({
        endPoint: hostname,
        port: Number(port),
        useSSL: false,
        accessKey,
        secretKey,
      });
      const key = `raw/vendor_curves/${DAY}/${file}`;
      const { etag: uploaded } = await client.putObject('aurum', key, Buffer.from(bytes));
      const entry = async () => {
        const answer = await get(columnar, `/v1/ingest?key=${encodeURIComponent(key)}`);
        const { data } = (await answer.json()) as { data: Record<string, string>[] };
        return data.find(({ etag }) => etag === uploaded) ?? {};
      };
      return eventually(entry, ({ status }) => status === 'done' || status === 'red', 60_000);
    }

    async function get({ url }: Served, path: string): Promise<Response> {
      const authorization = `Bearer ${await testToken(home, 'admin')}`;
      return fetch(url + path, { headers: { authorization } });
    }

    async function rows(server: Served): Promise<CurveObservation[]> {
      const all: CurveObservation[] = [];
      let cursor: string | null = '';
      do {
        const page = await get(
          server,
          `/v1/curves?asof=${DAY}&limit=5000${cursor === '' ? '' : `&cursor=${cursor}`}`,
        );
        const { meta, data } = (await page.json()) as {
          meta: { next_cursor: string | null };
          data: CurveObservation[];
        };
        all.push(...data);
        cursor = meta.next_cursor;
      } while (cursor !== null);
      return all;
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
      for await (const { value } of platform.bus.read(curveObservationTopic)) {
        if (value.asof_date !== DAY) continue;
        records += 1;
        expect(served.get(`${value.version_hash}|${value.source_cell}`)).toEqual(value);
      }
      expect(records).toBe(served.size);
    });

    test('the day is complete with the second vendor: tagged in Nessie and in the lake', async () => {
      expect(await drop('pw')).toMatchObject({ stage: 'published', vendor: 'pw' });
      expect((await platform.tables.tags(`release-${DAY}`)).map(({ ref }) => ref)).toEqual([
        `release-${DAY}`,
      ]);
      expect([...(await platform.lake.tags(`release-${DAY}`)).keys()]).toEqual([`release-${DAY}`]);
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
      const [found] = await platform.sql.transaction('aurum_api', (tx) =>
        tx.query<{ count: number }>(
          'SELECT count(*)::int AS count FROM instrument WHERE curve_key = ANY($1)',
          [keys],
        ),
      );
      expect(found?.count).toBe(keys.length);
    });
  },
);

interface Served {
  readonly url: string;
  stop(): Promise<void>;
}

/** The process of a function's container, on a free port. */
async function serve(env: NodeJS.ProcessEnv): Promise<Served> {
  const child: ChildProcess = spawn(process.execPath, ['lib/runtime/hosts/function-server.ts'], {
    cwd: ROOT,
    env: { ...env, AURUM_AUTH: 'development', PORT: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let messages = '';
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr!.on('data', (chunk) => {
      messages += chunk;
      const ready = /"event":"server_ready".*?"port":(\d+)/.exec(messages);
      if (ready !== null) resolve(Number(ready[1]));
    });
    child.once('exit', (code) => reject(new Error(`the function server ended with ${code}: ${messages}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
