/** What every event bus does, whatever holds its records. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { curveObservationTopic } from '#events/curve-observation.ts';
import type { Topic } from '#events/topic.ts';
import type { EventBus, PublishedRecord } from '#lib/ports/event-bus.ts';
import { months } from '#tests/fixtures/rows.ts';

/** A small topic of its own; `more` are fields a later version of its schema has. */
export function readings(more: z.core.$ZodLooseShape = {}): Topic<Record<string, unknown>> {
  const schema = z.strictObject({
    station: z.string().min(1),
    at: z.iso.datetime({ precision: 3 }),
    day: z.iso.date(),
    level: z.number().nullable(),
    count: z.int(),
    kind: z.enum(['rain', 'wind']),
    ...more,
  });
  return {
    name: 'aurum.weather.reading.v1',
    description: 'Readings of a station',
    partitions: 1,
    schema,
    key: (value) => String(value.station),
  };
}

export const reading = (count: number, part: Record<string, unknown> = {}) => ({
  station: `station ${count % 3}`,
  at: '2025-09-12T21:30:00.123Z',
  day: '2025-09-12',
  level: count / 3,
  count,
  kind: 'rain',
  ...part,
});

export async function all<T>(records: AsyncIterable<PublishedRecord<T>>): Promise<PublishedRecord<T>[]> {
  const read: PublishedRecord<T>[] = [];
  for await (const record of records) read.push(record);
  return read;
}

const counts = (records: readonly PublishedRecord<Record<string, unknown>>[]) =>
  records.map(({ value }) => value.count);

export function eventBusCases(name: string, newBus: () => EventBus): void {
  describe(`${name}: publication`, () => {
    test('what is published is read, in order, keyed, with the identical values', async () => {
      const bus = newBus();
      const rows = months('2025-10-01', [46.75, -0, 5e-324, 0.1 + 0.2, -1.7976931348623157e308], {
        spark_location: null,
        location: 'Zürich – “West” 🇨🇭',
      });
      expect(await bus.publish(curveObservationTopic, 'pw-20250912-1', rows)).toBe('published');
      const records = await all(bus.read(curveObservationTopic));
      expect(records.map(({ value }) => value)).toStrictEqual(rows);
      expect(records.every(({ key, value }) => key === value.curve_key)).toBe(true);
      expect(records.every(({ topic }) => topic === 'aurum.curve.observation.v1')).toBe(true);
      const positions = records.map(({ position }) => position);
      expect(positions).toEqual([...new Set(positions)].sort());
    });

    test('1,000 publications of one marker, 100 at once, leave one copy', async () => {
      const bus = newBus();
      const topic = readings();
      const outcomes: string[] = [];
      for (let round = 0; round < 10; round++) {
        const batch = Array.from({ length: 100 }, () =>
          bus.publish(topic, 'version 1', [reading(1), reading(2)]),
        );
        outcomes.push(...(await Promise.all(batch)));
      }
      expect(outcomes.filter((outcome) => outcome === 'published')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'already')).toHaveLength(999);
      expect(counts(await all(bus.read(topic)))).toEqual([1, 2]);
    });

    test('batches published at once are all there, each in one piece', async () => {
      const bus = newBus();
      const topic = readings();
      const batch = (start: number) => [0, 1, 2].map((offset) => reading(start + offset));
      await Promise.all([0, 10, 20, 30].map((start) => bus.publish(topic, `from ${start}`, batch(start))));
      const read = counts(await all(bus.read(topic))).map(Number);
      for (const start of [0, 10, 20, 30]) {
        const at = read.indexOf(start);
        expect(read.slice(at, at + 3)).toEqual([start, start + 1, start + 2]);
      }
      expect(read).toHaveLength(12);
    });

    test('a record is found in its batch, where the bus can tell', async () => {
      const bus = newBus();
      const topic = readings();
      if (bus.locate === undefined) return;
      expect(await bus.locate(topic, 'a', () => true)).toBeUndefined();
      await bus.publish(topic, 'a', [reading(1), reading(2)]);
      await bus.publish(topic, 'b', [reading(1), reading(2), reading(3)]);
      const records = await all(bus.read(topic));
      const place = (marker: string, count: number) =>
        bus.locate!(topic, marker, (value) => value.count === count);
      const found = [await place('a', 1), await place('a', 2), await place('b', 1), await place('b', 3)];
      expect(found).toEqual([0, 1, 2, 4].map((at) => records[at]!.position));
      expect(await place('a', 3)).toBeUndefined();
      expect(await place('c', 1)).toBeUndefined();
    });

    test('an empty batch holds its marker', async () => {
      const bus = newBus();
      expect(await bus.publish(readings(), 'empty', [])).toBe('published');
      expect(await bus.publish(readings(), 'empty', [reading(1)])).toBe('already');
      expect(await all(bus.read(readings()))).toEqual([]);
    });

    test.each([
      ['a NaN', reading(5, { level: Number.NaN }), 'level'],
      ['an infinity', reading(5, { level: Number.POSITIVE_INFINITY }), 'level'],
      ['text for a number', reading(5, { count: '5' }), 'count'],
      ['a fraction for an integer', reading(5, { count: 5.5 }), 'count'],
      ['a day that is not', reading(5, { day: '2025-02-30' }), 'day'],
      ['an instant without milliseconds', reading(5, { at: '2025-09-12T21:30:00Z' }), 'at'],
      ['an unknown kind', reading(5, { kind: 'snow' }), 'kind'],
      ['null where null is not allowed', reading(5, { station: null }), 'station'],
    ])('a batch with %s is refused as a whole, first record or last', async (_, bad, field) => {
      const bus = newBus();
      const topic = readings();
      for (const [code, batch] of [
        ['event_invalid', [bad, reading(1)]],
        ['avro_invalid', [reading(1), reading(2), bad]],
      ] as const) {
        await expect(bus.publish(topic, 'bad', batch)).rejects.toMatchObject({ code, place: { field } });
      }
      expect(await all(bus.read(topic))).toEqual([]);
      expect(await bus.publish(topic, 'bad', [reading(1)])).toBe('published');
    });

    test('an iterable that fails half-way publishes nothing', async () => {
      const bus = newBus();
      function* failing() {
        yield reading(1);
        throw new Error('source gone');
      }
      await expect(bus.publish(readings(), 'half', failing())).rejects.toThrow('source gone');
      expect(await all(bus.read(readings()))).toEqual([]);
    });

    test('a marker without text or of endless text is refused', async () => {
      for (const marker of ['', 'm'.repeat(2000)]) {
        await expect(newBus().publish(readings(), marker, [])).rejects.toMatchObject({
          code: 'marker_invalid',
        });
      }
    });
  });

  readingCases(name, newBus);
  evolutionCases(name, newBus);
}

