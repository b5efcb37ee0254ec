/**
 * Reads of whole objects without the SDK, which costs many times the CPU of the request itself. Answers what is there and
 * what is not; of anything else it says nothing, and its caller asks again through the SDK, which knows errors and retries.
 */
import { createHmac, hash } from 'node:crypto';
import { Agent, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps, Agent as TlsAgent } from 'node:https';

export interface S3ReadOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly access_key: string;
  readonly secret_key: string;
  readonly force_path_style: boolean;
}

/** As the SDK gives it. */
export interface ReadObject {
  readonly body: Uint8Array;
  readonly ETag: string | undefined;
  readonly VersionId: string | undefined;
  readonly LastModified: Date | undefined;
  readonly Metadata: Readonly<Record<string, string>>;
}

/** `unclear`: the store said neither; ask again another way. */
export type ReadAnswer = ReadObject | 'absent' | 'unclear';

const MAX_SOCKETS = 64;
const TIMEOUT_MS = 5_000;
const METADATA = 'x-amz-meta-';
const SIGNED_HEADERS = 'host;x-amz-content-sha256;x-amz-date';
const NO_BODY_SHA256 = hash('sha256', '', 'hex');

export function s3Read(options: S3ReadOptions): (key: string) => Promise<ReadAnswer> {
  const { endpoint, bucket, force_path_style } = options;
  const url = new URL(endpoint);
  const isTls = url.protocol === 'https:';
  const agent = new (isTls ? TlsAgent : Agent)({ keepAlive: true, maxSockets: MAX_SOCKETS });
  const send = isTls ? requestHttps : requestHttp;
  const host = force_path_style ? url.host : `${bucket}.${url.host}`;
  // An IPv6 address is connected to without its brackets.
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const hostname = force_path_style ? name : `${bucket}.${name}`;
  const folder = url.pathname.replace(/\/$/, '') + (force_path_style ? `/${uriEncoded(bucket)}` : '');
  const sign = signer(options, host);
  return (key) => {
    const path = `${folder}/${key.split('/').map(uriEncoded).join('/')}`;
    const place = { agent, hostname, port: url.port, path, headers: sign(path), timeout: TIMEOUT_MS };
    return new Promise((resolve) => {
      const unclear = () => resolve('unclear');
      const asked = send(place, (response) => {
        bodyOf(response).then((body) => resolve(answerOf(response, body)), unclear);
      });
      asked.once('error', unclear);
      asked.once('timeout', () => asked.destroy());
      asked.end();
    });
  };
}

async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function answerOf({ statusCode, headers }: IncomingMessage, body: Buffer): ReadAnswer {
  if (statusCode === 404 && body.includes('<Code>NoSuchKey</Code>')) return 'absent';
  if (statusCode !== 200) return 'unclear';
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith(METADATA));
  const modified = headers['last-modified'];
  return {
    body: new Uint8Array(body.buffer, body.byteOffset, body.length),
    ETag: headers.etag,
    VersionId: headers['x-amz-version-id'] as string | undefined,
    LastModified: modified === undefined ? undefined : new Date(modified),
    Metadata: Object.fromEntries(
      metadata.map(([name, value]) => [name.slice(METADATA.length), String(value)]),
    ),
  };
}

type SignedHeaders = Readonly<Record<string, string>>;

/**
 * AWS Signature Version 4 of a GET without a query. It changes with the second: whoever reads one object, a pointer say,
 * hundreds of times in it signs once.
 */
function signer(
  { region, access_key, secret_key }: S3ReadOptions,
  host: string,
): (path: string) => SignedHeaders {
  const keys: { day: string; key: Buffer } = { day: '', key: Buffer.alloc(0) };
  const signed = { second: 0, paths: new Map<string, SignedHeaders>() };
  const sign = (path: string, second: number): SignedHeaders => {
    const time = new Date(second * 1_000).toISOString().replace(/[-:]|\.\d{3}/g, '');
    const day = time.slice(0, 8);
    if (keys.day !== day) {
      keys.key = [region, 's3', 'aws4_request'].reduce(hmac, hmac(`AWS4${secret_key}`, day));
      keys.day = day;
    }
    const named = `host:${host}\nx-amz-content-sha256:${NO_BODY_SHA256}\nx-amz-date:${time}\n`;
    const canonical = `GET\n${path}\n\n${named}\n${SIGNED_HEADERS}\n${NO_BODY_SHA256}`;
    const scope = `${day}/${region}/s3/aws4_request`;
    const signature = hmac(keys.key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', canonical)}`);
    return {
      host,
      'x-amz-content-sha256': NO_BODY_SHA256,
      'x-amz-date': time,
      authorization: `AWS4-HMAC-SHA256 Credential=${access_key}/${scope}, SignedHeaders=${SIGNED_HEADERS}, Signature=${signature.toString('hex')}`,
    };
  };
  return (path) => {
    const second = Math.floor(Date.now() / 1_000);
    if (signed.second !== second) signed.paths.clear();
    signed.second = second;
    const headers = signed.paths.get(path) ?? sign(path, second);
    signed.paths.set(path, headers);
    return headers;
  };
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Everything but letters, digits and `-._~`. */
const uriEncoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
