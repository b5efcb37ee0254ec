/**
 * Host of functions that take records of a topic. Whatever wakes it (a source's event, a timer) only says that there may be
 * records; what its group has not acknowledged is read from the bus, so that a lost or repeated waking changes nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Topic } from '#events/topic.ts';
import { type Platform, platform } from '#lib/runtime/compose.ts';
import { logLine } from '#lib/runtime/log.ts';
import type { ServedFunction } from './server-call.ts';

/** Makes the function `name`, its consumer group of the same name; what `take` throws comes again. */
export function onRecords<Value>(
  name: string,
  topic: Topic<Value>,
  take: (value: Value, ports: Platform) => Promise<void>,
) {
  return async (): Promise<{ readonly ok: boolean }> => {
    try {
      const ports = await platform();
      const taken = await ports.bus.drain(topic, name, ({ value }) => take(value, ports));
      if (taken > 0) logLine('info', 'records_taken', { function: name, topic: topic.name, taken });
      return { ok: true };
    } catch (error) {
      const reason = error instanceof Error ? error.stack : String(error);
      logLine('error', 'records_failed', { function: name, topic: topic.name, reason });
      return { ok: false };
    }
  };
}

export interface TopicPoller {
  /** Begins nothing new; resolves when what was begun is done. */
  stop(): Promise<void>;
}

/** Wakes functions of topics again and again, each as soon as `pause_ms` after it was done: where nothing else wakes them. */
export function pollTopics(functions: readonly ServedFunction[], pause_ms: number): TopicPoller {
  const stopping = Promise.withResolvers<void>();
  let isStopping = false;
  const poll = async ({ handler }: ServedFunction): Promise<void> => {
    while (!isStopping) {
      await handler({}, {});
      await Promise.race([delay(pause_ms, undefined, { ref: false }), stopping.promise]);
    }
  };
  const polling = functions.filter(({ trigger }) => trigger.kind === 'topic').map(poll);
  return {
    async stop() {
      isStopping = true;
      stopping.resolve();
      await Promise.all(polling);
    },
  };
}
