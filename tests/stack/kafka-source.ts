/**
 * What Knative's KafkaSource, broker and triggers do with a topic: each record as a CloudEvent in binary mode to every
 * function whose filter it passes, again with backoff on 404, 408, 409, 429 and 5xx.
 */
import { Kafka, logLevel } from 'kafkajs';
import { functionList } from '#lib/runtime/hosts/server-functions.gen.ts';
import { eventPath } from '#lib/runtime/triggers.ts';

export interface KafkaSource {
  /** Events every function took. */
  delivered(): number;
  close(): Promise<void>;
}

export async function kafkaSource(brokers: string[], topic: string, server: string): Promise<KafkaSource> {
  const kafka = new Kafka({ brokers, clientId: 'kafka-source', logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `kafka-source-${process.pid}-${Date.now()}` });
  let delivered = 0;
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: false });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    partitionsConsumedConcurrently: 6,
    eachMessage: async ({ partition, message }) => {
      const body = message.value!.toString();
      const key = String((JSON.parse(body) as { Key: string }).Key).replace(/^[^/]+\//, '');
      const wanted = functionList.filter(
        ({ trigger }) =>
          trigger.kind === 'object-created' &&
          key.startsWith(trigger.prefix) &&
          key.endsWith(trigger.suffix ?? ''),
      );
      const id = `partition:${partition}/offset:${message.offset}`;
      await Promise.all(
        wanted.map(({ name }) =>
          deliver(`${server}${eventPath(name.slice(name.indexOf('/') + 1))}`, id, body),
        ),
      );
      delivered += 1;
    },
  });
  await joined;
  return { delivered: () => delivered, close: () => consumer.disconnect() };
}

const RETRIED = (status: number) => [404, 408, 409, 429].includes(status) || status >= 500;

async function deliver(url: string, id: string, body: string): Promise<void> {
  const headers = {
    'content-type': 'application/json',
    'ce-specversion': '1.0',
    'ce-type': 'dev.knative.kafka.event',
    'ce-source': '/apis/v1/namespaces/aurum/kafkasources/storage#aurum.storage.event.v1',
    'ce-id': id,
  };
  for (let attempt = 0; attempt < 10; attempt++) {
    const answer = await fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
    if (answer !== undefined && !RETRIED(answer.status)) return;
    await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
  }
  throw new Error(`${url} did not take ${id}`);
}
