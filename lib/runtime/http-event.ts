/** HTTP as functions see it: the event of an API Gateway HTTP API, payload 2.0, and its answer. */

/** The parts of an API Gateway HTTP event (payload 2.0) that are read. */
export interface HttpEvent {
  readonly rawPath?: string;
  readonly rawQueryString?: string;
  readonly queryStringParameters?: Readonly<Record<string, string>> | null;
  readonly pathParameters?: Readonly<Record<string, string>> | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  /** Whoever sent it; behind a proxy, the proxy. */
  readonly requestContext?: { readonly http?: { readonly sourceIp?: string } };
  /** Given by a host that leaves a file unread until it is asked for. */
  readonly readBody?: (limit_bytes: number) => Promise<Uint8Array>;
}

export interface HttpResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  /** Text, bytes, or bytes as they are made. */
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** What an answer looks like to a Lambda host, which takes text only: bytes as base64. */
export interface LambdaResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly isBase64Encoded?: boolean;
}

/** Passed by a host that writes bytes itself, as they come. */
export interface HostContext {
  readonly takesBytes?: boolean;
}

export const jsonResponse = (
  statusCode: number,
  value: unknown,
): HttpResponse & { readonly body: string } => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

export async function lambdaResponse({ statusCode, headers, body }: HttpResponse): Promise<LambdaResponse> {
  if (typeof body === 'string') return { statusCode, headers, body };
  const chunks: Uint8Array[] = [];
  if (body instanceof Uint8Array) chunks.push(body);
  else for await (const chunk of body) chunks.push(chunk);
  return { statusCode, headers, body: Buffer.concat(chunks).toString('base64'), isBase64Encoded: true };
}
