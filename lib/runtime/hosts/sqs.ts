/**
 * Host of stage functions behind an SQS queue that takes S3's notifications: as a Lambda event, answered message by message,
 * or polled. A message is done when its stage answered; what cannot be read or done now goes back to the queue, whose
 * redrive policy has the last word. The handler behind it is that of every other host.
 */
import { z } from 'zod';
import { objectEvent } from '#events/object-created.ts';
import { AurumError, errorLine, refusal } from '#lib/domain/errors.ts';
import { logLine } from '#lib/runtime/log.ts';

/** A function that takes the envelope of a bucket notification and throws what may be tried again. */
export type NotificationHandler = (envelope: object) => Promise<unknown>;

/** What Lambda expects with `ReportBatchItemFailures`: the messages named here are delivered again, the others deleted. */
export interface SqsBatchAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

const sqsEvent = z.object({ Records: z.array(z.object({ messageId: z.string(), body: z.string() })) });

/** The function of a Lambda whose event source is the queue. One message after another: a workbook may need all memory. */
export function onSqs(handle: NotificationHandler) {
  return async (event: object): Promise<SqsBatchAnswer> => {
    const failures: { readonly itemIdentifier: string }[] = [];
    for (const { messageId, body } of sqsEvent.parse(event).Records) {
      if (!(await messageHandled(handle, messageId, body))) failures.push({ itemIdentifier: messageId });
    }
    return { batchItemFailures: failures };
  };
}

/** False when the message must be delivered again; never throws. */
export async function messageHandled(
  handle: NotificationHandler,
  message_id: string,
  body: string,
): Promise<boolean> {
  try {
    const envelope = notificationOf(body);
    if (envelope !== undefined) await handle(envelope);
    return true;
  } catch (error) {
    const known = error instanceof AurumError ? error.detail() : undefined;
    logLine('error', 'message_failed', {
      message_id,
      code: known?.code ?? 'internal_error',
      reason: known === undefined ? String(error) : errorLine(known),
      stack: known === undefined && error instanceof Error ? error.stack : undefined,
    });
    return false;
  }
}

/** The bucket notification in a message; undefined for the test that S3 sends when a queue is connected. */
function notificationOf(body: string): object | undefined {
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    throw refusal('event_invalid', 'the message is not JSON');
  }
  if ((content as { Event?: unknown } | null)?.Event === 's3:TestEvent') return undefined;
  const parsed = objectEvent.safeParse(content);
  if (parsed.success) return content as object;
  const [issue] = parsed.error.issues;
  throw refusal('event_invalid', `the message is no bucket notification: ${issue?.message}`, {
    field: issue?.path.join('.') ?? '',
  });
}
