/** A request as the server hands it to a function, and back: bodies are bytes on the wire and are never re-encoded. */
import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { AurumError, refusal } from '#lib/domain/errors.ts';
import type { HttpEvent, HttpResponse } from '#lib/runtime/http-event.ts';
import { problem } from '#lib/runtime/middleware/problem-json.ts';
import type { Trigger } from '#lib/runtime/triggers.ts';

export interface ServedFunction {
  /** `api/curves` */
  readonly name: string;
  readonly trigger: Trigger;
  readonly handler: (event: object, context: object) => Promise<unknown>;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly source_ip: string;
}

/** What a function may answer: text, bytes, or bytes as base64 the way API Gateway takes them. */
export interface Answer extends Omit<HttpResponse, 'body'> {
  readonly body: string | Uint8Array;
  readonly isBase64Encoded?: boolean;
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
  const { method, path, query, parameters, headers, body, source_ip } = call;
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
  if (body.length === 0) return event;
  return isUtf8(body)
    ? { ...event, body: body.toString() }
    : { ...event, body: body.toString('base64'), isBase64Encoded: true };
}

const NO_BODY = Buffer.alloc(0);

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

/** Refusals of the server itself; the kind of an error decides every other status. */
const STATUS: Readonly<
  Record<string, { readonly status: number; readonly headers?: Readonly<Record<string, string>> }>
> = {
  event_unauthorised: { status: 401, headers: { 'www-authenticate': 'Bearer' } },
  method_not_allowed: { status: 405 },
  // What is left of the body is not worth reading.
  body_too_large: { status: 413, headers: { connection: 'close' } },
  body_encoding_unsupported: { status: 415, headers: { connection: 'close' } },
};

export function errorAnswer(error: unknown, path: string): Answer {
  const answer = problem(error, path);
  const own = error instanceof AurumError ? STATUS[error.code] : undefined;
  if (own === undefined) return answer;
  const body = JSON.stringify({ ...JSON.parse(answer.body), status: own.status });
  return { statusCode: own.status, headers: { ...answer.headers, ...own.headers }, body };
}

export function write(response: ServerResponse, answer: Answer, isHead: boolean): void {
  const { statusCode, headers, body, isBase64Encoded } = answer;
  const payload = isBase64Encoded === true && typeof body === 'string' ? Buffer.from(body, 'base64') : body;
  if (statusCode === 204) {
    response.writeHead(204, headers).end();
    return;
  }
  response.writeHead(statusCode, { ...headers, 'content-length': Buffer.byteLength(payload) });
  response.end(isHead ? undefined : payload);
}
