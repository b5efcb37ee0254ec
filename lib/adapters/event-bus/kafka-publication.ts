/**
 * A batch published once. Its records and its marker are one transaction, and the transactional id is the marker's: whoever
 * begins a publication fences all others of that marker, asks whether it is there, and only then writes. Knows records, not
 * values.
 */
import { hash, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CompressionTypes,
  type Kafka,
  Partitioners,
  type ProducerRecord,
  type RecordMetadata,
  type Transaction,
} from 'kafkajs';
import { AurumError } from '#lib/domain/errors.ts';
import { type KafkaSettings, kafkaError } from './kafka-client.ts';
import type { KafkaLog } from './kafka-log.ts';
import { markerTopic, type PublicationMarker, type PublicationMarkers, type Span } from './kafka-markers.ts';
import { partitionOfKey } from './kafka-partition.ts';
import type { WireMessage } from './kafka-wire.ts';

export interface PublicationSettings extends KafkaSettings {
  /** Before the names of topics, subjects, groups and transactional ids, where installations share a cluster. */
  readonly topic_prefix?: string;
  /** Kafka ends a publication that is silent for so long. */
  readonly transaction_timeout_ms?: number;
}

export interface Publisher {
  readonly settings: PublicationSettings;
  readonly kafka: Kafka;
  readonly log: KafkaLog;
  readonly markers: PublicationMarkers;
}

export interface Batch {
  readonly topic: string;
  /** Of its marker. */
  readonly key: string;
  readonly messages: readonly WireMessage[];
}

const DEFAULT_TRANSACTION_TIMEOUT_MS = 30_000;
/** One request: enough to fill it, below the broker's limit of 1 MiB even when all records go to one partition. */
const REQUEST_RECORDS = 2_000;
const REQUEST_BYTES = 800_000;
const ATTEMPTS = 4;
/** How long the one who was fenced waits for the other to finish, first time; then twice as long. */
const PATIENCE_MS = 2_000;
/** Kafka says a transaction is committed before it shows it; longer than this only others' transactions hide it. */
const SHOWN_MS = 500;
const PAUSE_MS = 5;

export const markerTopicOf = ({ topic_prefix = '' }: PublicationSettings): string =>
  topic_prefix + markerTopic.name;

export async function publishBatch(publisher: Publisher, batch: Batch): Promise<'published' | 'already'> {
  const mine = randomUUID();
  for (let attempt = 1; ; attempt++) {
    try {
      return outcome(await publishOnce(publisher, batch, mine), mine);
    } catch (error) {
      if (!(error instanceof Interrupted) || attempt === ATTEMPTS) throw error;
      // Both would fence each other for ever if both began again at once.
      const found = await appears(
        publisher.markers,
        batch.key,
        PATIENCE_MS * 2 ** (attempt - 1) * (0.5 + Math.random()),
      );
      if (found !== undefined) return outcome(found, mine);
    }
  }
}

const outcome = ({ publication }: PublicationMarker, mine: string) =>
  publication === mine ? 'published' : 'already';

/** The transaction was begun; whether it or another one of the marker ended well must be seen. */
class Interrupted extends AurumError {
  constructor(cause: unknown) {
    super('busy', 'publication_interrupted', 'A publication was interrupted by another one, or by Kafka.', {
      cause,
      remedy: 'Try again: the batch is published once or not at all.',
    });
  }
}

