/**
 * What every operation is given and what it answers. Knows no operation.
 */
import type { EventName, NotificationBody } from './notification-event.ts';
import type { S3Request } from './request.ts';
import type { SignedPayload } from './signature.ts';
import type { ContentFields, ObjectVersion } from './state.ts';
import type { Store } from './store.ts';

export interface Call {
  readonly store: Store;
  readonly request: S3Request;
  readonly signed: SignedPayload;
  readonly region: string;
  readonly owner: string;
  event(name: EventName, bucket: string): (version: ObjectVersion) => NotificationBody;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | Buffer | AsyncIterable<Buffer>;
}

export type Operation = (call: Call) => Answer | Promise<Answer>;

export function xmlAnswer(body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body };
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}

const KEPT_HEADERS = ['content-disposition', 'content-language', 'cache-control', 'expires'] as const;
const METADATA = 'x-amz-meta-';
const MAX_METADATA_BYTES = 2048;

/** Content type, encoding and user metadata as the request gives them; header bytes are read as UTF-8. */
export function contentFields(request: S3Request): Omit<ContentFields, 'checksums'> {
  const given = request.message.headers;
  const headers: Record<string, string> = {
    'content-type': utf8(String(given['content-type'] ?? 'binary/octet-stream')),
  };
  for (const name of KEPT_HEADERS) if (given[name] !== undefined) headers[name] = utf8(String(given[name]));
  const encoding = (given['content-encoding'] ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && one !== 'aws-chunked');
  if (encoding.length > 0) headers['content-encoding'] = encoding.join(',');
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith(METADATA)) metadata[name.slice(METADATA.length)] = utf8(String(value));
  }
  return { headers, metadata };
}

export function metadataTooLarge(metadata: Readonly<Record<string, string>>): boolean {
  return Buffer.byteLength(Object.entries(metadata).flat().join('')) > MAX_METADATA_BYTES;
}

function utf8(headerBytes: string): string {
  return Buffer.from(headerBytes, 'latin1').toString('utf8');
}
