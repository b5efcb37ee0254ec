/**
 * Host of stage functions behind the Kafka topic that takes the bucket's notifications, where no Knative delivers them. A
 * record is acknowledged when every function it is for has answered; what fails is tried again ever later, while other
 * partitions go on. The handler behind it is that of every other host: it counts tries and gives up poison itself.
 */
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { AurumError, errorLine, refusal } from '#lib/domain/errors.ts';
import { type DeadLetterPorts, deadLetter } from '#lib/flows/dead-letter.ts';
import { logLine } from '#lib/runtime/log.ts';
import { deliver, type EventFunction, notifiedObjects } from './notified.ts';

/** The way to the brokers, and what their errors mean to us. */
export interface KafkaConnection {
  readonly kafka: Kafka;
  readonly explained: (error: unknown, topic: string) => AurumError;
}

export interface KafkaHostOptions extends KafkaConnection {
  /** `aurum.storage.event.v1`: the value is the notification as MinIO sends it. */
  readonly topic: string;
  /** Processes of one group share the work. */
  readonly group: string;
  readonly functions: readonly EventFunction[];
  /** Where a record goes that is no notification. */
  readonly dead_letters: Omit<DeadLetterPorts, 'objects'>;
  /** Partitions worked on at once; default 4. */
  readonly concurrency?: number;
  /** Before a failed record is tried a second time; twice as long each time after, half a minute at most. Default 500. */
  readonly retry_after_ms?: number;
}

export interface KafkaHost {
  /** Resolves after `stop`. @throws AurumError when Kafka refuses us for good. */
  readonly ended: Promise<void>;
  /** Takes no more records, waits for those at work, leaves the group. */
  stop(): Promise<void>;
}

/** Then others get their turn, and a stop is heard. */
const RECORDS_AT_ONCE = 16;
const HEARTBEAT_MS = 3_000;
/** A partition that is to be tried again waits for the request under way. */
const MAX_WAIT_MS = 250;
const MAX_RETRY_AFTER_MS = 30_000;
/** About four seconds; a consumer whose brokers are away for longer begins anew by itself. */
const RETRY = { initialRetryTime: 200, retries: 4, maxRetryTime: 2_000 };

/** Resolves when the group is joined. @throws AurumError, `kafka_unavailable` when no broker answers */
export async function startKafkaHost(options: KafkaHostOptions): Promise<KafkaHost> {
  const { kafka, explained, topic, group, concurrency = 4 } = options;
  const consumer = kafka.consumer({
    groupId: group,
    retry: RETRY,
    heartbeatInterval: HEARTBEAT_MS,
    maxWaitTimeInMs: MAX_WAIT_MS,
    allowAutoTopicCreation: false,
  });
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  ended.catch(() => {}); // Whoever awaits it is told.
  const waiting = new Set<NodeJS.Timeout>();
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const joined = firstJoin(consumer);
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: concurrency,
      eachBatch: batchWorker(options, waiting),
    });
    await joined;
  } catch (error) {
    await consumer.disconnect();
    throw explained(error, topic);
  }
  consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
    logLine('error', 'consumer_crashed', { topic, group, restart, reason: error.message });
    if (!restart) reject(explained(error, topic));
  });
  return {
    ended,
    async stop() {
      for (const timer of waiting) clearTimeout(timer);
      await consumer.disconnect();
      resolve();
    },
  };
}

/** kafkajs joins in `run` but tells a failure there as an event only. */
function firstJoin(consumer: Consumer): Promise<void> {
  return new Promise((resolve, reject) => {
    consumer.on(consumer.events.GROUP_JOIN, () => resolve());
    consumer.on(consumer.events.CRASH, ({ payload: { error } }) => reject(error));
  });
}

function batchWorker(options: KafkaHostOptions, waiting: Set<NodeJS.Timeout>) {
  const failures = new Map<number, number>();
  return async (payload: EachBatchPayload): Promise<void> => {
    const { batch, resolveOffset, heartbeat, commitOffsetsIfNecessary, uncommittedOffsets } = payload;
    // A stage may take longer than a member may be silent; that it is no member any more shows when it commits.
    const beating = setInterval(() => void heartbeat().catch(() => undefined), HEARTBEAT_MS);
    try {
      for (const message of batch.messages.slice(0, RECORDS_AT_ONCE)) {
        if (!payload.isRunning() || payload.isStale()) return;
        if (!(await taken(options, batch, message))) return pause(payload);
        failures.delete(batch.partition);
        resolveOffset(message.offset);
        await commitOffsetsIfNecessary(uncommittedOffsets());
        await heartbeat();
      }
    } finally {
      clearInterval(beating);
    }
  };

  /** Of this partition; without its record being resolved it is the first to come again. */
  function pause({ batch: { partition }, pause: pausePartition }: EachBatchPayload): void {
    const failed = failures.get(partition) ?? 0;
    failures.set(partition, failed + 1);
    const resume = pausePartition();
    const { retry_after_ms = 500 } = options;
    const timer = setTimeout(
      () => {
        waiting.delete(timer);
        resume();
      },
      Math.min(retry_after_ms * 2 ** failed, MAX_RETRY_AFTER_MS),
    );
    waiting.add(timer);
  }
}

/** False when the record must come again; never throws. */
async function taken(
  { functions, dead_letters }: KafkaHostOptions,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  { value, offset, timestamp }: KafkaMessage,
): Promise<boolean> {
  const place = `${topic}/${partition}/${offset}`;
  try {
    const parsed = notification(value);
    if ('problem' in parsed) {
      const event = { bucket: '', key: place, etag: undefined, version_id: undefined, sequencer: undefined };
      const event_time = new Date(Number(timestamp)).toISOString();
      logLine('error', 'event_invalid', { record: place, reason: errorLine(parsed.problem.detail()) });
      await deadLetter('storage-event', { ...event, event_time }, parsed.problem.detail(), dead_letters);
      return true;
    }
    await deliver(functions, parsed.created);
    return true;
  } catch (error) {
    const known = error instanceof AurumError ? error.detail() : undefined;
    logLine('warn', 'event_not_taken', {
      record: place,
      code: known?.code ?? 'internal_error',
      reason: known === undefined ? String(error) : errorLine(known),
    });
    return false;
  }
}

/** What the record says was created; or why it says nothing. */
function notification(value: Buffer | null) {
  try {
    return { created: notifiedObjects(JSON.parse(String(value))) };
  } catch (cause) {
    const remedy = 'Let nothing but the bucket’s notifications write to this topic.';
    return { problem: refusal('event_invalid', 'the record is no bucket notification', { remedy, cause }) };
  }
}
