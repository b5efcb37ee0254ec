/** Bucket notifications as MinIO puts them into Kafka, read past any consumer group. */
import { setTimeout as delay } from 'node:timers/promises';
import { kafkaClient, kafkaCluster } from '#lib/adapters/event-bus/kafka-client.ts';
import { kafkaLog } from '#lib/adapters/event-bus/kafka-log.ts';
import { storageEventTopic } from '#lib/adapters/event-bus/kafka-topics.ts';

export interface StorageEvents {
  /** Kafka was away so often. */
  readonly outages: number;
  close(): Promise<void>;
}

const POLL_MS = 100;

/** Hands on every notification from now on, in the order of its partition; goes on where it was when Kafka was away. */
export async function followStorageEvents(
  brokers: readonly string[],
  take: (envelope: unknown) => void,
): Promise<StorageEvents> {
  const topic = storageEventTopic.name;
  let log = openLog(brokers);
  const next = new Map(await log.offsets(topic, 'end'));
  let over = false;
  let outages = 0;
  const round = async () => {
    for (const [partition, end] of await log.offsets(topic, 'end')) {
      let from = next.get(partition) ?? 0;
      while (from < end) {
        const slice = await log.slice({ topic, partition, from });
        for (const { value } of slice.messages) if (value !== null) take(JSON.parse(value.toString()));
        from = slice.next;
        next.set(partition, from);
      }
    }
  };
  const following = (async () => {
    while (!over) {
      try {
        await round();
      } catch {
        // Counted; the connections of a broker that went are of no use.
        outages += 1;
        await log.close().catch(() => undefined);
        log = openLog(brokers);
      }
      await delay(POLL_MS);
    }
  })();
  return {
    get outages() {
      return outages;
    },
    async close() {
      over = true;
      await following;
      await log.close();
    },
  };
}

function openLog(brokers: readonly string[]) {
  const settings = { brokers };
  return kafkaLog(kafkaCluster(settings, kafkaClient(settings)));
}
