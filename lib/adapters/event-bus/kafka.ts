/**
 * The event bus on Kafka with a schema registry. A batch and its marker are one transaction, and the transactional id is
 * the marker's: whoever begins a publication fences all others of the same marker, asks whether it is there, and only then
 * writes. Topics are made by `ensureTopics`, schemas registered by `registerSchemas`; neither happens here.
 */
import { hash, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CompressionTypes, type Kafka, Partitioners, type ProducerRecord, type Transaction } from 'kafkajs';
import type { Topic } from '#events/topic.ts';
import { type AvroRecord, schemaFingerprint } from '#lib/avro/schema.ts';
import { AurumError, busy } from '#lib/domain/errors.ts';
import type { EventBus, PublishedRecord } from '#lib/ports/event-bus.ts';
import { type KafkaSettings, kafkaClient, kafkaCluster, kafkaError } from './kafka-client.ts';
import { drainGroup, type GroupDrain } from './kafka-group.ts';
import { type KafkaLog, type KafkaMessage, kafkaLog } from './kafka-log.ts';
import {
  markerTopic,
  type PublicationMarker,
  type PublicationMarkers,
  publicationMarkers,
} from './kafka-markers.ts';
import { formatOffsets, parseOffsets } from './kafka-position.ts';
import { type RegistrySettings, type SchemaRegistry, schemaRegistry } from './kafka-registry.ts';
import { subjectOf } from './kafka-schemas.ts';
import { fromWire, toWire, type WireMessage } from './kafka-wire.ts';
import { requireMarker, topicCodec } from './topic-codec.ts';
import { takingTurns } from './turns.ts';

export interface KafkaEventBusSettings extends KafkaSettings {
  readonly registry: RegistrySettings;
  /** Before the names of topics, subjects, groups and transactional ids, where installations share a cluster. */
  readonly topic_prefix?: string;
  /** Kafka ends a publication that is silent for so long. */
  readonly transaction_timeout_ms?: number;
}

export interface KafkaEventBus extends EventBus {
  close(): Promise<void>;
}

const DEFAULT_TRANSACTION_TIMEOUT_MS = 30_000;
/** One request: enough to fill it, below the broker's limit of 1 MiB even when all records go to one partition. */
const REQUEST_RECORDS = 2_000;
const REQUEST_BYTES = 800_000;
const ATTEMPTS = 4;
/** How long the one who was fenced waits for the other to finish, first time; then twice as long. */
const PATIENCE_MS = 2_000;
const PAUSE_MS = 50;

/** What all calls of a bus share. */
interface Connections {
  readonly settings: KafkaEventBusSettings;
  readonly kafka: Kafka;
  readonly log: KafkaLog;
  readonly markers: PublicationMarkers;
  readonly registry: SchemaRegistry;
  /** Schemas by id never change. */
  readonly schemas: Map<number, AvroRecord>;
  /** The registered id of what a topic writes now, by subject and fingerprint. */
  readonly ids: Map<string, number>;
}

export function kafkaEventBus(settings: KafkaEventBusSettings): KafkaEventBus {
  const { topic_prefix = '' } = settings;
  const kafka = kafkaClient(settings);
  const log = kafkaLog(kafkaCluster(settings, kafka));
  const connections: Connections = {
    settings,
    kafka,
    log,
    markers: publicationMarkers(log, markerTopicOf(settings)),
    registry: schemaRegistry(settings.registry),
    schemas: new Map(),
    ids: new Map(),
  };
  const inTurn = takingTurns();

  return {
    async publish(topic, marker, values) {
      requireMarker(marker);
      return inTurn(`${topic.name}|${marker}`, () =>
        publish(connections, topic, marker, values).catch((error: unknown) => {
          throw kafkaError(error, settings, topic_prefix + topic.name);
        }),
      );
    },
    read: (topic, after) => read(connections, topic, after),
    drain: (topic, group, handle) =>
      inTurn(`${topic.name}/${group}`, () => drain(connections, topic, topic_prefix + group, handle)),
    close: () => log.close(),
  };
}

const markerTopicOf = ({ topic_prefix = '' }: KafkaEventBusSettings) => topic_prefix + markerTopic.name;
const nameOf = ({ settings }: Connections, topic: { readonly name: string }) =>
  (settings.topic_prefix ?? '') + topic.name;

