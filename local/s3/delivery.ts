/**
 * Delivers pending events to their targets until each has been taken: a few at once per subscription, with growing
 * pauses after a refusal, in no promised order, at least once. One event that is refused for ever holds up no other,
 * and a target that refuses all is asked a few times a second, however many wait. The caller keeps them, durably.
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
  const at_once = notification.concurrency ?? DEFAULT_CONCURRENCY;
  const fresh: Attempt[] = [];
  const again: Attempt[] = [];
  const pauses = openPauses();
  const under_way = new Set<Promise<void>>();
  const stop = new AbortController();
  let waiting = 0;
  let resting = false;
  let closing = false;
  let failed_in_a_row = 0;
  let failed_attempts = 0;
  let last_error: string | undefined;

  const failed = (attempt: Attempt, error: unknown) => {
    failed_attempts++;
    last_error = error instanceof Error ? error.message : String(error);
    waiting++;
    pauses.after(pauseMs(attempt.failures), () => {
      waiting--;
      again.push({ event: attempt.event, failures: attempt.failures + 1 });
      pump();
    });
    if (++failed_in_a_row < at_once || resting) return;
    resting = true;
    pauses.after(pauseMs(failed_in_a_row - at_once), () => {
      resting = false;
      pump();
    });
  };
  const deliver = async (attempt: Attempt) => {
    try {
      await send(notification, attempt.event.body as NotificationBody, stop.signal);
      delivered(attempt.event, notification.id);
      failed_in_a_row = 0;
      resting = false;
    } catch (error) {
      failed(attempt, error);
    }
  };
  const pump = () => {
    while (under_way.size < at_once) {
      const attempt = fresh.shift() ?? (resting ? undefined : again.shift());
      if (attempt === undefined) return;
      const done = deliver(attempt).finally(() => {
        under_way.delete(done);
        pump();
      });
      under_way.add(done);
    }
  };

  return {
    take(event: PendingEvent) {
      if (closing) return;
      fresh.push({ event, failures: 0 });
      pump();
    },
    status: (): DeliveryStatus => ({
      id: notification.id,
      pending: fresh.length + again.length + waiting + under_way.size,
      in_flight: under_way.size,
      failed_attempts,
      last_error,
    }),
    async close() {
      closing = true;
      fresh.length = 0;
      again.length = 0;
      pauses.end();
      const grace = setTimeout(() => stop.abort(), CLOSE_GRACE_MS);
      await Promise.race([Promise.all(under_way), aborted(stop.signal)]);
      clearTimeout(grace);
      stop.abort();
    },
  };
}

interface Attempt {
  readonly event: PendingEvent;
  readonly failures: number;
}

/** Pauses that can be ended all at once, without what was to follow them. */
function openPauses() {
  const timers = new Set<NodeJS.Timeout>();
  let ended = false;
  return {
    after(pause_ms: number, act: () => void) {
      if (ended) return;
      const timer = setTimeout(() => {
        timers.delete(timer);
        act();
      }, pause_ms);
      timers.add(timer);
    },
    end() {
      ended = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

function pauseMs(failures: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
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
