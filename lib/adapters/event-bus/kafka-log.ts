/**
 * Partitions of topics as logs: their offsets, and slices of what is committed. Needs no consumer group. Knows nothing of
 * what records hold.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type Cluster from 'kafkajs/src/cluster/index.js';
import type { AbortedTransaction, RawMessage } from 'kafkajs/src/cluster/index.js';
import { hasType, isTransient } from './kafka-client.ts';

/** One slice asks for about so many bytes; the first batch comes whole however large it is. */
const SLICE_BYTES = 4 * 1024 * 1024;
const TRIES = 5;
const PAUSE_MS = 200;

export interface KafkaMessage {
  readonly offset: number;
  readonly timestamp_ms: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

export interface Slice {
  readonly messages: readonly KafkaMessage[];
  /** Where the next slice begins. */
  readonly next: number;
  /** Before this offset every transaction has ended; what lies after it is not decided. */
  readonly stable_end: number;
  readonly end: number;
}

export interface KafkaLog {
  /** Offset by partition; no partition when there is no such topic. `end` is that of the committed records. */
  offsets(topic: string, which: 'start' | 'end'): Promise<ReadonlyMap<number, number>>;
  /** Committed records from an offset on, or all up to `end` when uncommitted ones count, too. */
  slice(
    at: { readonly topic: string; readonly partition: number; readonly from: number },
    options?: { readonly uncommitted?: boolean },
  ): Promise<Slice>;
  close(): Promise<void>;
}

export function kafkaLog(cluster: Cluster): KafkaLog {
  let connected: Promise<void> | undefined;
  const connect = () => {
    connected ??= cluster.connect().catch((error: unknown) => {
      connected = undefined;
      throw error;
    });
    return connected;
  };

  /** With newer metadata and new connections as often as that may help. */
  async function steadily<T>(topic: string, work: () => Promise<T>): Promise<T> {
    await connect();
    for (let tries = 1; ; tries++) {
      try {
        if (tries > 1) await cluster.refreshMetadata();
        await cluster.addTargetTopic(topic);
        await cluster.refreshMetadataIfNecessary();
        return await work();
      } catch (error) {
        if (tries === TRIES || !isTransient(error) || hasType(error, ['UNKNOWN_TOPIC_OR_PARTITION']))
          throw error;
        await pause(PAUSE_MS * tries);
      }
    }
  }

  async function offsets(topic: string, which: 'start' | 'end'): Promise<ReadonlyMap<number, number>> {
    const partitions = cluster
      .findTopicPartitionMetadata(topic)
      .map(({ partitionId }) => ({ partition: partitionId }));
    const [found] = await cluster.fetchTopicsOffset([
      { topic, partitions, fromBeginning: which === 'start' },
    ]);
    const pairs = (found?.partitions ?? []).map(({ partition, offset }): [number, number] => [
      partition,
      Number(offset),
    ]);
    return new Map(pairs.sort(([a], [b]) => a - b));
  }

  return {
    offsets: (topic, which) =>
      steadily(topic, () => offsets(topic, which)).catch((error: unknown) => {
        if (hasType(error, ['UNKNOWN_TOPIC_OR_PARTITION'])) return new Map<number, number>();
        throw error;
      }),
    slice: (at, { uncommitted = false } = {}) => steadily(at.topic, () => slice(cluster, at, uncommitted)),
    close: () => cluster.disconnect(),
  };
}

async function slice(
  cluster: Cluster,
  { topic, partition, from }: { topic: string; partition: number; from: number },
  uncommitted: boolean,
): Promise<Slice> {
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
  const broker = await cluster.findBroker({ nodeId: nodeId ?? '' });
  const { responses, clientSideThrottleTime = 0 } = await broker.fetch({
    isolationLevel: uncommitted ? 0 : 1,
    maxWaitTime: 0,
    maxBytes: SLICE_BYTES,
    topics: [{ topic, partitions: [{ partition, fetchOffset: String(from), maxBytes: SLICE_BYTES }] }],
  });
  const found = responses[0]!.partitions[0]!;
  const last = found.messages.at(-1);
  const end = Number(found.highWatermark);
  const stable_end = Number(found.lastStableOffset);
  if (clientSideThrottleTime > 0) await pause(clientSideThrottleTime);
  return {
    messages: (uncommitted
      ? found.messages.filter(isData)
      : committed(found.messages, found.abortedTransactions)
    )
      .filter(({ offset }) => Number(offset) >= from)
      .map(({ offset, timestamp, key, value }) => ({
        offset: Number(offset),
        timestamp_ms: Number(timestamp),
        key,
        value,
      })),
    next:
      last === undefined
        ? afterNothing()
        : Number(last.batchContext.firstOffset) + last.batchContext.lastOffsetDelta + 1,
    stable_end,
    end,
  };

  /** Compaction leaves batches without records, which must be passed; a throttled answer is empty, too, and must not. */
  function afterNothing(): number {
    return from < (uncommitted ? end : stable_end) && clientSideThrottleTime === 0 ? from + 1 : from;
  }
}

const isData = ({ isControlRecord }: RawMessage): boolean => !isControlRecord;

/** Without control records and what aborted transactions wrote. The broker lists those by where they ended. */
function committed(
  messages: readonly RawMessage[],
  aborted: readonly AbortedTransaction[],
): readonly RawMessage[] {
  const begun = [...aborted].sort((a, b) => Number(a.firstOffset) - Number(b.firstOffset));
  const aborting = new Set<string>();
  let at = 0;
  return messages.filter(({ offset, isControlRecord, batchContext: { producerId, inTransaction } }) => {
    for (; at < begun.length && Number(begun[at]!.firstOffset) <= Number(offset); at++)
      aborting.add(begun[at]!.producerId);
    if (isControlRecord) aborting.delete(producerId);
    return !isControlRecord && !(inTransaction && aborting.has(producerId));
  });
}