async function publish<T>(
  connections: Connections,
  topic: Topic<T>,
  marker: string,
  values: Iterable<T>,
): Promise<'published' | 'already'> {
  const { markers } = connections;
  const key = `${nameOf(connections, topic)}|${marker}`;
  if ((await markers.find(key)) !== undefined) return 'already';
  const messages = toWire(topic, topicCodec(topic), await schemaId(connections, topic), values);
  const publication = randomUUID();
  for (let attempt = 1; ; attempt++) {
    try {
      return await publishOnce(connections, nameOf(connections, topic), key, publication, messages);
    } catch (error) {
      if (!(error instanceof Interrupted) || attempt === ATTEMPTS) throw error;
      const found = await appears(markers, key, PATIENCE_MS * 2 ** (attempt - 1) * (0.5 + Math.random()));
      if (found) return found.publication === publication ? 'published' : 'already';
    }
  }
}

/** The transaction was begun; whether it or another one of the marker ended well must be seen. */
class Interrupted extends AurumError {
  constructor(cause: unknown) {
    super('busy', 'publication_interrupted', 'A publication was interrupted by another one, or by Kafka.', {
      cause,
      remedy: 'Try again: the batch is published once or not at all.',
    });
  }
}

async function publishOnce(
  connections: Connections,
  topic: string,
  key: string,
  publication: string,
  messages: readonly WireMessage[],
): Promise<'published' | 'already'> {
  const { kafka, settings, markers } = connections;
  const producer = kafka.producer({
    transactionalId: `${settings.topic_prefix ?? ''}aurum.publish.${hash('sha256', key, 'hex')}`,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: settings.transaction_timeout_ms ?? DEFAULT_TRANSACTION_TIMEOUT_MS,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  try {
    await producer.connect();
    // Fences every other publication of this marker and waits for what it left: from here on the answer cannot change.
    const transaction = await producer.transaction();
    const before = await markers.find(key);
    if (before !== undefined) return before.publication === publication ? 'published' : 'already';
    const mark = await markers.message(key, { publication, count: messages.length });
    try {
      await write(transaction, [
        ...requests(topic, messages),
        { topic: markerTopicOf(settings), messages: [mark] },
      ]);
    } catch (cause) {
      const error = kafkaError(cause, settings, topic);
      throw error.code === 'kafka_unavailable' ? new Interrupted(cause) : error;
    }
    return 'published';
  } finally {
    await producer.disconnect();
  }
}

/** All or nothing. The marker is last: while a transaction is open, it hides what others commit after it. */
async function write(transaction: Transaction, requests: readonly ProducerRecord[]): Promise<void> {
  try {
    for (const request of requests) await transaction.send(request);
    await transaction.commit();
  } catch (error) {
    // Best effort: what is not aborted now is when the marker is tried again, or by its timeout.
    if (transaction.isActive()) await transaction.abort().catch(() => undefined);
    throw error;
  }
}

function* requests(topic: string, messages: readonly WireMessage[]): Generator<ProducerRecord> {
  let part: WireMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = message.value.length + message.key.length;
    if (part.length > 0 && (part.length === REQUEST_RECORDS || bytes + size > REQUEST_BYTES)) {
      yield { topic, messages: part, compression: CompressionTypes.GZIP };
      part = [];
      bytes = 0;
    }
    part.push(message);
    bytes += size;
  }
  if (part.length > 0) yield { topic, messages: part, compression: CompressionTypes.GZIP };
}

/** The marker, when it comes up in this time. */
async function appears(
  markers: PublicationMarkers,
  key: string,
  patience_ms: number,
): Promise<PublicationMarker | undefined> {
  const deadline_ms = Date.now() + patience_ms;
  for (;;) {
    const marker = await markers.find(key);
    if (marker !== undefined || Date.now() > deadline_ms) return marker;
    await pause(PAUSE_MS);
  }
}

/** Registered before, elsewhere: a process that publishes must not decide what a topic holds. */
async function schemaId<T>(connections: Connections, topic: Topic<T>): Promise<number> {
  const { schema, fingerprint } = topicCodec(topic);
  const subject = subjectOf(nameOf(connections, topic));
  const known = connections.ids.get(`${subject}|${fingerprint}`);
  if (known !== undefined) return known;
  const found = await connections.registry.find(subject, schema);
  if (found === undefined) {
    throw busy(
      'schema_unregistered',
      `The schema registry does not have the schema of ${topic.name} as ${subject}.`,
      {
        remedy: 'Register it with `aurum schemas register`.',
      },
    );
  }
  connections.ids.set(`${subject}|${fingerprint}`, found.id);
  return found.id;
}

/** The schema that wrote a record; undefined when it is today's. */
async function writer<T>(
  { registry, schemas }: Connections,
  topic: Topic<T>,
  id: number,
): Promise<AvroRecord | undefined> {
  const schema = schemas.get(id) ?? (await registry.byId(id));
  schemas.set(id, schema);
  return schemaFingerprint(schema) === topicCodec(topic).fingerprint ? undefined : schema;
}

async function* read<T>(
  connections: Connections,
  topic: Topic<T>,
  after: string | undefined,
): AsyncGenerator<PublishedRecord<T>> {
  const { log, settings } = connections;
  const name = nameOf(connections, topic);
  const from = after === undefined ? [] : parseOffsets(after);
  try {
    const [starts, ends] = [await log.offsets(name, 'start'), await log.offsets(name, 'end')];
    const next = [...starts].map(([partition, start]) => Math.max(start, from[partition] ?? 0));
    for (const [partition, end] of ends) {
      while (next[partition]! < end) {
        const slice = await log.slice({ topic: name, partition, from: next[partition]! });
        for (const record of await records(
          connections,
          topic,
          slice.messages.filter(({ offset }) => offset < end),
        )) {
          next[partition] = record.offset + 1;
          yield published(topic, record, next);
        }
        next[partition] = slice.next;
      }
    }
  } catch (error) {
    throw kafkaError(error, settings, name);
  }
}

interface DecodedRecord<T> {
  readonly offset: number;
  readonly key: string;
  readonly value: T;
}

async function records<T>(
  connections: Connections,
  topic: Topic<T>,
  messages: readonly KafkaMessage[],
): Promise<DecodedRecord<T>[]> {
  const values = await fromWire(topic.name, topicCodec(topic), messages, (id) =>
    writer(connections, topic, id),
  );
  return messages.map(({ offset, key }, index) => ({ offset, key: String(key), value: values[index]! }));
}

const published = <T>(
  { name }: Topic<T>,
  { key, value }: DecodedRecord<T>,
  next: readonly number[],
): PublishedRecord<T> => ({ topic: name, position: formatOffsets(next), key, value });

async function drain<T>(
  connections: Connections,
  topic: Topic<T>,
  group: string,
  handle: (record: PublishedRecord<T>) => Promise<void>,
): Promise<number> {
  const { settings, kafka, log } = connections;
  const name = nameOf(connections, topic);
  let delivered = 0;
  let failure: unknown;
  try {
    const ends = await log.offsets(name, 'end');
    const next = await pending(connections, name, group, ends);
    if (next === undefined) return 0;
    const cluster = kafkaCluster(settings, kafka);
    const deliver: GroupDrain['deliver'] = async (partition, messages, handled) => {
      for (const record of await records(connections, topic, messages)) {
        next[partition] = record.offset + 1;
        await handle(published(topic, record, next)).catch((error: unknown) => {
          failure = error;
          throw error;
        });
        delivered += 1;
        await handled(record.offset);
      }
    };
    await drainGroup({ kafka, cluster, log, topic: name, group, ends, deliver });
    return delivered;
  } catch (error) {
    throw failure === error ? error : kafkaError(error, settings, name);
  }
}

/** Where the group goes on, by partition; undefined when nothing waits for it, which needs no joining. */
async function pending(
  { kafka, log }: Connections,
  topic: string,
  group: string,
  ends: ReadonlyMap<number, number>,
): Promise<number[] | undefined> {
  if (ends.size === 0) return undefined;
  const starts = await log.offsets(topic, 'start');
  const committed = await committedOffsets(kafka, topic, group);
  const next = [...ends.keys()].map((partition) =>
    Math.max(committed.get(partition) ?? 0, starts.get(partition) ?? 0),
  );
  for (const [partition, end] of ends) {
    for (let from = next[partition]!; from < end; ) {
      const slice = await log.slice({ topic, partition, from });
      if (slice.messages.length > 0) return next;
      from = slice.next;
    }
  }
  return undefined;
}

async function committedOffsets(
  kafka: Kafka,
  topic: string,
  group: string,
): Promise<ReadonlyMap<number, number>> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    return new Map((found?.partitions ?? []).map(({ partition, offset }) => [partition, Number(offset)]));
  } finally {
    await admin.disconnect();
  }
}
