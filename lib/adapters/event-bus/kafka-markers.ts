/**
 * Which batches are published: a compacted topic with a record per batch, written in the batch's own transaction. Kept in
 * memory and caught up before each answer.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { AurumError, busy } from '#lib/domain/errors.ts';
import { inTurns } from '#lib/domain/turns.ts';
import { hasType } from './kafka-client.ts';
import type { KafkaLog } from './kafka-log.ts';
import { partitionOfKey } from './kafka-partition.ts';

/** How many partitions must never change: a marker is looked for where its key leads. */
export const markerTopic = { name: 'aurum.publication.marker.v1', partitions: 6, compacted: true } as const;

/** Records of a batch that follow each other: partition, offset of the first, how many. */
export type Span = readonly [partition: number, first: number, count: number];

export interface PublicationMarker {
  /** Tells the publication that wrote it from another with the same marker. */
  readonly publication: string;
  readonly count: number;
  /** Where the records are; undefined of a marker written before it said so. */
  readonly spans?: readonly Span[] | undefined;
}

export interface PublicationMarkers {
  /** The marker, if it is seen now. It may be there unseen: behind an open transaction, or not committed yet. */
  seen(key: string): Promise<PublicationMarker | undefined>;
  /**
   * The marker, or certainty that it is not there. To be asked by the one who has fenced all other publications of it.
   * @throws AurumError `publication_undecided` while it hangs on the open transaction of another marker.
   */
  decided(key: string): Promise<PublicationMarker | undefined>;
  /** The record that is the marker, for the transaction of its batch. */
  message(key: string, marker: PublicationMarker): Promise<{ key: string; value: string; partition: number }>;
}

const PATIENCE_MS = 5_000;
const PAUSE_MS = 100;

const markerValue = z.object({
  publication: z.string(),
  count: z.int(),
  spans: z.array(z.tuple([z.int(), z.int(), z.int()])).optional(),
});

/** What is known of a partition up to the offset where the next slice begins. */
interface Known {
  next: number;
  readonly markers: Map<string, PublicationMarker>;
}

export function publicationMarkers(log: KafkaLog, topic: string): PublicationMarkers {
  const inTurn = inTurns();
  let partitions: ReadonlyMap<number, Known> | undefined;

  async function home(key: string): Promise<[number, Known]> {
    partitions ??= await started(log, topic);
    const partition = partitionOfKey(topic, partitions.keys(), key);
    return [partition, partitions.get(partition)!];
  }

  return {
    async seen(key) {
      const [partition, known] = await home(key);
      if (!known.markers.has(key)) {
        await inTurn(String(partition), () => catchUp(log, { topic, partition }, known));
      }
      return known.markers.get(key);
    },
    async decided(key) {
      const [partition, known] = await home(key);
      const decide = () => decided(log, { topic, partition }, known, key);
      return known.markers.get(key) ?? inTurn(String(partition), decide);
    },
    async message(key, marker) {
      const [partition] = await home(key);
      return { key, value: JSON.stringify(marker), partition };
    },
  };
}

async function started(log: KafkaLog, topic: string): Promise<ReadonlyMap<number, Known>> {
  const starts = await log.offsets(topic, 'start');
  if (starts.size === 0) {
    throw busy('topic_missing', `Kafka has no topic ${topic}.`, {
      remedy: 'Create the topics with `npm run bootstrap`.',
    });
  }
  return new Map([...starts].map(([partition, next]) => [partition, { next, markers: new Map() }]));
}

async function decided(
  log: KafkaLog,
  place: { readonly topic: string; readonly partition: number },
  known: Known,
  key: string,
): Promise<PublicationMarker | undefined> {
  const deadline_ms = Date.now() + PATIENCE_MS;
  for (;;) {
    const end = await catchUp(log, place, known);
    const marker = known.markers.get(key);
    if (marker !== undefined || !(await isWritten(log, place, known.next, end, key))) return marker;
    if (Date.now() > deadline_ms) {
      throw busy(
        'publication_undecided',
        'Whether the batch was published before hangs on an open transaction.',
        {
          remedy: 'Try again: Kafka ends a transaction whose writer is gone.',
        },
      );
    }
    await pause(PAUSE_MS);
  }
}

/** Takes in all that is committed. @returns the end of the partition, decided or not. */
async function catchUp(
  log: KafkaLog,
  place: { readonly topic: string; readonly partition: number },
  known: Known,
): Promise<number> {
  for (;;) {
    try {
      const { messages, next, stable_end, end } = await log.slice({ ...place, from: known.next });
      for (const { key, value } of messages)
        if (key !== null && value !== null) take(known, place.topic, key, value);
      known.next = next;
      if (next >= stable_end) return end;
    } catch (error) {
      if (!hasType(error, ['OFFSET_OUT_OF_RANGE'])) throw error;
      // The topic was made anew, or its beginning removed: what we knew may not be there any more.
      known.markers.clear();
      known.next = (await log.offsets(place.topic, 'start')).get(place.partition) ?? 0;
    }
  }
}

function take(known: Known, topic: string, key: Buffer, value: Buffer): void {
  const parsed = markerValue.safeParse(jsonOf(value));
  if (!parsed.success) {
    throw new AurumError(
      'fault',
      'marker_unreadable',
      `${topic} has a record that is no publication marker: ${key}.`,
      {
        remedy: 'Delete that record: nothing but publications may write to this topic.',
      },
    );
  }
  // The first one counts: a marker is never written twice.
  if (!known.markers.has(String(key))) known.markers.set(String(key), parsed.data);
}

function jsonOf(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString());
  } catch {
    return undefined;
  }
}

/** Whether a record of this key lies where open transactions of others hide what is committed and what not. */
async function isWritten(
  log: KafkaLog,
  place: { readonly topic: string; readonly partition: number },
  from: number,
  end: number,
  key: string,
): Promise<boolean> {
  for (let next = from; next < end; ) {
    const slice = await log.slice({ ...place, from: next }, { uncommitted: true });
    if (slice.messages.some((message) => message.key?.toString() === key)) return true;
    next = slice.next;
  }
  return false;
}
