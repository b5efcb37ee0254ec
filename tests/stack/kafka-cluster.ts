/** The real cluster and registry of these tests, and buses with names of their own on them. */
import { randomUUID } from 'node:crypto';
import {
  type KafkaEventBus,
  type KafkaEventBusSettings,
  kafkaEventBus,
} from '#lib/adapters/event-bus/kafka.ts';
import { kafkaClient } from '#lib/adapters/event-bus/kafka-client.ts';
import { schemaRegistry } from '#lib/adapters/event-bus/kafka-registry.ts';
import { registerSchemas, type TopicSchema } from '#lib/adapters/event-bus/kafka-schemas.ts';
import { ensureTopics, type TopicSettings } from '#lib/adapters/event-bus/kafka-topics.ts';

const { AURUM_KAFKA_BROKERS, AURUM_SCHEMA_REGISTRY_URL } = process.env;

export const absent =
  AURUM_KAFKA_BROKERS === undefined || AURUM_SCHEMA_REGISTRY_URL === undefined
    ? 'AURUM_KAFKA_BROKERS and AURUM_SCHEMA_REGISTRY_URL are not set'
    : undefined;
export const brokers = (AURUM_KAFKA_BROKERS ?? '').split(',');
export const registry_url = AURUM_SCHEMA_REGISTRY_URL ?? '';

const RUN = `test-${randomUUID().slice(0, 8)}`;
let installations = 0;

/** Settings under which no topic, subject, group or marker is there yet. */
export function newInstallation(): KafkaEventBusSettings & { readonly topic_prefix: string } {
  installations += 1;
  return { brokers, registry: { registry_url }, topic_prefix: `${RUN}-${installations}.` };
}

/** Removes what this file's tests made on the cluster, which others use, too. */
export async function removeInstallations(): Promise<void> {
  if (absent !== undefined) return;
  const admin = kafkaClient({ brokers }).admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((name) => name.startsWith(RUN));
  if (topics.length > 0) await admin.deleteTopics({ topics });
  await admin.disconnect();
  const subjects = (await (await fetch(`${registry_url}/subjects`)).json()) as string[];
  for (const subject of subjects.filter((name) => name.startsWith(RUN))) {
    await fetch(`${registry_url}/subjects/${subject}`, { method: 'DELETE' });
  }
}

/** What `npm run bootstrap` does for a topic. */
export async function deploy(
  settings: KafkaEventBusSettings,
  topics: readonly (TopicSchema & TopicSettings)[],
): Promise<void> {
  const topic_prefix = settings.topic_prefix ?? '';
  await registerSchemas(schemaRegistry(settings.registry), topics, { topic_prefix });
  await ensureTopics(settings, topics, { topic_prefix });
}

/** A bus whose topics are deployed when they are first published to. */
export function deployedBus(settings: KafkaEventBusSettings = newInstallation()): KafkaEventBus {
  const bus = kafkaEventBus(settings);
  const deployed = new Map<object, Promise<void>>();
  return {
    ...bus,
    async publish(topic, marker, values) {
      const ready = deployed.get(topic) ?? deploy(settings, [topic]);
      deployed.set(topic, ready);
      await ready;
      return bus.publish(topic, marker, values);
    },
  };
}
