/** Topics with schemas: publish once per marker, read per consumer group. */
import type { Topic } from '#events/topic.ts';

export interface PublishedRecord<T> {
  readonly topic: string;
  /** Place in the topic, ascending. */
  readonly position: string;
  readonly key: string;
  readonly value: T;
}

export interface EventBus {
  /**
   * Appends all values of one batch or none. A batch whose marker the topic already holds is void, so a repeated call
   * after any crash leaves exactly one copy.
   * @returns `published`, or `already` when the marker was there.
   */
  publish<T>(topic: Topic<T>, marker: string, values: Iterable<T>): Promise<'published' | 'already'>;
  /** Records of the topic after `after` (all when left out), oldest first. */
  read<T>(topic: Topic<T>, after?: string): AsyncIterable<PublishedRecord<T>>;
  /**
   * Place of the first record of a batch that `is` says; undefined when it is not there. Left out where finding it would
   * mean reading the topic.
   */
  locate?<T>(topic: Topic<T>, marker: string, is: (value: T) => boolean): Promise<string | undefined>;
  /** Delivers what the group has not acknowledged, in order, at least once; returns when it is drained. */
  drain<T>(
    topic: Topic<T>,
    group: string,
    handle: (record: PublishedRecord<T>) => Promise<void>,
  ): Promise<number>;
  /** Lets go of connections, so that a process can end; absent where there are none. */
  close?(): Promise<void>;
}
