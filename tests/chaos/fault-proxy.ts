/**
 * An HTTP service seen through faults: passed on as it is, refused before the service hears of it, or done by the service
 * with its answer lost on the way. The request goes on byte for byte, since signatures cover the host.
 */
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export type Fate = 'pass' | 'refuse' | 'lose_answer';

export interface FaultProxy {
  readonly url: string;
  readonly faults: number;
  /** From now on everything passes. */
  heal(): void;
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  readonly target: string;
  /** Of each request. */
  readonly fate: () => Fate;
  /** What is answered instead. */
  readonly status: number;
  readonly body: string;
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  let faults = 0;
  let isHealed = false;
  const server = createServer((request, response) => {
    const fate = isHealed ? 'pass' : options.fate();
    if (fate !== 'pass') faults += 1;
    handle(options, fate, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get faults() {
      return faults;
    },
    heal() {
      isHealed = true;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function handle(
  { target, status, body }: FaultProxyOptions,
  fate: Fate,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const given = await buffer(request);
  const answered = fate === 'refuse' ? undefined : await passOn(target, request, given);
  if (answered === undefined || fate === 'lose_answer') {
    response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
    return;
  }
  const { message, bytes } = answered;
  response.writeHead(message.statusCode ?? 502, message.rawHeaders);
  response.end(bytes);
}

function passOn(target: string, { method, url, rawHeaders }: IncomingMessage, body: Buffer) {
  const { hostname, port } = new URL(target);
  return new Promise<{ message: IncomingMessage; bytes: Buffer }>((resolve, reject) => {
    const forwarded = send(
      { hostname, port, method, path: url, headers: rawHeaders, setHost: false },
      (message) => buffer(message).then((bytes) => resolve({ message, bytes }), reject),
    );
    forwarded.once('error', reject);
    forwarded.end(body);
  });
}
