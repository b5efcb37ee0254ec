/** The event bus in memory: as strict as the log (values cross as Avro), for a process that keeps nothing. */
import type { AvroCodec } from '#lib/avro/codec.ts';
import { inTurns } from '#lib/domain/turns.ts';
import type { EventBus } from '#lib/ports/event-bus.ts';
import { formatPosition, parsePosition } from './position.ts';
import { encodeBatch, requireCompatible, requireMarker, topicCodec } from './topic-codec.ts';

interface Batch {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly writer: Pick<AvroCodec<unknown>, 'schema' | 'fingerprint'>;
}

export function memoryEventBus(): EventBus {
  const topics = new Map<string, Map<string, Batch>>();
  const offsets = new Map<string, string>();
  const inTurn = inTurns();
  const batchesOf = (name: string) => topics.get(name) ?? new Map<string, Batch>();

  const bus: EventBus = {
    async publish(topic, marker, values) {
      requireMarker(marker);
      const batches = batchesOf(topic.name);
      if (batches.has(marker)) return 'already';
      const codec = topicCodec(topic);
      const writers = [...batches.values()].map(({ writer }) => writer);
      if (!writers.some(({ fingerprint }) => fingerprint === codec.fingerprint)) {
        for (const { schema } of writers) requireCompatible(topic.name, schema, codec.schema);
      }
      const { bytes, count } = encodeBatch(topic, codec, values);
      batches.set(marker, { bytes: new Uint8Array(bytes), count, writer: codec });
      topics.set(topic.name, batches);
      return 'published';
    },
    async *read(topic, after) {
      const from = after === undefined ? { batch: 0, index: -1 } : parsePosition(after);
      const codec = topicCodec(topic);
      let batch = -1;
      for (const { bytes, count, writer } of batchesOf(topic.name).values()) {
        batch += 1;
        if (batch < from.batch) continue;
        let index = -1;
        for (const value of codec.decode({ bytes, count }, writer.schema)) {
          index += 1;
          if (batch === from.batch && index <= from.index) continue;
          yield {
            topic: topic.name,
            position: formatPosition({ batch, index }),
            key: topic.key(value),
            value,
          };
        }
      }
    },
    async locate(topic, marker, is) {
      const batch = [...batchesOf(topic.name).keys()].indexOf(marker);
      if (batch < 0) return undefined;
      const prefix = formatPosition({ batch, index: 0 }).split('-')[0]!;
      for await (const { position, value } of bus.read(topic))
        if (position.startsWith(`${prefix}-`) && is(value)) return position;
      return undefined;
    },
    drain: (topic, group, handle) =>
      inTurn(`${topic.name}/${group}`, async () => {
        let delivered = 0;
        for await (const record of bus.read(topic, offsets.get(`${topic.name}/${group}`))) {
          await handle(record);
          offsets.set(`${topic.name}/${group}`, record.position);
          delivered += 1;
        }
        return delivered;
      }),
  };
  return bus;
}
