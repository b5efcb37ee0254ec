/**
 * Scenarios on the real services: asked for over HTTP, the request in Kafka, the run woken as a KafkaSource wakes it, its
 * rows in Iceberg and on Kafka, its record in PostgreSQL, and the same numbers from the API and from Trino.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scenarioOutputTopic } from '#events/scenario-output.ts';
import { raw, trinoSql } from '#lib/adapters/curve-queries/trino-sql.ts';
import { compose, type Platform } from '#lib/runtime/compose.ts';
import { readConfig } from '#lib/runtime/config.ts';
import type { ScenarioOutput } from '#schemas/scenario.ts';
import { runChain, upload } from '#tests/fixtures/chain.ts';
import { type HostProcess, hostProcess } from '#tests/fixtures/host-process.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { carbon, growth } from '#tests/fixtures/scenario-site.ts';
import { testToken } from '#tests/fixtures/token.ts';

const NEEDED = [
  'AURUM_S3_ENDPOINT',
  'AURUM_KAFKA_BROKERS',
  'AURUM_SCHEMA_REGISTRY_URL',
  'AURUM_NESSIE_URL',
  'AURUM_TRINO_URL',
  'AURUM_POSTGRES_URL',
];
const missing = NEEDED.filter((name) => process.env[name] === undefined);

/** A day of its own for each run, so that the shared stores need not be empty. */
const DAY = new Date(Date.UTC(2040, 0, 1) + (Math.floor(Date.now() / 1_000) % 3_000) * 86_400_000)
  .toISOString()
  .slice(0, 10);

describe.skipIf(missing.length > 0)(
  `scenarios on real services${missing.length > 0 ? ` (skipped: ${missing.join(', ')} not set)` : ''}`,
  () => {
    const home = mkdtempSync(join(tmpdir(), 'aurum-stack-scenarios-'));
    const environment = { ...process.env, AURUM_HOME: home, AURUM_AUTH: 'development' };
    let platform: Platform;
    let server: HostProcess;

    beforeAll(async () => {
      const bootstrap = await import('#lib/runtime/cli/commands/bootstrap.ts');
      const io = { out: async () => {}, tell: () => {}, terminal: false, environment };
      await bootstrap.command.run({ positionals: [], options: {} }, io);
      platform = await compose(readConfig(environment));
      const { file, bytes } = await sampleFile('pw', DAY, { seed: 5 });
      await runChain(platform as never, await upload(platform as never, file, DAY, bytes, '01'));
      server = await hostProcess('function-server', { ...environment, AURUM_FUNCTION: 'scenario' });
    }, 240_000);
    afterAll(async () => {
      await server?.stop();
      await platform?.close();
      rmSync(home, { recursive: true, force: true });
    }, 60_000);

    // biome-ignore lint/suspicious/noExplicitAny: bodies of many routes.
    async function call(path: string, body?: object): Promise<any> {
      const authorization = `Bearer ${await testToken(home, 'analyst')}`;
      const headers = { authorization, 'content-type': 'application/json' };
      const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      const response = await fetch(`${server.url}${path}`, { ...sent, headers });
      return response.json();
    }

    async function wake(): Promise<void> {
      const answer = await fetch(`${server.url}/events/run-scenario`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'ce-specversion': '1.0',
          'ce-type': 'dev.knative.kafka.event',
          'ce-source': '/apis/v1/namespaces/aurum/kafkasources/run-scenario#aurum.scenario.request.v1',
          'ce-id': String(Date.now()),
        },
        body: '{}',
      });
      expect(answer.status).toBeLessThan(300);
    }

    test('a run asked for is in Iceberg, on Kafka and in the API with the same numbers, once', async () => {
      const name = `Stack ${DAY} ${process.pid}`;
      const { id } = (await call('/v1/scenarios', { name, assumptions: [carbon(20), growth] })).data;
      const model = { sigma_short: 0.6, reversion_short: 1.5, sigma_long: 0.15, correlation: 0.2 };
      const request = {
        asof: DAY,
        curves: { iso: 'PJM', market: 'West' },
        seed: Number.MAX_SAFE_INTEGER,
        bands: { model, paths: 2_000 },
      };
      const queued = (await call(`/v1/scenarios/${id}/run`, request)).data;
      expect(queued).toMatchObject({ state: 'queued' });
      const { run_id } = queued;
      await wake();
      await wake();
      expect((await call(`/v1/scenarios/runs/${run_id}`)).data).toMatchObject({
        state: 'succeeded',
        seed: request.seed,
      });
      const { data: rows } = (await call(`/v1/scenarios/runs/${run_id}/outputs?limit=10000`)) as {
        data: ScenarioOutput[];
      };
      expect(rows.length).toBeGreaterThan(100);

      const published: ScenarioOutput[] = [];
      for await (const { value } of platform.bus.read(scenarioOutputTopic)) {
        if (value.run_id === run_id) published.push(value);
      }
      expect(published).toEqual(rows);

      const { AURUM_TRINO_URL: url, AURUM_TRINO_USER: user } = platform.config;
      const trino = trinoSql({ url: url!, user, catalog: 'iceberg', schema: 'market' });
      const text = `SELECT curve_key, CAST(contract_month AS varchar), scenario_price, attribution, bands
        FROM scenario_output WHERE run_id = '${run_id}' ORDER BY curve_key, contract_month`;
      const found = await trino.query(raw(text));
      expect(
        found.map(([curve_key, month, price, attribution, bands]) => [
          curve_key,
          month,
          price,
          JSON.parse(String(attribution)),
          JSON.parse(String(bands)),
        ]),
      ).toEqual(
        rows.map((row) => [
          row.curve_key,
          row.contract_month,
          row.scenario_price,
          row.attribution,
          row.bands,
        ]),
      );
      const again = (await call(`/v1/scenarios/${id}/run`, request)).data;
      expect(again).toMatchObject({ run_id, state: 'succeeded', attempt: 1 });
    }, 180_000);
  },
);
