/** The small questions that prove a service healthy, over HTTP or a bare socket. */
import { connect } from 'node:net';
import { HOST } from './service.ts';

const TIMEOUT_MS = 5_000;

/** @returns the body. @throws for any status but 2xx and those in `also`. */
export async function ask(
  url: string,
  options: RequestInit = {},
  also: readonly number[] = [],
): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), ...options });
  const body = await response.text();
  if (!response.ok && !also.includes(response.status))
    throw new Error(`${url}: ${response.status} ${body.slice(0, 200)}`);
  return body;
}

/** Sends bytes and reads until `complete` has seen its answer. */
export const exchange = (
  port: number,
  request: Buffer,
  complete: (answer: Buffer) => boolean,
): Promise<Buffer> =>
  new Promise((answer, fail) => {
    const socket = connect({ host: HOST, port });
    let read = Buffer.alloc(0);
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`port ${port} does not answer`)));
    socket.once('connect', () => socket.write(request));
    socket.on('error', fail).on('close', () => fail(new Error(`port ${port} closed the connection`)));
    socket.on('data', (chunk) => {
      read = Buffer.concat([read, chunk]);
      if (!complete(read)) return;
      answer(read);
      socket.destroy();
    });
  });
