import { kafkaClient, kafkaCluster } from '#lib/adapters/event-bus/kafka-client.ts';
import { kafkaLog } from '#lib/adapters/event-bus/kafka-log.ts';
import { ensureTopics, storageEventTopic } from '#lib/adapters/event-bus/kafka-topics.ts';
import { memoryEventBus } from '#lib/adapters/event-bus/memory.ts';
import { ingestErrorTopic } from '#events/ingest-error.ts';
import { busy } from '#lib/domain/errors.ts';
import { startKafkaHost } from '#lib/runtime/hosts/kafka.ts';
import { objectCreated } from '#lib/runtime/triggers.ts';
import { brokers, newInstallation, removeInstallations } from './kafka-cluster.ts';
const producer = kafkaClient({ brokers }).producer({ allowAutoTopicCreation: false, idempotent: process.argv[2] === 'idempotent', maxInFlightRequests: 1 });
await producer.connect();
const log = kafkaLog(kafkaCluster({ brokers }, kafkaClient({ brokers })));
const tally = { runs: 0, log_has_more: 0, host_delivered_more: 0 };
for (let run = 0; run < 25; run++) {
  const { topic_prefix } = newInstallation(); const topic = topic_prefix + storageEventTopic.name;
  await ensureTopics({ brokers }, [], { topic_prefix });
  const seen: string[] = []; let away = 1;
  const host = await startKafkaHost({ brokers, topic, group: `${topic}.g`, retry_after_ms: 50, dead_letters: { bus: memoryEventBus(), errorTopic: ingestErrorTopic, clock: { now: () => '' } }, functions: [{ name: 'p', trigger: objectCreated('raw/'), handler: async (e) => { const key = (e as any).Records[0].s3.object.key; if (key === 'raw/held' && away-- > 0) throw busy('x', 'away'); seen.push(key); } }] });
  const on = (partition: number, key: string) => ({ partition, value: JSON.stringify({ Records: [{ eventName: 's3:ObjectCreated:Put', eventTime: '2025-09-12T21:30:00.000Z', s3: { bucket: { name: 'aurum' }, object: { key } } }] }) });
  await producer.send({ topic, messages: [on(0, 'raw/held'), on(0, 'raw/behind'), on(1, 'raw/other')] });
  await new Promise((r) => setTimeout(r, 3000)); await host.stop();
  const stored = [...(await log.offsets(topic, 'end')).values()].reduce((a, b) => a + b, 0);
  tally.runs++; if (stored > 3) tally.log_has_more++; if (seen.length > stored) tally.host_delivered_more++;
  if (stored !== 3 || seen.length !== 3) console.log({ run, stored, seen });
}
console.log(process.argv[2], tally); await producer.disconnect(); await log.close(); await removeInstallations();
