/**
 * Answers that are sent as they are made, of one subject at once. Each holds rows and a connection for as long as its reader
 * likes, so that without a limit one slow reader with many hands would take the place of all others.
 */
import { refusal } from '#lib/domain/errors.ts';
import type { HttpResponse } from '#lib/runtime/http-event.ts';

type Body = HttpResponse['body'];

/** @throws AurumError `streams_rate_exceeded` */
export type StreamLimit = (subject: string, body: Body) => Body;

const MAX_STREAMS = 8;

export function streamLimit(most = MAX_STREAMS): StreamLimit {
  const open = new Map<string, number>();
  const count = (subject: string, change: 1 | -1) => {
    const now = (open.get(subject) ?? 0) + change;
    if (now === 0) open.delete(subject);
    else open.set(subject, now);
  };
  async function* counted(subject: string, parts: AsyncIterable<Uint8Array>) {
    count(subject, 1);
    try {
      yield* parts;
    } finally {
      count(subject, -1);
    }
  }
  return (subject, body) => {
    if (typeof body === 'string' || body instanceof Uint8Array) return body;
    if ((open.get(subject) ?? 0) < most) return counted(subject, body);
    void body[Symbol.asyncIterator]().return?.(); // What was begun ends.
    throw refusal('streams_rate_exceeded', `${most} answers are being sent to ${subject} already`, {
      remedy: 'Read them to their end first.',
    });
  };
}
