/**
 * Takes messages from an SQS queue where no Lambda does: a few at once, each kept invisible while it is worked on, deleted
 * when it is done, delivered again ever later when it is not. A queue that is away is waited for; one that is not there, or
 * refuses us, ends the poller.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import { AurumError, errorLine } from '#lib/domain/errors.ts';
import { logLine } from '#lib/runtime/log.ts';
import { messageHandled, type NotificationHandler } from './sqs.ts';

export interface SqsPollerOptions {
  readonly queue_url: string;
  readonly region: string;
  readonly handle: NotificationHandler;
  /** Left out: AWS. */
  readonly endpoint?: string;
  /** Left out: what the machine's role gives. */
  readonly credentials?: { readonly access_key: string; readonly secret_key: string };
  /** Messages at once, 1 to 10; default 4. */
  readonly concurrency?: number;
  /** How long after our death a message is delivered again; default 60,000. Work may take longer. */
  readonly visibility_timeout_ms?: number;
  /** Before a failed message is delivered a second time; four times longer each time after. Default 10,000. */
  readonly retry_after_ms?: number;
}

export interface SqsPoller {
  /** Resolves after `stop`. @throws AurumError when the queue is not there or refuses us. */
  readonly ended: Promise<void>;
  /** Takes no more messages, waits for those at work. */
  stop(): Promise<void>;
}

const LONG_POLL_S = 20;
const MAX_RETRY_AFTER_MS = 900_000;
const MAX_OUTAGE_PAUSE_MS = 30_000;
const CONNECT_TIMEOUT_MS = 2_000;

interface Queue {
  readonly options: SqsPollerOptions;
  readonly sdk: typeof import('@aws-sdk/client-sqs');
  readonly client: SQSClient;
  readonly signal: AbortSignal;
}

export function pollSqs(options: SqsPollerOptions): SqsPoller {
  const stopping = new AbortController();
  const ended = poll(options, stopping.signal);
  ended.catch(() => {}); // Whoever awaits it is told.
  return {
    ended,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

async function poll(options: SqsPollerOptions, signal: AbortSignal): Promise<void> {
  const queue = await connect(options, signal);
  const { concurrency = 4 } = options;
  const working = new Set<Promise<void>>();
  let outages = 0;
  try {
    while (!signal.aborted) {
      if (working.size >= concurrency) {
        await Promise.race(working);
        continue;
      }
      const messages = await receive(queue, concurrency - working.size);
      outages = messages === 'away' ? outages + 1 : 0;
      if (messages === 'away') {
        await pause(outages, signal);
        continue;
      }
      for (const message of messages) {
        const work = workOn(queue, message).finally(() => working.delete(work));
        working.add(work);
      }
    }
  } finally {
    await Promise.all(working);
    queue.client.destroy();
  }
}

async function connect(options: SqsPollerOptions, signal: AbortSignal): Promise<Queue> {
  const sdk = await import('@aws-sdk/client-sqs');
  const { endpoint, region, credentials } = options;
  const client = new sdk.SQSClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined
      ? {}
      : { credentials: { accessKeyId: credentials.access_key, secretAccessKey: credentials.secret_key } }),
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: (LONG_POLL_S + 10) * 1000 },
  });
  return { options, sdk, client, signal };
}

async function receive(queue: Queue, most: number): Promise<readonly Message[] | 'away'> {
  const { client, sdk, options, signal } = queue;
  const command = new sdk.ReceiveMessageCommand({
    QueueUrl: options.queue_url,
    MaxNumberOfMessages: Math.min(most, 10),
    WaitTimeSeconds: LONG_POLL_S,
    VisibilityTimeout: seconds(visibility(options)),
    MessageSystemAttributeNames: ['ApproximateReceiveCount'],
  });
  try {
    return (await client.send(command, { abortSignal: signal })).Messages ?? [];
  } catch (error) {
    if (signal.aborted) return [];
    throwIfLasting(options, error);
    logLine('warn', 'queue_unavailable', {
      queue: options.queue_url,
      reason: String(error),
      setting: 'AURUM_SQS_ENDPOINT',
    });
    return 'away';
  }
}

async function workOn(queue: Queue, message: Message): Promise<void> {
  const { options, sdk, client } = queue;
  const { MessageId = '', Body = '', ReceiptHandle, Attributes } = message;
  const place = { QueueUrl: options.queue_url, ReceiptHandle };
  const hide = (for_ms: number) =>
    client.send(new sdk.ChangeMessageVisibilityCommand({ ...place, VisibilityTimeout: seconds(for_ms) }));
  // Failing to hide or delete it costs a second delivery, which changes nothing.
  const told = (error: unknown) =>
    logLine('warn', 'message_not_settled', { message_id: MessageId, reason: String(error) });
  const keeping = setInterval(() => void hide(visibility(options)).catch(told), visibility(options) / 2);
  try {
    const done = await messageHandled(options.handle, MessageId, Body);
    clearInterval(keeping);
    if (done) await client.send(new sdk.DeleteMessageCommand(place));
    else await hide(retryAfter(options, Number(Attributes?.ApproximateReceiveCount ?? 1)));
  } catch (error) {
    told(error);
  } finally {
    clearInterval(keeping);
  }
}

const visibility = ({ visibility_timeout_ms = 60_000 }: SqsPollerOptions) => visibility_timeout_ms;
const seconds = (ms: number) => Math.ceil(ms / 1000);

/** Five deliveries span 14 minutes with the default: most outages end before the queue gives a message up. */
function retryAfter({ retry_after_ms = 10_000 }: SqsPollerOptions, deliveries: number): number {
  return Math.min(retry_after_ms * 4 ** (deliveries - 1), MAX_RETRY_AFTER_MS);
}

function pause(outages: number, signal: AbortSignal): Promise<void> {
  return delay(Math.min(500 * 2 ** outages, MAX_OUTAGE_PAUSE_MS), undefined, { signal }).catch(() => {});
}

/** What no waiting mends. */
function throwIfLasting({ queue_url }: SqsPollerOptions, error: unknown): void {
  const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
  const fault = (code: string, message: string, remedy: string) => {
    const known = new AurumError('fault', code, message, { remedy, cause: error });
    logLine('error', 'queue_unusable', { reason: errorLine(known.detail()) });
    return known;
  };
  if (/QueueDoesNotExist|NonExistentQueue/.test(name)) {
    throw fault(
      'sqs_queue_missing',
      `there is no queue ${queue_url}`,
      'Create it, or set AURUM_SQS_QUEUE_URL.',
    );
  }
  if (name === 'CredentialsProviderError' || [401, 403].includes($metadata?.httpStatusCode ?? 0)) {
    const remedy = 'Give this process a role, or a key, that may receive from it and delete.';
    throw fault('sqs_unauthorised', `the queue ${queue_url} refused us (${name})`, remedy);
  }
}
