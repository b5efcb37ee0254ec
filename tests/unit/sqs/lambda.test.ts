/** The Lambda event of an SQS queue: which messages are done and which come again. */
import { describe, expect, test } from 'vitest';
import { objectEvent, objectsCreated } from '#events/object-created.ts';
import { busy } from '#lib/domain/errors.ts';
import { onSqs } from '#lib/runtime/hosts/sqs.ts';
import { S3_TEST_EVENT, s3Notification } from '#tests/fixtures/s3-notification.ts';

const KEY = 'raw/vendor_curves/2025-09-12/EOD PW +ü.xlsx';
const eventOf = (...bodies: readonly string[]) => ({
  Records: bodies.map((body, index) => ({
    messageId: `m${index}`,
    receiptHandle: 'r',
    body,
    eventSource: 'aws:sqs',
  })),
});

describe('an SQS batch', () => {
  test('its notifications reach the function, keys decoded', async () => {
    const keys: string[] = [];
    const handler = onSqs(async (envelope) => {
      keys.push(...objectsCreated(objectEvent.parse(envelope)).map(({ key }) => key));
    });
    expect(await handler(eventOf(s3Notification(KEY), s3Notification('b')))).toEqual({
      batchItemFailures: [],
    });
    expect(keys).toEqual([KEY, 'b']);
  });

  test('one that fails comes again, the others are done', async () => {
    const handler = onSqs(async (envelope) => {
      if (JSON.stringify(envelope).includes('bad')) throw busy('object_store_unavailable', 'away');
    });
    const answer = await handler(eventOf(s3Notification('a'), s3Notification('bad'), s3Notification('c')));
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
  });

  test('the test S3 sends at connection is done without a call', async () => {
    const handler = onSqs(() => Promise.reject(new Error('called')));
    expect(await handler(eventOf(S3_TEST_EVENT))).toEqual({ batchItemFailures: [] });
  });

  test.each([
    '',
    'not json',
    'null',
    '[]',
    '"text"',
    '{}',
    '{"Records":[]}',
    '{"Records":[{"eventName":"x"}]}',
  ])(
    'a message that is no notification goes back to the queue, to end in its dead-letter queue: %j',
    async (body) => {
      const handler = onSqs(() => Promise.reject(new Error('called')));
      expect(await handler(eventOf(body))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
    },
  );

  test('an event that is none of SQS’s fails as a whole', async () => {
    await expect(onSqs(async () => {})({ rawPath: '/' })).rejects.toThrow();
  });
});
