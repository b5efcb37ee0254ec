import { afterAll, test } from 'vitest';
import type { KafkaEventBus } from '#lib/adapters/event-bus/kafka.ts';
import { eventBusCases } from '#tests/contract/event-bus/cases.ts';
import { absent, deployedBus, removeInstallations } from './kafka-cluster.ts';

const buses: KafkaEventBus[] = [];
const newBus = () => {
  const bus = deployedBus();
  buses.push(bus);
  return bus;
};
afterAll(async () => {
  await Promise.all(buses.map((bus) => bus.close()));
  await removeInstallations();
});

if (absent === undefined) eventBusCases('Kafka', newBus);
else test.skip(`Kafka: ${absent}`, () => {});
