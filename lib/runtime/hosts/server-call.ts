/** A request as the server hands it to a function, and back: bodies are bytes on the wire and are never re-encoded. */
import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { AurumError, refusal } from '#lib/domain/errors.ts';
import type { HostContext, HttpEvent, HttpResponse } from '#lib/runtime/http-event.ts';
import { logLine } from '#lib/runtime/log.ts';
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

/** Reads the body of a POST, and no more than `limit_bytes` of it. */
export async function readBody(request: IncomingMessage, limit_bytes: number): Promise<Buffer> {
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
      if (size_bytes > limit_bytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (cause) {
    throw cause instanceof AurumError
      ? cause
      : refusal('body_incomplete', 'the body ended before its end', { cause });
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** Sends an answer; bytes that are made on the way are made no faster than the caller takes them. */
export function write(response: ServerResponse, answer: HttpResponse, isHead: boolean): void {
  const { statusCode, headers, body } = answer;
  if (statusCode === 204 || statusCode === 304) {
    response.writeHead(statusCode, headers).end();
    return;
  }
  if (typeof body === 'string' || body instanceof Uint8Array) {
    response.writeHead(statusCode, { ...headers, 'content-length': Buffer.byteLength(body) });
    if (statusCode === 413) lingering(response, body);
    else response.end(isHead ? undefined : body);
    return;
  }
  response.writeHead(statusCode, headers);
  if (isHead) {
    response.end();
    return;
  }
  // An answer that fails on the way ends without its end, so that nobody takes a part for the whole.
  pipeline(Readable.from(body, { objectMode: false }), response, (error) => {
    if (error) logLine('warn', 'answer_cut', { reason: error.message });
  });
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
