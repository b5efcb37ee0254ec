/** One copy of a batch per marker: after kills at each request, under races, past what was aborted. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type KafkaEventBus, kafkaEventBus } from '#lib/adapters/event-bus/kafka.ts';
import { kafkaClient } from '#lib/adapters/event-bus/kafka-client.ts';
import { all, reading, readings } from '#tests/contract/event-bus/cases.ts';
import { absent, deploy, newInstallation, removeInstallations } from './kafka-cluster.ts';

const topic = { ...readings(), partitions: 3 };
const settings = newInstallation();
const script = join(import.meta.dirname, 'kafka-publisher.ts');
let bus: KafkaEventBus;

/** Station of each record, after a position or of all. */
const stations = async (after?: string) =>
  (await all(bus.read(topic, after))).map(({ value }) => String(value.station));
const end = async (after?: string) => (await all(bus.read(topic, after))).at(-1)?.position ?? after;

describe.skipIf(absent !== undefined)(
  `Kafka transactions${absent === undefined ? '' : `: ${absent}`}`,
  () => {
    beforeAll(async () => {
      await deploy(settings, [topic]);
      bus = kafkaEventBus(settings);
    });
    afterAll(async () => {
      await bus?.close();
      await removeInstallations();
    });

    test('a publisher killed before or after any of its requests leaves all or nothing, and then one copy', async () => {
      const ROWS = 2500;
      let after: string | undefined;
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
            (await stations(after)).filter((station) => station.startsWith(`${marker} `)).length;
          const left = await count();
          expect([0, ROWS], marker).toContain(left);
          found[left === 0 ? 'nothing' : 'all'] += 1;
          const began_ms = Date.now();
          const outcome = await bus.publish(topic, marker, values);
          expect(Date.now() - began_ms, `${marker}: not held up by a timeout`).toBeLessThan(10_000);
          if (left === ROWS) expect(outcome).toBe('already');
          expect(await count(), marker).toBe(ROWS);
          if (!killed) expect(nth).toBeGreaterThan(6);
          after = await end(after);
        }
      }
      process.stdout.write(`kills: ${JSON.stringify(found)}\n`);
      expect(found.nothing).toBeGreaterThan(6);
      expect(found.all).toBeGreaterThan(1);
    });

    test('of two processes racing for one marker, one publishes, 20 times', async () => {
      let after = await end();
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
          const rows = await stations(after);
          expect(rows).toEqual(Array.from({ length: 50 }, () => `race ${race} by ${winner.pid}`));
          after = await end(after);
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
      const after = await end();
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
      await expect.poll(() => stations(after), { timeout: 10_000 }).toEqual(['among aborted']);
    });

    test('a record that is too large for Kafka is refused with its batch and leaves nothing open', async () => {
      const noted = { ...readings({ note: z.string() }), name: 'aurum.weather.note.v1' };
      await deploy(settings, [noted]);
      const large = reading(2, { note: randomBytes(1_000_000).toString('hex') });
      await expect(bus.publish(noted, 'large', [reading(1, { note: '' }), large])).rejects.toMatchObject({
        code: 'event_too_large',
        kind: 'refused',
      });
      expect(await bus.publish(noted, 'large', [reading(3, { note: '' })])).toBe('published');
      expect((await all(bus.read(noted))).map(({ value }) => value.count)).toEqual([3]);
    });
  },
);
