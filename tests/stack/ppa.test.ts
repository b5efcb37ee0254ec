/**
 * PPAs on the real services: a contract in PostgreSQL, valued at once over HTTP and by a request in Kafka that wakes the
 * function as a KafkaSource does, its months in Iceberg with the same numbers by Trino, and made again to the same bytes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ppaRequestTopic } from '#events/ppa-request.ts';
import { ppaValuationTopic } from '#events/ppa-valuation.ts';
import type { Topic } from '#events/topic.ts';
import { raw, trinoSql } from '#lib/adapters/curve-queries/trino-sql.ts';
import { canonicalJson } from '#lib/domain/canonical-json.ts';
import { compose, type Platform } from '#lib/runtime/compose.ts';
import { readConfig } from '#lib/runtime/config.ts';
import { type PpaValuation, ppaCashflow } from '#schemas/ppa.ts';
import { runChain, upload } from '#tests/fixtures/chain.ts';
import { type HostProcess, hostProcess } from '#tests/fixtures/host-process.ts';
import { ON_PEAK, RISK, WEST } from '#tests/fixtures/ppa.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
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
const DAY = new Date(Date.UTC(2050, 0, 1) + (Math.floor(Date.now() / 1_000) % 3_000) * 86_400_000)
  .toISOString()
  .slice(0, 10);
const YEAR = Number(DAY.slice(0, 4)) + 1;

describe.skipIf(missing.length > 0)(
  `PPAs on real services${missing.length > 0 ? ` (skipped: ${missing.join(', ')} not set)` : ''}`,
  () => {
    const home = mkdtempSync(join(tmpdir(), 'aurum-stack-ppa-'));
    const environment = { ...process.env, AURUM_HOME: home, AURUM_AUTH: 'development' };
    const terms = {
      ...ON_PEAK,
      name: `Stack ${DAY} ${process.pid}`,
      start: `${YEAR}-01-01`,
      end: `${YEAR}-12-31`,
    };
    const market = { reference: { ...WEST, asof: DAY } };
    let platform: Platform;
    let server: HostProcess;

    beforeAll(async () => {
      const bootstrap = await import('#lib/runtime/cli/commands/bootstrap.ts');
      const io = { out: async () => {}, tell: () => {}, terminal: false, environment };
      await bootstrap.command.run({ positionals: [], options: {} }, io);
      platform = await compose(readConfig(environment));
      const { file, bytes } = await sampleFile('pw', DAY, { seed: 6 });
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
      const answer = await response.json();
      expect(response.status, JSON.stringify(answer)).toBeLessThan(300);
      return answer;
    }

    async function wake(name: string, topic: string): Promise<void> {
      const answer = await fetch(`${server.url}/events/${name}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'ce-specversion': '1.0',
          'ce-type': 'dev.knative.kafka.event',
          'ce-source': `/apis/v1/namespaces/aurum/kafkasources/${name}#${topic}`,
          'ce-id': String(Date.now()),
        },
        body: '{}',
      });
      expect(answer.status).toBeLessThan(300);
    }
    const value = () => wake('ppa-value-requests', ppaRequestTopic.name);
    const keep = () => wake('ppa-keep-valuations', ppaValuationTopic.name);

    async function recordsOf<Value extends { readonly valuation_hash: string }>(
      topic: Topic<Value>,
      hash: string,
    ): Promise<Value[]> {
      const found: Value[] = [];
      for await (const { value: record } of platform.bus.read(topic)) {
        if (record.valuation_hash === hash) found.push(record);
      }
      return found;
    }

    /** Every column of the valuation's rows that a cashflow has, as Trino reads them. */
    async function cashflowsInTrino(hash: string): Promise<unknown[]> {
      const { AURUM_TRINO_URL: url, AURUM_TRINO_USER: user } = platform.config;
      const trino = trinoSql({ url: url!, user, catalog: 'iceberg', schema: 'market' });
      const { month: _, ...columns } = ppaCashflow.shape;
      const names = Object.keys(columns);
      const texts = names.map((name) => (name.endsWith('_date') ? `CAST(${name} AS varchar)` : name));
      const rows = await trino.query(
        raw(`SELECT CAST(contract_month AS varchar), ${texts.join(', ')} FROM ppa_valuation
          WHERE valuation_hash = '${hash}' ORDER BY contract_month`),
      );
      return rows.map(([month, ...values]) =>
        Object.fromEntries([['month', month], ...names.map((name, at) => [name, values[at]])]),
      );
    }

    async function replayed(hash: string) {
      const { meta, data } = await call(`/v1/ppa/valuations/${hash}/replay`);
      expect(data).toMatchObject({ identical: true, differences: [] });
      expect(meta.code_version.replayed).toBe(meta.code_version.stored);
      return data.bytes as number;
    }

    test('a stored contract valued at once is in PostgreSQL, on Kafka and in Iceberg with the same numbers, once', async () => {
      const { data: contract } = await call('/v1/ppa/contracts', terms);
      const stored = await platform.sql.transaction(
        'aurum_api',
        (tx) => tx.query('SELECT contract_hash, terms FROM ppa_contract WHERE id = $1', [contract.id]),
        'house',
      );
      expect(stored).toEqual([{ contract_hash: contract.contract_hash, terms: contract.terms }]);

      const request = { contract_id: contract.id, market };
      const { meta, data } = (await call('/v1/ppa/valuate', request)) as {
        meta: { valuation_hash: string; contract_id: string };
        data: PpaValuation;
      };
      const hash = meta.valuation_hash;
      expect(meta).toMatchObject({ state: 'succeeded', contract_id: contract.id, valuation_date: DAY });
      expect(data.cashflows).toHaveLength(12);
      expect((await call('/v1/ppa/valuate', request)).data).toEqual(data);
      const records = await recordsOf(ppaValuationTopic, hash);
      expect(records.map(({ valuation }) => valuation)).toEqual([canonicalJson(data)]);

      await keep();
      await keep();
      expect(await cashflowsInTrino(hash)).toEqual(data.cashflows);
      expect(await replayed(hash)).toBe(Buffer.byteLength(canonicalJson(data)));
    }, 180_000);

    test('one that nobody waits for goes through Kafka and ends as it would have at once', async () => {
      const request = {
        contract: { ...terms, name: `${terms.name} queued` },
        market,
        options: { risk: RISK },
      };
      const { data: queued } = await call('/v1/ppa/valuations', request);
      const hash = queued.valuation_hash as string;
      expect(queued).toMatchObject({ state: 'queued', npv: null });
      expect(await recordsOf(ppaRequestTopic, hash)).toHaveLength(1);

      await value();
      await value();
      await keep();
      const shown = await call(`/v1/ppa/valuations/${hash}`);
      expect(shown.meta).toMatchObject({ state: 'succeeded', created_at: queued.created_at });
      expect((await call('/v1/ppa/valuate', request)).data).toEqual(shown.data);
      expect(await recordsOf(ppaValuationTopic, hash)).toHaveLength(1);
      expect(await cashflowsInTrino(hash)).toEqual(shown.data.cashflows);
      expect(shown.data.risk.paths).toBe(RISK.paths);
      await replayed(hash);
    }, 180_000);
  },
);
