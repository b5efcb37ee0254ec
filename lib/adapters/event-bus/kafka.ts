/**
 * The event bus on Kafka with a schema registry: values as Avro, a batch in one transaction, groups by Kafka's own. Topics
 * are made by `ensureTopics`, schemas registered by `registerSchemas`; neither happens here.
 */
import type { Kafka } from 'kafkajs';
import type { Topic } from '#events/topic.ts';
import { type AvroRecord, schemaFingerprint } from '#lib/avro/schema.ts';
import { AurumError, busy } from '#lib/domain/errors.ts';
import { inTurns } from '#lib/domain/turns.ts';
import type { EventBus, PublishedRecord } from '#lib/ports/event-bus.ts';
import { hasType, kafkaClient, kafkaCluster, kafkaError } from './kafka-client.ts';
import { drainGroup, type GroupDrain } from './kafka-group.ts';
import { type KafkaLog, type KafkaMessage, kafkaLog } from './kafka-log.ts';
import { type PublicationMarkers, publicationMarkers, type Span } from './kafka-markers.ts';
import { formatOffsets, parseOffsets } from './kafka-position.ts';
import { markerTopicOf, type PublicationSettings, publishBatch } from './kafka-publication.ts';
import { type RegistrySettings, type SchemaRegistry, schemaRegistry } from './kafka-registry.ts';
import { subjectOf } from './kafka-schemas.ts';
import { fromWire, toWire } from './kafka-wire.ts';
import { requireMarker, topicCodec } from './topic-codec.ts';

export interface KafkaEventBusSettings extends PublicationSettings {
  readonly registry: RegistrySettings;
}

export interface KafkaEventBus extends EventBus {
  close(): Promise<void>;
}

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
  const inTurn = inTurns();

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
    locate: (topic, marker, is) =>
      locate(connections, topic, marker, is).catch((error: unknown) => {
        throw kafkaError(error, settings, topic_prefix + topic.name);
      }),
    drain: (topic, group, handle) =>
      inTurn(`${topic.name}/${group}`, () => drain(connections, topic, topic_prefix + group, handle)),
    close: () => log.close(),
  };
}

const nameOf = ({ settings }: Connections, topic: { readonly name: string }) =>
  (settings.topic_prefix ?? '') + topic.name;

async function publish<T>(
  connections: Connections,
  topic: Topic<T>,
  marker: string,
  values: Iterable<T>,
): Promise<'published' | 'already'> {
  const name = nameOf(connections, topic);
  const key = `${name}|${marker}`;
  if ((await connections.markers.seen(key)) !== undefined) return 'already';
  const messages = toWire(topic, topicCodec(topic), await schemaId(connections, topic), values);
  return publishBatch(connections, { topic: name, key, messages });
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

/** Reads no more than the batch: its marker says where it lies. Undefined, too, once Kafka keeps the batch no longer. */
async function locate<T>(
  connections: Connections,
  topic: Topic<T>,
  marker: string,
  is: (value: T) => boolean,
): Promise<string | undefined> {
  const name = nameOf(connections, topic);
  const found = await connections.markers.seen(`${name}|${marker}`).catch(unlessNothingIsPublished);
  for (const span of found?.spans ?? []) {
    const offset = await locateIn(connections, topic, span, is);
    if (offset === undefined) continue;
    const [starts, ends] = [
      await connections.log.offsets(name, 'start'),
      await connections.log.offsets(name, 'end'),
    ];
    // As whoever reads the topic from its beginning is told: one partition after the other.
    const next = [...starts].map(([partition, start]) =>
      partition < span[0] ? ends.get(partition)! : partition > span[0] ? start : offset + 1,
    );
    return formatOffsets(next);
  }
  return undefined;
}

function unlessNothingIsPublished(error: unknown): undefined {
  if (!(error instanceof AurumError && error.code === 'topic_missing')) throw error;
}

async function locateIn<T>(
  connections: Connections,
  topic: Topic<T>,
  [partition, first, count]: Span,
  is: (value: T) => boolean,
): Promise<number | undefined> {
  const name = nameOf(connections, topic);
  const end = first + count;
  try {
    for (let from = first; from < end; ) {
      const slice = await connections.log.slice({ topic: name, partition, from });
      const batch = slice.messages.filter(({ offset }) => offset < end);
      const found = (await records(connections, topic, batch)).find(({ value }) => is(value));
      if (found !== undefined || slice.next === from) return found?.offset;
      from = slice.next;
    }
  } catch (error) {
    if (!hasType(error, ['OFFSET_OUT_OF_RANGE'])) throw error;
  }
  return undefined;
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
