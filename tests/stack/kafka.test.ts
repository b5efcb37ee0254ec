import { afterAll, expect, test } from 'vitest';
import type { KafkaEventBus } from '#lib/adapters/event-bus/kafka.ts';
import { eventBusCases, reading, readings } from '#tests/contract/event-bus/cases.ts';
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

if (absent === undefined) {
  eventBusCases('Kafka', newBus);

  test('a record of a batch of several requests is found, whatever partition its key leads to', async () => {
    const bus = newBus();
    const topic = { ...readings(), partitions: 4 };
    const batch = (start: number) =>
      Array.from({ length: 3_000 }, (_, at) => reading(start + at, { station: `station ${at % 50}` }));
    await Promise.all([0, 10_000, 20_000].map((start) => bus.publish(topic, `from ${start}`, batch(start))));
    const positions = new Map<unknown, string>();
    for await (const { position, value } of bus.read(topic)) positions.set(value.count, position);
    for (const count of [10_000, 10_001, 10_049, 11_999, 12_000, 12_999]) {
      const found = await bus.locate!(topic, 'from 10000', (value) => value.count === count);
      expect(found).toBe(positions.get(count));
    }
    expect(await bus.locate!(topic, 'from 10000', (value) => value.count === 20_000)).toBeUndefined();
  });
} else test.skip(`Kafka: ${absent}`, () => {});
