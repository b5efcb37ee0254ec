/** The topics on a Kafka cluster, created where they are not there. Never deletes, never repartitions. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Admin, ITopicConfig, ITopicMetadata } from 'kafkajs';
import { isTransient, type KafkaSettings, kafkaClient, kafkaError } from './kafka-client.ts';
import { markerTopic } from './kafka-markers.ts';

export interface TopicSettings {
  readonly name: string;
  readonly partitions: number;
  /** Keeps the last record of each key instead of all records. */
  readonly compacted?: boolean;
  /** Left out: for ever. */
  readonly retention_ms?: number;
}

export interface EnsuredTopic {
  readonly name: string;
  /** `repartitioned`: somebody gave it another number of partitions than it should have; left as it is. */
  readonly outcome: 'created' | 'exists' | 'repartitioned';
  readonly partitions: number;
}

export interface TopicsOptions {
  /** Before each topic's name, where several installations share a cluster. */
  readonly topic_prefix?: string;
  /** Left out: the cluster's default. */
  readonly replication_factor?: number;
}

const DAY_MS = 86_400_000;
const KNOWN_AFTER_MS = 15_000;
const PAUSE_MS = 100;

/** Bucket notifications: the value is MinIO's JSON, the key `bucket/key`. The sweep drives on what is lost after a week. */
export const storageEventTopic: TopicSettings = {
  name: 'aurum.storage.event.v1',
  partitions: 6,
  retention_ms: 7 * DAY_MS,
};

/** Topics that no schema of ours describes. */
export const platformTopics: readonly TopicSettings[] = [storageEventTopic, markerTopic];

/** Creates what is missing of `topics` and of the platform's own; the same call again changes nothing. */
export async function ensureTopics(
  settings: KafkaSettings,
  topics: readonly TopicSettings[],
  { topic_prefix = '', replication_factor = -1 }: TopicsOptions = {},
): Promise<readonly EnsuredTopic[]> {
  const admin = kafkaClient(settings).admin();
  try {
    await admin.connect();
    const wanted = [...topics, ...platformTopics].map((topic) => ({
      ...topic,
      name: topic_prefix + topic.name,
    }));
    const before = new Set(await admin.listTopics());
    const missing = wanted.filter(({ name }) => !before.has(name));
    if (missing.length > 0) {
      await admin.createTopics({
        topics: missing.map((topic) => topicConfig(topic, replication_factor)),
        waitForLeaders: false,
      });
    }
    const found = await described(
      admin,
      wanted.map(({ name }) => name),
    );
    const partitionsOf = new Map(found.map(({ name, partitions }) => [name, partitions.length]));
    return wanted.map(({ name, partitions }) => ({
      name,
      outcome: missing.some((topic) => topic.name === name)
        ? 'created'
        : partitionsOf.get(name) === partitions
          ? 'exists'
          : 'repartitioned',
      partitions: partitionsOf.get(name) ?? partitions,
    }));
  } catch (error) {
    throw kafkaError(error, settings);
  } finally {
    await admin.disconnect();
  }
}

/** Brokers know a topic some moments after it is created. */
async function described(admin: Admin, topics: string[]): Promise<readonly ITopicMetadata[]> {
  const deadline_ms = Date.now() + KNOWN_AFTER_MS;
  for (;;) {
    try {
      return (await admin.fetchTopicMetadata({ topics })).topics;
    } catch (error) {
      if (!isTransient(error) || Date.now() > deadline_ms) throw error;
      await pause(PAUSE_MS);
    }
  }
}

function topicConfig(
  { name, partitions, compacted, retention_ms }: TopicSettings,
  replicationFactor: number,
): ITopicConfig {
  return {
    topic: name,
    numPartitions: partitions,
    replicationFactor,
    configEntries: [
      compacted === true
        ? { name: 'cleanup.policy', value: 'compact' }
        : { name: 'retention.ms', value: String(retention_ms ?? -1) },
    ],
  };
}