/** @returns the marker that is there now. */
async function publishOnce(
  { kafka, settings, markers, log }: Publisher,
  { topic, key, messages }: Batch,
  publication: string,
): Promise<PublicationMarker> {
  const producer = kafka.producer({
    transactionalId: `${settings.topic_prefix ?? ''}aurum.publication.${hash('sha256', key, 'hex')}`,
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
    const before = await markers.decided(key);
    if (before !== undefined) return before;
    let marker: PublicationMarker = { publication, count: messages.length };
    const last = async (spans: readonly Span[]) => {
      marker = { ...marker, spans };
      return { topic: markerTopicOf(settings), messages: [await markers.message(key, marker)] };
    };
    const all = requests(topic, await inPartitions(log, topic, messages));
    const written = await write(transaction, all, last).catch((cause: unknown) => {
      const error = kafkaError(cause, settings, topic);
      throw error.code === 'kafka_unavailable' ? new Interrupted(cause) : error;
    });
    await shown(log, written);
    return marker;
  } finally {
    await producer.disconnect();
  }
}

/**
 * All or nothing. The marker is last: while a transaction is open, it hides what others commit after it.
 * @returns where each request's records begin, by partition.
 */
async function write(
  transaction: Transaction,
  all: readonly ProducerRecord[],
  last: (spans: readonly Span[]) => Promise<ProducerRecord>,
): Promise<readonly RecordMetadata[]> {
  const written: RecordMetadata[] = [];
  const spans: Span[] = [];
  try {
    for (const request of all) {
      const places = await transaction.send(request);
      written.push(...places);
      addSpans(spans, request, places);
    }
    written.push(...(await transaction.send(await last(spans))));
    await transaction.commit();
    return written;
  } catch (error) {
    // Best effort: what is not aborted now is when the marker is tried again, or by its timeout.
    if (transaction.isActive()) await transaction.abort().catch(() => undefined);
    throw error;
  }
}

/** What a request wrote into a partition lies there in one piece, as a rule after what the one before wrote. */
function addSpans(
  spans: Span[],
  { messages }: ProducerRecord,
  places: readonly Pick<RecordMetadata, 'partition' | 'baseOffset'>[],
): void {
  for (const { partition, baseOffset } of places) {
    const count = messages.filter((message) => message.partition === partition).length;
    const first = Number(baseOffset);
    const at = spans.findLastIndex((span) => span[0] === partition);
    const before = spans[at];
    if (before !== undefined && before[1] + before[2] === first)
      spans[at] = [partition, before[1], before[2] + count];
    else spans.push([partition, first, count]);
  }
}

/** Each message with the partition its key leads to, so that what lies where is known. */
async function inPartitions(
  log: KafkaLog,
  topic: string,
  messages: readonly WireMessage[],
): Promise<readonly WireMessage[]> {
  const partitions = [...(await log.offsets(topic, 'start')).keys()];
  // Without the topic, sending says so.
  if (partitions.length === 0) return messages;
  const known = new Map<string, number>();
  return messages.map((message) => {
    const partition = known.get(message.key) ?? partitionOfKey(topic, partitions, message.key);
    known.set(message.key, partition);
    return { ...message, partition };
  });
}

function requests(topic: string, messages: readonly WireMessage[]): readonly ProducerRecord[] {
  const parts: WireMessage[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = message.value.length + message.key.length;
    const part = parts.at(-1);
    if (part === undefined || part.length === REQUEST_RECORDS || bytes + size > REQUEST_BYTES) {
      parts.push([message]);
      bytes = size;
    } else {
      part.push(message);
      bytes += size;
    }
  }
  return parts.map((part) => ({ topic, messages: part, compression: CompressionTypes.GZIP }));
}

/** Waits until readers see what was committed, so that a process reads what it wrote. */
async function shown(log: KafkaLog, written: readonly RecordMetadata[]): Promise<void> {
  const deadline_ms = Date.now() + SHOWN_MS;
  const hidden = new Map(written.map((part) => [`${part.topicName}/${part.partition}`, part]));
  for (;;) {
    for (const topic of new Set([...hidden.values()].map(({ topicName }) => topicName))) {
      const ends = await log.offsets(topic, 'end');
      for (const [place, { topicName, partition, baseOffset }] of hidden) {
        if (topicName === topic && (ends.get(partition) ?? 0) > Number(baseOffset)) hidden.delete(place);
      }
    }
    if (hidden.size === 0 || Date.now() > deadline_ms) return;
    await pause(PAUSE_MS);
  }
}

/** The marker, when it comes up in this time. */
async function appears(
  markers: PublicationMarkers,
  key: string,
  patience_ms: number,
): Promise<PublicationMarker | undefined> {
  const deadline_ms = Date.now() + patience_ms;
  for (;;) {
    const marker = await markers.seen(key);
    if (marker !== undefined || Date.now() > deadline_ms) return marker;
    await pause(PAUSE_MS * 10);
  }
}
