import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { logEventBus } from '#lib/adapters/event-bus/log.ts';
import { all, eventBusCases, reading, readings } from './cases.ts';

const home = mkdtempSync(join(tmpdir(), 'aurum-event-log-'));
afterAll(() => rmSync(home, { recursive: true }));
const newFolder = () => mkdtempSync(join(home, 'log-'));
const topic = readings();
const logFile = (dir: string) => join(dir, topic.name, 'events.log');
const counts = async (dir: string) =>
  (await all(logEventBus({ dir }).read(topic))).map(({ value }) => value.count);

eventBusCases('event log', () => logEventBus({ dir: newFolder() }));

describe('event log after a crash', () => {
  test('a frame cut at any byte is absent as a whole, and published again once', async () => {
    const dir = newFolder();
    const bus = logEventBus({ dir });
    await bus.publish(topic, 'a', [reading(1)]);
    const before = readFileSync(logFile(dir)).length;
    await bus.publish(topic, 'b', [reading(2), reading(3)]);
    const whole = readFileSync(logFile(dir));
    for (let length = before; length < whole.length; length++) {
      writeFileSync(logFile(dir), whole.subarray(0, length));
      expect(await counts(dir), `cut at ${length} of ${whole.length}`).toEqual([1]);
      const restarted = logEventBus({ dir });
      expect(await restarted.publish(topic, 'a', [reading(1)])).toBe('already');
      expect(await restarted.publish(topic, 'b', [reading(2), reading(3)])).toBe('published');
      expect(readFileSync(logFile(dir)).equals(whole), `written again after ${length}`).toBe(true);
    }
  });

  test('a last frame whose blocks never reached the disk is absent, too', async () => {
    const dir = newFolder();
    await logEventBus({ dir }).publish(topic, 'a', [reading(1)]);
    const { length } = readFileSync(logFile(dir));
    await logEventBus({ dir }).publish(topic, 'b', [reading(2)]);
    const whole = readFileSync(logFile(dir));
    for (const from of [length, length + 4, length + 30, whole.length - 5]) {
      writeFileSync(logFile(dir), Buffer.from(whole).fill(0, from));
      expect(await counts(dir)).toEqual([1]);
      expect(await logEventBus({ dir }).publish(topic, 'b', [reading(2)])).toBe('published');
      expect(await counts(dir)).toEqual([1, 2]);
    }
  });

  test('damage before whole frames is reported and cuts nothing off', async () => {
    const dir = newFolder();
    const bus = logEventBus({ dir });
    await bus.publish(topic, 'a', [reading(1)]);
    const { length } = readFileSync(logFile(dir));
    await bus.publish(topic, 'b', [reading(2)]);
    await bus.publish(topic, 'c', [reading(3)]);
    const whole = readFileSync(logFile(dir));
    for (const at of [length, length + 5, length + 9, length + 17, length + 25]) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 0xff;
      writeFileSync(logFile(dir), damaged);
      await expect(counts(dir)).rejects.toMatchObject({ code: 'event_log_corrupt', kind: 'fault' });
      await expect(logEventBus({ dir }).publish(topic, 'd', [])).rejects.toMatchObject({
        code: 'event_log_corrupt',
      });
      expect(readFileSync(logFile(dir))).toEqual(damaged);
    }
    const body = Buffer.from(whole);
    body[length + 100]! ^= 0xff;
    writeFileSync(logFile(dir), body);
    await expect(counts(dir)).rejects.toMatchObject({ code: 'event_log_corrupt' });
  });

  test('what another process appended meanwhile is seen before the next publication', async () => {
    const dir = newFolder();
    const here = logEventBus({ dir });
    await here.publish(topic, 'a', [reading(1)]);
    await logEventBus({ dir }).publish(topic, 'b', [reading(2)]);
    expect(await here.publish(topic, 'b', [reading(2)])).toBe('already');
    expect(await here.publish(topic, 'c', [reading(3)])).toBe('published');
    truncateSync(logFile(dir), 0);
    expect(await here.publish(topic, 'a', [reading(1)])).toBe('published');
    expect(await counts(dir)).toEqual([1]);
  });

  test('buses of one process that write one topic at once lose nothing and double nothing', async () => {
    const dir = newFolder();
    const buses = [dir, `${dir}/`, join(dir, '.', 'events', '..')].map((path) => logEventBus({ dir: path }));
    const asked = Array.from({ length: 60 }, (_, index) => index);
    const outcomes = await Promise.all(
      asked.flatMap((index) => buses.map((bus) => bus.publish(topic, `marker-${index}`, [reading(index)]))),
    );
    expect(outcomes.filter((outcome) => outcome === 'published')).toHaveLength(asked.length);
    expect((await counts(dir)).toSorted((a, b) => Number(a) - Number(b))).toEqual(asked);
  });

  test('a group goes on where it was in another process', async () => {
    const dir = newFolder();
    const values = Array.from({ length: 600 }, (_, count) => reading(count));
    await logEventBus({ dir }).publish(topic, 'many', values);
    const seen: unknown[] = [];
    const handle = async ({ value }: { value: Record<string, unknown> }) => {
      if (value.count === 300 && seen.length === 300) throw new Error('stopped');
      seen.push(value.count);
    };
    await expect(logEventBus({ dir }).drain(topic, 'desk', handle)).rejects.toThrow('stopped');
    seen.push('restart');
    expect(await logEventBus({ dir }).drain(topic, 'desk', handle)).toBe(300);
    expect(seen.filter((count) => count !== 'restart')).toEqual(values.map(({ count }) => count));
  });

  test('a consumer killed between records misses none', () => {
    const dir = newFolder();
    const script = join(import.meta.dirname, 'killed-consumer.ts');
    const run = (kill_at: number) => spawnSync(process.execPath, [script, dir, String(kill_at)]);
    expect(run(400).signal).toBe('SIGKILL');
    const { stdout, status } = run(-1);
    expect(status).toBe(0);
    const seen = readFileSync(join(dir, 'seen'), 'utf8').trim().split('\n').map(Number);
    expect(new Set(seen).size).toBe(600);
    expect(seen.length).toBeLessThanOrEqual(600 + 256);
    expect(Number(stdout)).toBe(600 - 256);
  });

  test('names that would leave the folder are refused', async () => {
    const bus = logEventBus({ dir: newFolder() });
    for (const name of ['../up', 'a/b', '.', '..', '', 'a\0']) {
      await expect(bus.publish({ ...topic, name }, 'm', [])).rejects.toMatchObject({ code: 'topic_invalid' });
      await expect(bus.drain(topic, name, async () => {})).rejects.toMatchObject({ code: 'topic_invalid' });
    }
  });
});
