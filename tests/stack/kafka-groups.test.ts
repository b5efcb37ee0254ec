/** Members of one group that come, go and are killed while records arrive: everything is delivered, nothing that was aborted. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KafkaEventBus, kafkaEventBus } from '#lib/adapters/event-bus/kafka.ts';
import { all, reading, readings } from '#tests/contract/event-bus/cases.ts';
import { absent, deploy, newInstallation, removeInstallations } from './kafka-cluster.ts';

const topic = { ...readings(), partitions: 6, key: (value: Record<string, unknown>) => String(value.count) };
const settings = newInstallation();
const buses: KafkaEventBus[] = [];
const newBus = () => {
  const bus = kafkaEventBus(settings);
  buses.push(bus);
  return bus;
};

describe.skipIf(absent !== undefined)(`Kafka groups${absent === undefined ? '' : `: ${absent}`}`, () => {
  beforeAll(() => deploy(settings, [topic]));
  afterAll(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await removeInstallations();
  });

  test('three members that join and leave 20 times while records arrive get all of them', async () => {
    const publisher = newBus();
    const seen: number[] = [];
    let joined = 0;
    const member = async () => {
      const bus = newBus();
      while (joined < 20) {
        const delivered = await bus.drain(topic, 'desk', async ({ value }) => {
          await pause(2);
          seen.push(Number(value.count));
        });
        // A drain that finds nothing joins no group.
        if (delivered > 0) joined += 1;
      }
    };
    const members = Promise.all([member(), member(), member()]);
    let published = 0;
    for (let batch = 0; joined < 20; batch++, published += 100) {
      await pause(100);
      const start = published;
      const values = Array.from({ length: 100 }, (_, index) => reading(start + index));
      await publisher.publish(topic, `batch ${batch}`, values);
    }
    await members;
    await newBus().drain(topic, 'desk', async ({ value }) => {
      seen.push(Number(value.count));
    });
    const again = seen.length - new Set(seen).size;
    process.stdout.write(`${joined} joins, ${published} records, ${again} delivered again\n`);
    expect(new Set(seen)).toEqual(new Set(Array.from({ length: published }, (_, count) => count)));
    expect(await newBus().drain(topic, 'desk', async () => {})).toBe(0);
  });

  test('a member killed between records loses none of them', async () => {
    const script = join(import.meta.dirname, 'kafka-publisher.ts');
    const bus = newBus();
    const other = { ...topic, partitions: 1, name: 'aurum.weather.single.v1' };
    await deploy(settings, [other]);
    await bus.publish(
      other,
      'many',
      Array.from({ length: 600 }, (_, count) => reading(count)),
    );
    const child = fork(script, [JSON.stringify(settings), 'drain', other.name]);
    const before: number[] = [];
    child.on('message', (count: number) => before.push(count));
    const [, signal] = (await once(child, 'exit')) as [number, string];
    expect(signal).toBe('SIGKILL');
    const after: number[] = [];
    await bus.drain(other, 'desk', async ({ value }) => {
      after.push(Number(value.count));
    });
    expect(before.length).toBeGreaterThanOrEqual(400);
    expect(new Set([...before, ...after]).size).toBe(600);
    expect(after[0]).toBe(256);
  });

  test('reading a topic while it grows, each time from the last position on, gives each record once', async () => {
    const bus = newBus();
    const growing = { ...topic, name: 'aurum.weather.growing.v1' };
    await deploy(settings, [growing]);
    const seen: unknown[] = [];
    let position: string | undefined;
    for (let batch = 0; batch < 8; batch++) {
      await bus.publish(
        growing,
        `batch ${batch}`,
        [0, 1, 2].map((index) => reading(batch * 3 + index)),
      );
      const records = await all(bus.read(growing, position));
      const positions = [position ?? '', ...records.map((record) => record.position)];
      expect(positions).toEqual([...positions].sort());
      seen.push(...records.map(({ value }) => value.count));
      position = records.at(-1)?.position;
    }
    expect(seen.sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 24 }, (_, count) => count),
    );
  });
});
