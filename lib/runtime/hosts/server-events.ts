/**
 * Event functions over HTTP. A 2xx takes the event: its output is durable, or it is in the dead-letter topic, or it is not
 * this function's. Knative sends 404, 408, 409, 429 and 5xx again, so a store that is away is 503; what is no event is 400.
 */
import { objectEvent, objectsCreated } from '#events/object-created.ts';
import { refusal } from '#lib/domain/errors.ts';
import { requireEventToken } from '#lib/runtime/access/event-token.ts';
import { type HttpResponse, jsonResponse } from '#lib/runtime/http-event.ts';
import type { ObjectCreatedTrigger } from '#lib/runtime/triggers.ts';
import { incomingEvent } from './cloudevent.ts';
import type { Call, ServedFunction } from './server-call.ts';

/** Answers POSTs for an object-created or scheduled function; `token` is what a sender must carry, if any. */
export function eventAnswer(
  served: ServedFunction,
  token: string | undefined,
): (call: Call) => Promise<HttpResponse> {
  const take = takerOf(served);
  return async ({ headers, body }) => {
    requireEventToken(headers.authorization, token);
    const { attributes, data } = incomingEvent(headers, body);
    const answer = await take(data);
    // A broker takes a body that is no CloudEvent for a failed delivery.
    const isReplyToBroker = attributes !== undefined && answer.statusCode === 200;
    return isReplyToBroker ? { statusCode: 204, headers: {}, body: '' } : answer;
  };
}

function takerOf({ name, trigger, handler }: ServedFunction): (data: unknown) => Promise<HttpResponse> {
  switch (trigger.kind) {
    case 'object-created':
      return async (data) => {
        const event = { Records: recordsFor(trigger, data) };
        return event.Records.length === 0
          ? jsonResponse(200, { stage: name, outcomes: [] })
          : ((await handler(event, {})) as HttpResponse);
      };
    case 'schedule':
    case 'topic':
      return oneAtATime(async () => {
        const report = (await handler({}, {})) as { readonly ok: boolean };
        return jsonResponse(report.ok ? 200 : 500, report);
      });
    case 'http':
      throw new TypeError(`${name} takes requests, not events`);
  }
}

/** Records of objects below the function's prefix: senders such as OpenFaaS deliver each event to every function. */
function recordsFor({ prefix, suffix = '' }: ObjectCreatedTrigger, data: unknown) {
  const parsed = objectEvent.safeParse(data);
  if (!parsed.success) throw noNotification(parsed.error);
  try {
    return parsed.data.Records.filter((record) =>
      objectsCreated({ Records: [record] }).some(({ key }) => key.startsWith(prefix) && key.endsWith(suffix)),
    );
  } catch (cause) {
    throw noNotification(cause); // The key is not form-encoded.
  }
}

const noNotification = (cause: unknown) =>
  refusal('event_invalid', 'the data is no bucket notification', {
    remedy: 'Send what MinIO or S3 sends for an object.',
    cause,
  });

/** A tick while the last one still runs is void: the run in progress does its work. */
function oneAtATime(run: () => Promise<HttpResponse>): () => Promise<HttpResponse> {
  let running: Promise<HttpResponse> | undefined;
  return () => {
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
}
