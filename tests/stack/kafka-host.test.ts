/** The host of stage functions on the topic that takes the bucket's notifications. */
import type { Producer } from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ingestErrorTopic } from '#events/ingest-error.ts';
import { kafkaClient, kafkaError } from '#lib/adapters/event-bus/kafka-client.ts';
import { ensureTopics, storageEventTopic } from '#lib/adapters/event-bus/kafka-topics.ts';
import { memoryEventBus } from '#lib/adapters/event-bus/memory.ts';
import { busy } from '#lib/domain/errors.ts';
import { type KafkaHost, startKafkaHost } from '#lib/runtime/hosts/kafka.ts';
import type { EventFunction } from '#lib/runtime/hosts/notified.ts';
import { objectCreated } from '#lib/runtime/triggers.ts';
import { all } from '#tests/contract/event-bus/cases.ts';
import { absent, brokers, newInstallation, removeInstallations } from './kafka-cluster.ts';

/** What MinIO sends: the key form-encoded. */
const notification = (key: string, eventName = 's3:ObjectCreated:Put') => ({
  EventName: eventName,
  Key: `aurum/${key}`,
  Records: [
    {
      eventName,
      eventTime: '2025-09-12T21:30:00.000Z',
      s3: { bucket: { name: 'aurum' }, object: { key: encodeURIComponent(key), eTag: 'e', sequencer: '1' } },
    },
  ],
});

const connectionTo = (addresses: readonly string[]) => ({
  kafka: kafkaClient({ brokers: addresses }),
  explained: (error: unknown, topic: string) => kafkaError(error, { brokers: addresses }, topic),
});

const keysOf = (envelope: object) =>
  (envelope as ReturnType<typeof notification>).Records.map(({ s3 }) => decodeURIComponent(s3.object.key));

describe.skipIf(absent !== undefined)(`Kafka host${absent === undefined ? '' : `: ${absent}`}`, () => {
  let topic: string;
  let producer: Producer;
  let host: KafkaHost | undefined;
  const bus = memoryEventBus();
  const dead_letters = {
    bus,
    errorTopic: ingestErrorTopic,
    clock: { now: () => '2025-09-12T21:30:00.000Z' },
  };

  const start = (functions: readonly EventFunction[], group = 'stages') =>
    startKafkaHost({
      ...connectionTo(brokers),
      topic,
      group: `${topic}.${group}`,
      functions,
      dead_letters,
      retry_after_ms: 50,
    });
  // Keyed, as MinIO's are: without keys kafkajs chooses other partitions when it sends again, and so writes twice.
  const send = (...values: readonly (object | string)[]) =>
    producer.send({
      topic,
      messages: values.map((value, index) => ({
        key: `aurum/${index}`,
        value: typeof value === 'string' ? value : JSON.stringify(value),
      })),
    });
  const collecting = (prefix: string, suffix?: string) => {
    const keys: string[] = [];
    const handler = async (envelope: object) => {
      keys.push(...keysOf(envelope));
    };
    return { keys, served: { name: prefix, trigger: objectCreated(prefix, suffix), handler } };
  };

  beforeAll(async () => {
    // One that is not idempotent writes a request twice when one of its partitions has no leader yet.
    producer = kafkaClient({ brokers }).producer({ allowAutoTopicCreation: false, idempotent: true });
    await producer.connect();
  });
  beforeEach(async () => {
    const { topic_prefix } = newInstallation();
    topic = topic_prefix + storageEventTopic.name;
    await ensureTopics({ brokers }, [], { topic_prefix });
  });
  afterEach(async () => {
    await host?.stop();
    host = undefined;
  });
  afterAll(async () => {
    await producer?.disconnect();
    await removeInstallations();
  });

  test('each function gets the objects below its prefix, accesses and removals go to none', async () => {
    const [raw, released, both] = [
      collecting('raw/'),
      collecting('released/', '.json'),
      collecting('released/'),
    ];
    host = await start([raw.served, released.served, both.served]);
    await send(
      notification('raw/2025-09-12/EOD PW+1 ü.xlsx'),
      notification('released/v1.json'),
      notification('released/v1.txt'),
      notification('raw/x.xlsx', 's3:ObjectAccessed:Get'),
      notification('raw/x.xlsx', 's3:ObjectRemoved:Delete'),
      notification('staged/v1/report.json'),
    );
    await expect.poll(() => both.keys.length, { timeout: 15_000 }).toBe(2);
    await expect.poll(() => raw.keys).toEqual(['raw/2025-09-12/EOD PW+1 ü.xlsx']);
    expect(released.keys).toEqual(['released/v1.json']);
  });

  test('a store that is away holds its record, which then comes again, and no other partition', async () => {
    let away = 6;
    const seen: string[] = [];
    const handler = async (envelope: object) => {
      const [key] = keysOf(envelope);
      if (key === 'raw/held' && away-- > 0) throw busy('s3_unavailable', 'the store is away');
      seen.push(key!);
    };
    host = await start([{ name: 'parse', trigger: objectCreated('raw/'), handler }]);
    const on = (partition: number, key: string) => ({ partition, value: JSON.stringify(notification(key)) });
    await producer.send({ topic, messages: [on(0, 'raw/held'), on(0, 'raw/behind'), on(1, 'raw/other')] });
    await expect.poll(() => seen.length, { timeout: 15_000 }).toBe(3);
    expect(seen).toEqual(['raw/other', 'raw/held', 'raw/behind']);
    expect(away).toBe(-1);
  });

  test('a record that is no notification goes to the dead-letter topic and holds up none', async () => {
    const raw = collecting('raw/');
    host = await start([raw.served]);
    await send('no JSON', '{"Records":[]}', { Records: [{ eventName: 's3:ObjectCreated:Put' }] });
    await send(notification('raw/good'));
    await expect.poll(() => raw.keys, { timeout: 15_000 }).toEqual(['raw/good']);
    const errors = async () =>
      (await all(bus.read(ingestErrorTopic))).filter(({ value }) => value.source.startsWith(topic));
    await expect.poll(async () => (await errors()).length, { timeout: 15_000 }).toBe(3);
    expect((await errors()).every(({ value }) => value.code === 'event_invalid')).toBe(true);
  });

  test('a host that is stopped finishes the record at work; the next one goes on after it', async () => {
    const done: string[] = [];
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const slow = async (envelope: object) => {
      begin();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      done.push(...keysOf(envelope));
    };
    host = await start([{ name: 'parse', trigger: objectCreated('raw/'), handler: slow }]);
    const records = [1, 2, 3].map((count) => ({
      partition: 0,
      value: JSON.stringify(notification(`raw/${count}`)),
    }));
    await producer.send({ topic, messages: records });
    await begun;
    await host.stop();
    await host.ended;
    expect(done).toEqual(['raw/1']);
    const rest = collecting('raw/');
    host = await start([rest.served]);
    await expect.poll(() => rest.keys, { timeout: 15_000 }).toEqual(['raw/2', 'raw/3']);
  });

  test('brokers that do not answer are named at the start', async () => {
    const away = { ...connectionTo(['127.0.0.1:1']), topic, group: 'g', functions: [], dead_letters };
    await expect(startKafkaHost(away)).rejects.toMatchObject({
      code: 'kafka_unavailable',
      kind: 'busy',
      message: expect.stringContaining('127.0.0.1:1'),
      remedy: expect.stringContaining('AURUM_KAFKA_BROKERS'),
    });
  });
});
