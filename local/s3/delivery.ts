/**
 * Delivers pending events to their targets until each has been taken: a few at once per subscription, with growing
 * pauses after a refusal, in no promised order, at least once. What is pending is kept by the caller, durably.
 */
import type { HttpTarget, Notification, NotificationBody } from './notification-event.ts';
import type { PendingEvent } from './state.ts';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3_000;
const DEFAULT_CONCURRENCY = 4;
const DEFAULT_TIMEOUT_MS = 60_000;
/** How long `close` waits for deliveries under way before it gives them up to the next start. */
const CLOSE_GRACE_MS = 2_000;

export interface DeliveryStatus {
  readonly id: string;
  readonly pending: number;
  readonly in_flight: number;
  /** Deliveries refused since the start. */
  readonly failed_attempts: number;
  readonly last_error: string | undefined;
}

export interface Delivery {
  take(event: PendingEvent): void;
  status(): DeliveryStatus[];
  /** Starts nothing more; resolves when nothing is under way, or after a short grace. */
  close(): Promise<void>;
}

export function openDelivery(
  notifications: readonly Notification[],
  delivered: (event: PendingEvent, notification: string) => void,
): Delivery {
  const queues = new Map(notifications.map((one) => [one.id, openQueue(one, delivered)]));
  return {
    take: (event) => {
      for (const id of event.to) queues.get(id)?.take(event);
    },
    status: () => [...queues.values()].map((queue) => queue.status()),
    close: async () => void (await Promise.all([...queues.values()].map((queue) => queue.close()))),
  };
}

function openQueue(
  notification: Notification,
  delivered: (event: PendingEvent, notification: string) => void,
) {
  const ready: { event: PendingEvent; attempt: number }[] = [];
  const paused = new Set<NodeJS.Timeout>();
  const under_way = new Set<Promise<void>>();
  const stop = new AbortController();
  let closing = false;
  let failed_attempts = 0;
  let last_error: string | undefined;

  const deliver = async (event: PendingEvent, attempt: number) => {
    try {
      await send(notification, event.body as NotificationBody, stop.signal);
      delivered(event, notification.id);
    } catch (error) {
      failed_attempts++;
      last_error = error instanceof Error ? error.message : String(error);
      pause(event, attempt);
    }
  };
  const pause = (event: PendingEvent, attempt: number) => {
    if (closing) return;
    const timer = setTimeout(
      () => {
        paused.delete(timer);
        ready.push({ event, attempt: attempt + 1 });
        pump();
      },
      Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS),
    );
    paused.add(timer);
  };
  const pump = () => {
    while (ready.length > 0 && under_way.size < (notification.concurrency ?? DEFAULT_CONCURRENCY)) {
      const { event, attempt } = ready.shift()!;
      const done = deliver(event, attempt).finally(() => {
        under_way.delete(done);
        pump();
      });
      under_way.add(done);
    }
  };

  return {
    take(event: PendingEvent) {
      if (closing) return;
      ready.push({ event, attempt: 0 });
      pump();
    },
    status: (): DeliveryStatus => ({
      id: notification.id,
      pending: ready.length + paused.size + under_way.size,
      in_flight: under_way.size,
      failed_attempts,
      last_error,
    }),
    async close() {
      closing = true;
      ready.length = 0;
      for (const timer of paused) clearTimeout(timer);
      paused.clear();
      const grace = setTimeout(() => stop.abort(), CLOSE_GRACE_MS);
      await Promise.race([Promise.all(under_way), aborted(stop.signal)]);
      clearTimeout(grace);
      stop.abort();
    },
  };
}

async function send(notification: Notification, body: NotificationBody, stop: AbortSignal): Promise<void> {
  const { target } = notification;
  if ('handle' in target) return target.handle(body);
  await post(target, body, stop);
}

async function post(target: HttpTarget, body: NotificationBody, stop: AbortSignal): Promise<void> {
  const response = await fetch(target.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...target.headers },
    body: JSON.stringify(body),
    redirect: 'manual',
    signal: AbortSignal.any([stop, AbortSignal.timeout(target.timeout_ms ?? DEFAULT_TIMEOUT_MS)]),
  });
  await response.arrayBuffer(); // the connection is free for the next one only when the answer is read
  if (!response.ok) throw new Error(`the target answered ${response.status}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
