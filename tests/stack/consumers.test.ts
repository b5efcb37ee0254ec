/**
 * The processes that take the bucket's notifications from Kafka and from SQS, as a deployment without Knative or Lambda runs
 * them: a workbook is parsed, probes are answered, SIGTERM ends them with nothing lost.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateQueueCommand, DeleteQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kafkaClient } from '#lib/adapters/event-bus/kafka-client.ts';
import { ensureTopics, storageEventTopic } from '#lib/adapters/event-bus/kafka-topics.ts';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { type HostProcess, hostProcess } from '#tests/fixtures/host-process.ts';
import { s3Notification } from '#tests/fixtures/s3-notification.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';
import { sitePorts } from '#tests/fixtures/started.ts';
import { type S3Gateway, startS3Gateway } from '../../local/s3/gateway.ts';
import { absent, brokers, newInstallation, registry_url, removeInstallations } from './kafka-cluster.ts';

const DAY = '2025-09-12';
const folder = mkdtempSync(join(tmpdir(), 'aurum-consumers-'));
const account = { access_key: 'minio', secret_key: 'minio123' };
const running: HostProcess[] = [];
let gateway: S3Gateway;
let s3_port: string;
let homes = 0;

beforeAll(async () => {
  s3_port = (await sitePorts()).AURUM_S3_PORT!;
  gateway = await startS3Gateway({
    port: Number(s3_port),
    data_dir: join(folder, 's3'),
    ...account,
    region: 'us-east-1',
    buckets: ['aurum'],
    versioned_prefixes: ['raw/'],
    notifications: [],
  });
});
afterEach(async () => {
  for (const host of running.splice(0)) await host.stop();
});
afterAll(async () => {
  await gateway?.close();
  await removeInstallations();
  rmSync(folder, { recursive: true, force: true });
});

const store = () =>
  s3ObjectStore({
    endpoint: `http://127.0.0.1:${s3_port}`,
    region: 'us-east-1',
    bucket: 'aurum',
    ...account,
    force_path_style: true,
  });

/** @returns the notification of a generated workbook that now lies in the store. */
async function dropped(vendor: string, seed: number): Promise<string> {
  const { file, bytes } = await sampleFile(vendor, DAY, { seed });
  const key = `raw/vendor_curves/${DAY}/${file}`;
  const put = await store().put(key, bytes);
  return s3Notification(key, put.outcome === 'stored' ? put.etag : '');
}

async function stagedReports(): Promise<number> {
  let count = 0;
  for await (const { key } of store().list('staged/')) if (key.endsWith('/report.json')) count++;
  return count;
}

async function start(entry: string, env: NodeJS.ProcessEnv): Promise<HostProcess> {
  const host = await hostProcess(entry, {
    AURUM_HOME: join(folder, `home-${++homes}`),
    AURUM_FUNCTION: 'ingest/parse-workbook',
    AURUM_S3_PORT: s3_port,
    ...env,
  });
  running.push(host);
  expect(host.url, host.log()).not.toMatch(/:0$/);
  return host;
}

/** Runs it, sends it a workbook, waits for the report, ends it. */
async function proveConsumer(
  entry: string,
  env: NodeJS.ProcessEnv,
  send: (value: string) => Promise<unknown>,
) {
  const before = await stagedReports();
  const host = await start(entry, env);
  expect((await fetch(`${host.url}/health`)).status).toBe(200);
  expect((await fetch(`${host.url}/ready`)).status).toBe(200);
  await send(await dropped('eugp', homes));
  await expect.poll(stagedReports, { timeout: 30_000, interval: 200 }).toBe(before + 1);
  const began_ms = performance.now();
  expect(await host.stop(), host.log()).toBe(0);
  expect(performance.now() - began_ms).toBeLessThan(10_000);
  await expect(fetch(host.url)).rejects.toThrow();
}

describe.skipIf(absent !== undefined)(`kafka-consumer${absent === undefined ? '' : `: ${absent}`}`, () => {
  test('does what the notifications in Kafka ask for, and begins where the last process ended', async () => {
    const { topic_prefix } = newInstallation();
    const topic = topic_prefix + storageEventTopic.name;
    await ensureTopics({ brokers }, [], { topic_prefix });
    const producer = kafkaClient({ brokers }).producer({ allowAutoTopicCreation: false, idempotent: true });
    await producer.connect();
    const env = {
      AURUM_KAFKA_BROKERS: brokers.join(','),
      AURUM_SCHEMA_REGISTRY_URL: registry_url,
      AURUM_STORAGE_TOPIC: topic,
    };
    const send = (value: string) => producer.send({ topic, messages: [{ value }] });
    await proveConsumer('kafka-consumer', env, send);
    const before = await stagedReports();
    await send(await dropped('eugp', 1_000));
    const next = await start('kafka-consumer', env);
    await expect.poll(stagedReports, { timeout: 30_000, interval: 200 }).toBe(before + 1);
    expect(next.log().match(/stage_done/g)).toHaveLength(1);
    await producer.disconnect();
  });
});

const endpoint = process.env.AURUM_SQS_ENDPOINT;

describe.skipIf(endpoint === undefined)('sqs-consumer (skipped without AURUM_SQS_ENDPOINT)', () => {
  test('does what the notifications in SQS ask for, and ends in peace', async () => {
    const credentials = { accessKeyId: account.access_key, secretAccessKey: account.secret_key };
    const client = new SQSClient({ region: 'us-east-1', endpoint: endpoint!, credentials });
    const QueueName = `aurum-test-${randomBytes(4).toString('hex')}`;
    const QueueUrl = (await client.send(new CreateQueueCommand({ QueueName }))).QueueUrl!;
    const env = { AURUM_SQS_ENDPOINT: endpoint, AURUM_SQS_QUEUE_URL: QueueUrl };
    await proveConsumer('sqs-consumer', env, (MessageBody) =>
      client.send(new SendMessageCommand({ QueueUrl, MessageBody })),
    );
    await client.send(new DeleteQueueCommand({ QueueUrl }));
    client.destroy();
  });

  test('a queue that is not there ends it with 1, named with its setting', async () => {
    const host = await hostProcess('sqs-consumer', {
      AURUM_HOME: join(folder, 'no-queue'),
      AURUM_FUNCTION: 'ingest',
      AURUM_SQS_ENDPOINT: endpoint,
      AURUM_SQS_QUEUE_URL: `${endpoint}/000000000000/aurum-no-such-queue`,
    });
    running.push(host);
    expect(await host.ended()).toBe(1);
    expect(host.log()).toMatch(/server_failed.*AURUM_SQS_QUEUE_URL/);
  });
});
