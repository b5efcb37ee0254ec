/** The SQS poller on a real queue (ElasticMQ): done once, tried again, redriven, kept while worked on, stopped in peace. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { objectEvent, objectsCreated } from '#events/object-created.ts';
import { busy } from '#lib/domain/errors.ts';
import { pollSqs, type SqsPoller, type SqsPollerOptions } from '#lib/runtime/hosts/sqs-poller.ts';
import { S3_TEST_EVENT, s3Notification } from '#tests/fixtures/s3-notification.ts';
import { doorTo } from './door.ts';

const endpoint = process.env.AURUM_SQS_ENDPOINT;
const run = randomBytes(4).toString('hex');
const credentials = { access_key: 'aurum', secret_key: 'aurum-secret' };

describe.skipIf(endpoint === undefined)('SQS (skipped without AURUM_SQS_ENDPOINT)', () => {
  const client = new SQSClient({
    region: 'us-east-1',
    endpoint: endpoint ?? 'http://127.0.0.1:9',
    credentials: { accessKeyId: credentials.access_key, secretAccessKey: credentials.secret_key },
  });
  const queues: string[] = [];
  const pollers: SqsPoller[] = [];
  afterEach(async () => {
    await Promise.allSettled(pollers.splice(0).map((poller) => poller.stop()));
  });
  afterAll(async () => {
    for (const QueueUrl of queues) await client.send(new DeleteQueueCommand({ QueueUrl }));
    client.destroy();
  });

  async function newQueue(attributes: Record<string, string> = {}): Promise<string> {
    const QueueName = `aurum-test-${run}-${queues.length}`;
    const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName, Attributes: attributes }));
    queues.push(QueueUrl!);
    return QueueUrl!;
  }
  /** A queue whose messages go to another after so many deliveries. */
  async function newQueueWithDlq(maxReceiveCount: number) {
    const dlq = await newQueue();
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: dlq, AttributeNames: ['QueueArn'] }),
    );
    const policy = { deadLetterTargetArn: Attributes!.QueueArn, maxReceiveCount };
    return { dlq, queue: await newQueue({ RedrivePolicy: JSON.stringify(policy) }) };
  }
  const send = (QueueUrl: string, MessageBody: string) =>
    client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  async function left(QueueUrl: string): Promise<number> {
    const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
    );
    return AttributeNames.reduce((sum, name) => sum + Number(Attributes?.[name]), 0);
  }
  function poll(
    queue_url: string,
    handle: SqsPollerOptions['handle'],
    given: Partial<SqsPollerOptions> = {},
  ): SqsPoller {
    const poller = pollSqs({
      queue_url,
      region: 'us-east-1',
      endpoint: endpoint!,
      credentials,
      handle,
      retry_after_ms: 100,
      ...given,
    });
    pollers.push(poller);
    return poller;
  }
  const keyOf = (envelope: object) => objectsCreated(objectEvent.parse(envelope))[0]!.key;
  const settled = (queue: string) =>
    expect.poll(() => left(queue), { timeout: 20_000, interval: 100 }).toBe(0);

  test('a hundred notifications are handled once each, four at once at most, and S3’s test is passed over', async () => {
    const queue = await newQueue();
    const keys = Array.from({ length: 100 }, (_, index) => `raw/EOD ${index} +ü.xlsx`);
    await Promise.all(
      [S3_TEST_EVENT, ...keys.map((key) => s3Notification(key))].map((body) => send(queue, body)),
    );
    const seen: string[] = [];
    let [now, most] = [0, 0];
    poll(queue, async (envelope) => {
      most = Math.max(most, ++now);
      await delay(5);
      seen.push(keyOf(envelope));
      now--;
    });
    await settled(queue);
    expect(seen.sort()).toEqual(keys.sort());
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });

  test('a poison message ends in the dead-letter queue as it was; the others are not held up', async () => {
    const { queue, dlq } = await newQueueWithDlq(2);
    for (const body of ['not json', s3Notification('good'), s3Notification('bad')]) await send(queue, body);
    const tries: string[] = [];
    poll(queue, async (envelope) => {
      tries.push(keyOf(envelope));
      if (keyOf(envelope) === 'bad') throw new Error('a bug');
    });
    await settled(queue);
    expect(tries.sort()).toEqual(['bad', 'bad', 'good']);
    await expect.poll(() => left(dlq), { timeout: 10_000 }).toBe(2);
    const dead: string[] = [];
    while (dead.length < 2) {
      const { Messages } = await client.send(
        new ReceiveMessageCommand({ QueueUrl: dlq, MaxNumberOfMessages: 10 }),
      );
      dead.push(...(Messages ?? []).map(({ Body }) => Body!));
    }
    expect(dead.sort()).toEqual(['not json', s3Notification('bad')].sort());
  });

  test('what a store that was away held up is done when it is back', async () => {
    const { queue, dlq } = await newQueueWithDlq(5);
    await send(queue, s3Notification('a'));
    let deliveries = 0;
    poll(queue, async () => {
      if (++deliveries < 3) throw busy('object_store_unavailable', 'away');
    });
    await settled(queue);
    expect(deliveries).toBe(3);
    expect(await left(dlq)).toBe(0);
  });

  test('work that takes longer than the message may be hidden is not begun a second time', async () => {
    const queue = await newQueue();
    await send(queue, s3Notification('long'));
    let begun = 0;
    poll(
      queue,
      async () => {
        begun++;
        await delay(5_000);
      },
      { visibility_timeout_ms: 2_000 },
    );
    await settled(queue);
    expect(begun).toBe(1);
  });

  test('a poller that dies leaves its message to the next', async () => {
    const queue = await newQueue();
    await send(queue, s3Notification('a'));
    const { Messages } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: queue, VisibilityTimeout: 1, WaitTimeSeconds: 1 }),
    );
    expect(Messages).toHaveLength(1);
    const seen: string[] = [];
    poll(queue, async (envelope) => void seen.push(keyOf(envelope)));
    await settled(queue);
    expect(seen).toEqual(['a']);
  });

  test('stopped, it finishes what it has and takes no more', async () => {
    const queue = await newQueue();
    await send(queue, s3Notification('first'));
    const seen: string[] = [];
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const poller = poll(queue, async (envelope) => {
      begin();
      await delay(500);
      seen.push(keyOf(envelope));
    });
    await begun;
    const stopped = poller.stop();
    await send(queue, s3Notification('second'));
    await stopped;
    expect(seen).toEqual(['first']);
    expect(await left(queue)).toBe(1);
  });

  test('idle, it stops at once', async () => {
    const poller = poll(await newQueue(), async () => {});
    await delay(300);
    const began = performance.now();
    await poller.stop();
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('a queue that goes and comes back is served on', async () => {
    const queue = await newQueue();
    const door = await doorTo(new URL(endpoint!));
    const through = (url: string) => url.replace(new URL(endpoint!).host, door.address);
    const seen: string[] = [];
    poll(through(queue), async (envelope) => void seen.push(keyOf(envelope)), {
      endpoint: `http://${door.address}`,
      // The queue may have handed the message to a call whose answer found the door closed.
      visibility_timeout_ms: 2_000,
    });
    await send(queue, s3Notification('before'));
    await settled(queue);
    await door.close();
    await send(queue, s3Notification('during'));
    await delay(500);
    await door.open();
    await settled(queue);
    expect(seen).toEqual(['before', 'during']);
    await Promise.all(pollers.splice(0).map((poller) => poller.stop()));
    await door.close();
  });

  test('a queue that is not there ends the poller, named with its setting', async () => {
    const poller = poll(`${endpoint}/000000000000/no-such-${run}`, async () => {});
    await expect(poller.ended).rejects.toMatchObject({
      kind: 'fault',
      code: 'sqs_queue_missing',
      remedy: expect.stringContaining('AURUM_SQS_QUEUE_URL'),
    });
  });
});
