/**
 * A second implementation of Signature Version 4, from the client's side, that sends exactly the path it is given:
 * real clients tidy a hostile path before they send it.
 */
import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:http';
import { KEYS } from './running-gateway.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** S3 code of a refusal. */
  readonly code: string | undefined;
}

export interface RawRequest {
  readonly method?: string;
  /** As sent, percent-encoded. */
  readonly path: string;
  /** The form that is signed; the path itself when left out. */
  readonly canonical_path?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  readonly content_sha256?: string;
  readonly secret_key?: string;
  readonly access_key?: string;
  readonly at?: Date;
  readonly unsigned_headers?: Readonly<Record<string, string>>;
}

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest();
const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export function signed(port: number, raw: RawRequest) {
  const { method = 'GET', path, query = {}, body = '' } = raw;
  const time = (raw.at ?? new Date()).toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${time.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const content = raw.content_sha256 ?? sha256(body);
  const headers: Record<string, string> = {
    host: `127.0.0.1:${port}`,
    'x-amz-date': time,
    'x-amz-content-sha256': content,
    ...raw.headers,
  };
  const names = Object.keys(headers).sort();
  const search = Object.keys(query)
    .sort()
    .map((name) => `${encoded(name)}=${encoded(query[name]!)}`)
    .join('&');
  const canonical = [
    method,
    raw.canonical_path ?? path,
    search,
    ...names.map((name) => `${name}:${headers[name]!.trim()}`),
    '',
    names.join(';'),
    content,
  ].join('\n');
  const key = ['us-east-1', 's3', 'aws4_request'].reduce<Buffer>(
    hmac,
    hmac(`AWS4${raw.secret_key ?? KEYS.secret_key}`, time.slice(0, 8)),
  );
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString(
    'hex',
  );
  const authorization = `AWS4-HMAC-SHA256 Credential=${raw.access_key ?? KEYS.access_key}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return {
    method,
    target: search === '' ? path : `${path}?${search}`,
    headers: { ...headers, authorization },
    signature,
    key,
    time,
    scope,
  };
}

export async function send(port: number, raw: RawRequest): Promise<RawAnswer> {
  const { method, target, headers } = signed(port, raw);
  return await exchange(port, method, target, { ...headers, ...raw.unsigned_headers }, raw.body ?? '');
}

export async function exchange(
  port: number,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer | string,
): Promise<RawAnswer> {
  return await new Promise((resolve, reject) => {
    const bytes = Buffer.from(body);
    const length = bytes.length === 0 && method !== 'PUT' ? {} : { 'content-length': String(bytes.length) };
    const sent = request({
      host: '127.0.0.1',
      port,
      method,
      path: target,
      agent: false,
      headers: { ...length, ...headers },
    });
    sent.on('error', reject);
    sent.on('response', (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece) => pieces.push(piece));
      answer.on('error', reject);
      answer.on('end', () => {
        const all = Buffer.concat(pieces);
        const code = /<Code>([^<]*)<\/Code>/.exec(all.toString())?.[1];
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: all, code });
      });
    });
    sent.end(bytes);
  });
}
