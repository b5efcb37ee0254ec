/** One copy of a batch per marker: after kills at each request, under races, past what was aborted. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Topic } from '#events/topic.ts';
import { type KafkaEventBus, kafkaEventBus } from '#lib/adapters/event-bus/kafka.ts';
import { kafkaClient } from '#lib/adapters/event-bus/kafka-client.ts';
import { all, reading, readings } from '#tests/contract/event-bus/cases.ts';
import { absent, deploy, newInstallation } from './kafka-cluster.ts';

const topic = { ...readings(), partitions: 3 } as Topic<Record<string, unknown>>;
const settings = newInstallation();
const script = join(import.meta.dirname, 'kafka-publisher.ts');
let bus: KafkaEventBus;

const stations = async () => (await all(bus.read(topic))).map(({ value }) => String(value.station));

describe.skipIf(absent !== undefined)(
  `Kafka transactions${absent === undefined ? '' : `: ${absent}`}`,
  () => {
    beforeAll(async () => {
      await deploy(settings, [topic as Topic<unknown>]);
      bus = kafkaEventBus(settings);
    });
    afterAll(() => bus?.close());

    test('a publisher killed before or after any of its requests leaves all or nothing, and then one copy', async () => {
      const ROWS = 4500;
      const found = { nothing: 0, all: 0 };
      for (const when of ['before', 'after']) {
        for (let nth = 1, killed = true; killed; nth++) {
          const marker = `killed ${when} ${nth}`;
          const values = Array.from({ length: ROWS }, (_, count) =>
            reading(count, { station: `${marker} ${count % 50}` }),
          );
          const args = [script, JSON.stringify(settings), 'crash', marker, String(ROWS), String(nth), when];
          const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
          const [, signal] = (await once(child, 'exit')) as [number, string | null];
          killed = signal === 'SIGKILL';
          const count = async () =>
            (await stations()).filter((station) => station.startsWith(`${marker} `)).length;
          const left = await count();
          expect([0, ROWS], marker).toContain(left);
          found[left === 0 ? 'nothing' : 'all'] += 1;
          const began_ms = Date.now();
          const outcome = await bus.publish(topic, marker, values);
          expect(Date.now() - began_ms, `${marker}: not held up by a timeout`).toBeLessThan(10_000);
          if (left === ROWS) expect(outcome).toBe('already');
          expect(await count(), marker).toBe(ROWS);
          if (!killed) expect(nth).toBeGreaterThan(6);
        }
      }
      process.stdout.write(`kills: ${JSON.stringify(found)}\n`);
      expect(found.nothing).toBeGreaterThan(6);
      expect(found.all).toBeGreaterThan(1);
    });

    test('of two processes racing for one marker, one publishes, 20 times', async () => {
      const racers = [0, 1].map(() => fork(script, [JSON.stringify(settings), 'race']));
      const answer = async (racer: ChildProcess) =>
        (await once(racer, 'message'))[0] as { outcome: string; pid: number };
      try {
        for (let race = 1; race <= 20; race++) {
          const answers = racers.map(answer);
          for (const racer of racers) racer.send(`race ${race}`);
          const ended = await Promise.all(answers);
          expect(ended.map(({ outcome }) => outcome).sort(), `race ${race}`).toEqual([
            'already',
            'published',
          ]);
          const winner = ended.find(({ outcome }) => outcome === 'published')!;
          const rows = (await stations()).filter((station) => station.startsWith(`race ${race} by`));
          expect(rows).toEqual(Array.from({ length: 50 }, () => `race ${race} by ${winner.pid}`));
        }
      } finally {
        for (const racer of racers) racer.disconnect();
        await Promise.all(racers.map((racer) => once(racer, 'exit')));
      }
    });

    test('what overlapping transactions aborted is never read', async () => {
      const kafka = kafkaClient(settings);
      const name = settings.topic_prefix + topic.name;
      const [first, second, third] = await Promise.all(
        ['first', 'second', 'third'].map(async (id) => {
          const producer = kafka.producer({
            transactionalId: `${name} ${id}`,
            idempotent: true,
            maxInFlightRequests: 1,
          });
          await producer.connect();
          return { producer, transaction: await producer.transaction() };
        }),
      );
      const before = await stations();
      const abort = { topic: name, messages: [{ key: 'aborted', value: 'no value at all', partition: 0 }] };
      await first!.transaction.send(abort);
      await second!.transaction.send(abort);
      await third!.transaction.send(abort);
      await second!.transaction.abort();
      await bus.publish(topic, 'among aborted', [reading(1, { station: 'among aborted' })]);
      await first!.transaction.send(abort);
      await first!.transaction.abort();
      await third!.transaction.abort();
      for (const { producer } of [first!, second!, third!]) await producer.disconnect();
      await expect.poll(stations).toEqual(expect.arrayContaining([...before, 'among aborted']));
      expect(await stations()).toHaveLength(before.length + 1);
    });

    test('a batch that is too large for Kafka is refused and leaves nothing open', async () => {
      const large = reading(1, { station: 'L'.repeat(2_000_000) });
      await expect(bus.publish(topic, 'large', [reading(2), large])).rejects.toMatchObject({
        code: 'event_too_large',
        kind: 'refused',
      });
      expect(await bus.publish(topic, 'large', [reading(2, { station: 'small' })])).toBe('published');
      expect((await stations()).filter((station) => station === 'small')).toHaveLength(1);
    });
  },
);
