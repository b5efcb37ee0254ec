/**
 * The process of a stage where no Knative delivers the bucket's notifications: takes them from Kafka for the functions that
 * AURUM_FUNCTION names, and answers /health and /ready on PORT. Processes of the same functions share the work.
 */
import { kafkaConnection } from '#lib/runtime/compose.ts';
import { runHost } from './host-process.ts';
import { startKafkaHost } from './kafka.ts';

runHost({
  wanted: ['AURUM_KAFKA_BROKERS'],
  consume: async ({ config, ports, functions }) => {
    const { AURUM_STORAGE_TOPIC: topic, AURUM_CONCURRENCY: concurrency } = config;
    return startKafkaHost({
      ...(await kafkaConnection(config)),
      topic,
      group: groupOf(config.AURUM_FUNCTION!, topic),
      functions,
      dead_letters: ports,
      ...(concurrency === undefined ? {} : { concurrency }),
    });
  },
});

/** A record is acknowledged for a whole group, so only processes of the same functions may share one. */
function groupOf(names: string, topic: string): string {
  const functions = names.split(',').map((name) => name.trim().replaceAll('/', '.'));
  return `aurum-${functions.sort().join('+')}@${topic}`;
}
