/**
 * One S3 call as sent: bucket, key, query and headers, decoded once. Path style, and virtual-host style below
 * `localhost`. Knows nothing of signatures or operations.
 */
import type { IncomingMessage } from 'node:http';
import { S3Error } from './errors.ts';

const MAX_KEY_BYTES = 1024;

export interface S3Request {
  readonly method: string;
  /** Decoded path as sent, for the signature; bucket and key may also come from the host name. */
  readonly path: string;
  /** Decoded pairs in the order sent. */
  readonly pairs: readonly (readonly [name: string, value: string])[];
  readonly query: ReadonlyMap<string, string>;
  readonly bucket: string;
  readonly key: string;
  readonly message: IncomingMessage;
  readonly id: string;
}

export function parseRequest(message: IncomingMessage, id: string): S3Request {
  const target = message.url ?? '/';
  const mark = target.indexOf('?');
  const path = decoded(mark < 0 ? target : target.slice(0, mark));
  const pairs = mark < 0 ? [] : queryPairs(target.slice(mark + 1));
  const hosted = hostedBucket(message.headers.host);
  const slash = path.indexOf('/', 1);
  const bucket = hosted ?? (slash < 0 ? path.slice(1) : path.slice(1, slash));
  const key = hosted !== undefined ? path.slice(1) : slash < 0 ? '' : path.slice(slash + 1);
  checkKey(key);
  return {
    method: message.method ?? 'GET',
    path,
    pairs,
    query: firstOfEach(pairs),
    bucket,
    key,
    message,
    id,
  };
}

export function header(request: S3Request, name: string): string | undefined {
  const value = request.message.headers[name];
  return typeof value === 'string' ? value : value?.join(', ');
}

/** Any UTF-8 of up to 1,024 bytes is a key. Only NUL is refused: neither XML nor most databases can hold it. */
export function checkKey(key: string): void {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new S3Error('KeyTooLongError');
  if (key.includes('\0')) throw new S3Error('XMinioInvalidObjectName');
}

/** A copy source header: `/bucket/key?versionId=...`, percent-encoded. */
export function parseCopySource(source: string): {
  bucket: string;
  key: string;
  version_id: string | undefined;
} {
  const mark = source.lastIndexOf('?versionId=');
  const path = decoded(mark < 0 ? source : source.slice(0, mark)).replace(/^\//, '');
  const slash = path.indexOf('/');
  if (slash < 1 || slash === path.length - 1) throw new S3Error('InvalidArgument', 'Invalid copy source.');
  const version_id = mark < 0 ? undefined : source.slice(mark + '?versionId='.length);
  return { bucket: path.slice(0, slash), key: path.slice(slash + 1), version_id };
}

function firstOfEach(pairs: S3Request['pairs']): Map<string, string> {
  const query = new Map<string, string>();
  for (const [name, value] of pairs) if (!query.has(name)) query.set(name, value);
  return query;
}

function queryPairs(text: string): [string, string][] {
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
      return [decoded(name.replaceAll('+', ' ')), decoded(value.replaceAll('+', ' '))];
    });
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI');
  }
}

/** `aurum.localhost:9000` and `aurum.s3.localhost:9000` name the bucket; everything else is path style. */
function hostedBucket(host: string | undefined): string | undefined {
  return /^(.+?)(?:\.s3)?\.localhost(?::\d+)?$/.exec(host ?? '')?.[1];
}
