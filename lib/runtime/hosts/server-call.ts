/** A request as the server hands it to a function, and back: bodies are bytes on the wire and are never re-encoded. */
import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { type Duplex, pipeline, Readable } from 'node:stream';
import { AurumError, busy, refusal } from '#lib/domain/errors.ts';
import type { HostContext, HttpEvent, HttpResponse } from '#lib/runtime/http-event.ts';
import { logLine } from '#lib/runtime/log.ts';
import { SECURITY_HEADERS } from '#lib/runtime/middleware/security-headers.ts';
import type { Trigger } from '#lib/runtime/triggers.ts';

export interface ServedFunction {
  /** `api/curves` */
  readonly name: string;
  readonly trigger: Trigger;
  readonly handler: (event: object, context: HostContext) => Promise<unknown>;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Given instead of the body where the function reads it itself. */
  readonly readBody?: (limit_bytes: number) => Promise<Buffer>;
  readonly source_ip: string;
}

/** @returns path and query of the request line. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  if (!target.startsWith('/')) throw refusal('path_invalid', 'the path does not start with /');
  const mark = target.indexOf('?');
  return mark < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** The event of an API Gateway HTTP API, payload 2.0. */
export function httpEvent(call: Call, routeKey: string): HttpEvent {
  const { method, path, query, parameters, headers, body, source_ip, readBody } = call;
  const event = {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: query,
    pathParameters: parameters,
    // Node joins repeated headers; only `set-cookie`, which no request carries, would be a list.
    headers: headers as Record<string, string>,
    requestContext: { http: { method, path, sourceIp: source_ip } },
  };
  if (readBody !== undefined) return { ...event, readBody };
  if (body.length === 0) return event;
  return isUtf8(body)
    ? { ...event, body: body.toString() }
    : { ...event, body: body.toString('base64'), isBase64Encoded: true };
}

export const NO_BODY = Buffer.alloc(0);

/** Bytes of bodies that have come in part, over all requests. */
export interface Arriving {
  bytes: number;
  readonly limit_bytes: number;
}

/** Reads the body of a POST, and no more than `limit_bytes` of it. */
export async function readBody(
  request: IncomingMessage,
  limit_bytes: number,
  arriving: Arriving,
): Promise<Buffer> {
  if (request.method !== 'POST') return NO_BODY;
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw refusal('body_encoding_unsupported', `a body in ${encoding.slice(0, 40)} is not read`, {
      remedy: 'Send it as it is.',
    });
  const tooLarge = () => refusal('body_too_large', `the body is larger than ${limit_bytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > limit_bytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size_bytes = 0;
  try {
    // Left open, so that the refusal can still be answered.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size_bytes += chunk.length;
      arriving.bytes += chunk.length;
      if (size_bytes > limit_bytes) throw tooLarge();
      if (arriving.bytes > arriving.limit_bytes) throw busy('server_busy', 'too much is being sent at once');
      chunks.push(chunk);
    }
  } catch (cause) {
    throw cause instanceof AurumError
      ? cause
      : refusal('body_incomplete', 'the body ended before its end', { cause });
  } finally {
    arriving.bytes -= size_bytes;
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** What the kernel takes without a reader. */
const IN_FLIGHT_BYTES = 64 * 1024;

/** A reader that takes nothing for long is gone, or means harm. */
function endWhenStalled(response: ServerResponse, stalled_ms: number): void {
  response.setTimeout(stalled_ms, () => response.destroy());
}

/** Sends an answer; bytes that are made on the way are made no faster than the caller takes them. */
export function write(
  response: ServerResponse,
  answer: HttpResponse,
  isHead: boolean,
  stalled_ms: number,
): void {
  const { statusCode, headers, body } = answer;
  if (statusCode === 204 || statusCode === 304) {
    response.writeHead(statusCode, headers).end();
    return;
  }
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const size_bytes = Buffer.byteLength(body);
    response.writeHead(statusCode, { ...headers, 'content-length': size_bytes });
    if (size_bytes > IN_FLIGHT_BYTES) endWhenStalled(response, stalled_ms);
    if (statusCode === 413) lingering(response, body);
    else response.end(isHead ? undefined : body);
    return;
  }
  response.writeHead(statusCode, headers);
  if (isHead) {
    response.end();
    return;
  }
  endWhenStalled(response, stalled_ms);
  // An answer that fails on the way ends without its end, so that nobody takes a part for the whole.
  pipeline(Readable.from(body, { objectMode: false }), response, (error) => {
    if (error) logLine('warn', 'answer_cut', { reason: error.message });
  });
}

/** Why a parser gave a request up, by the code of its error. */
const UNREADABLE: Readonly<Record<string, [status: number, code: string, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'headers_too_large', 'the headers are larger than 16 kB'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request_late', 'the request did not come in time'],
};

/** Answers what is no request, where there is still somebody to answer. */
export function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, code, detail] = UNREADABLE[error.code ?? ''] ?? [400, 'request_invalid', 'this is no HTTP'];
  const body = JSON.stringify({
    type: 'about:blank',
    title: code.replaceAll('_', ' '),
    status,
    code,
    detail,
  });
  const headers = {
    ...SECURITY_HEADERS,
    'x-request-id': randomUUID(),
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}

/** How long a sender that goes on sending may take to see that it was refused. */
const LINGER_MS = 1_000;

/**
 * Answers a sender in the middle of its body: a connection closed at once would be reset, and the answer lost with it. What
 * still comes is thrown away.
 */
function lingering(response: ServerResponse, body: string | Uint8Array): void {
  response.write(body);
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  response.req.once('close', end).once('end', end).resume();
}