function readingCases(name: string, newBus: () => EventBus): void {
  describe(`${name}: reading`, () => {
    test('an unknown topic is empty', async () => {
      expect(await all(newBus().read(readings()))).toEqual([]);
      expect(await newBus().drain(readings(), 'desk', async () => {})).toBe(0);
    });

    test('reading goes on after any position', async () => {
      const bus = newBus();
      const topic = readings();
      await bus.publish(topic, 'a', [reading(1), reading(2)]);
      await bus.publish(topic, 'b', [reading(3), reading(4), reading(5)]);
      const records = await all(bus.read(topic));
      for (const [index, { position }] of records.entries()) {
        expect(counts(await all(bus.read(topic, position)))).toEqual([1, 2, 3, 4, 5].slice(index + 1));
      }
      await expect(all(bus.read(topic, '12'))).rejects.toMatchObject({ code: 'position_invalid' });
    });

    test('each group gets everything once while its handler succeeds', async () => {
      const bus = newBus();
      const topic = readings();
      const seen: Record<string, unknown[]> = { desk: [], alerts: [] };
      const drain = (group: 'desk' | 'alerts') =>
        bus.drain(topic, group, async ({ value }) => {
          seen[group]!.push(value.count);
        });
      await bus.publish(topic, 'a', [reading(1), reading(2)]);
      expect(await drain('desk')).toBe(2);
      expect(await drain('desk')).toBe(0);
      await bus.publish(topic, 'b', [reading(3)]);
      expect(await drain('desk')).toBe(1);
      expect(await drain('alerts')).toBe(3);
      expect(seen).toEqual({ desk: [1, 2, 3], alerts: [1, 2, 3] });
    });

    test('a record whose handler failed comes again, those before it do not', async () => {
      const bus = newBus();
      const topic = readings();
      await bus.publish(
        topic,
        'a',
        [1, 2, 3, 4].map((count) => reading(count)),
      );
      const seen: unknown[] = [];
      let failures = 2;
      const handle = async ({ value }: PublishedRecord<Record<string, unknown>>) => {
        if (value.count === 3 && failures-- > 0) throw new Error('receiver down');
        seen.push(value.count);
      };
      await expect(bus.drain(topic, 'desk', handle)).rejects.toThrow('receiver down');
      await expect(bus.drain(topic, 'desk', handle)).rejects.toThrow('receiver down');
      expect(await bus.drain(topic, 'desk', handle)).toBe(2);
      expect(seen).toEqual([1, 2, 3, 4]);
    });

    test('one group drained twice at once gets nothing twice', async () => {
      const bus = newBus();
      await bus.publish(
        readings(),
        'a',
        [1, 2, 3].map((count) => reading(count)),
      );
      const seen: unknown[] = [];
      const drain = () =>
        bus.drain(readings(), 'desk', async ({ value }) => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          seen.push(value.count);
        });
      expect(await Promise.all([drain(), drain()])).toEqual([3, 0]);
      expect(seen).toEqual([1, 2, 3]);
    });
  });
}

function evolutionCases(name: string, newBus: () => EventBus): void {
  describe(`${name}: a schema that changes`, () => {
    test('records from before an added field are read with its default', async () => {
      const bus = newBus();
      await bus.publish(readings(), 'old', [reading(1)]);
      const later = readings({ quality: z.string().nullable(), weight: z.number().default(1) });
      await bus.publish(later, 'new', [reading(2, { quality: 'good', weight: 2 })]);
      expect((await all(bus.read(later))).map(({ value }) => value)).toStrictEqual([
        reading(1, { quality: null, weight: 1 }),
        reading(2, { quality: 'good', weight: 2 }),
      ]);
      expect((await all(bus.read(readings()))).map(({ value }) => value)).toStrictEqual([
        reading(1),
        reading(2),
      ]);
      expect(await bus.publish(readings(), 'old again', [reading(3)])).toBe('published');
    });

    test('a schema that loses a field publishes nothing', async () => {
      const bus = newBus();
      await bus.publish(readings({ quality: z.string().nullable() }), 'old', [reading(1, { quality: null })]);
      await expect(bus.publish(readings(), 'new', [reading(2)])).rejects.toMatchObject({
        code: 'schema_incompatible',
        place: { field: 'quality' },
      });
      expect(counts(await all(bus.read(readings())))).toEqual([1]);
    });
  });
}
