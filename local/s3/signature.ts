/**
 * AWS Signature Version 4 as a server checks it: in the Authorization header or in a presigned URL.
 * What the body must hash to is handed on, not checked here. Knows nothing of operations.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { S3Error } from './errors.ts';
import { header, type S3Request } from './request.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const MAX_SKEW_MS = 15 * 60_000;
const MAX_PRESIGNED_S = 7 * 86_400;
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

export interface Credentials {
  readonly access_key: string;
  readonly secret_key: string;
  /** Left out: the region a client signs for is not looked at. */
  readonly region?: string;
}

/** What the body has to prove, and the chain that signed chunks continue. */
export interface SignedPayload {
  /** Hex SHA-256, `UNSIGNED-PAYLOAD` or a `STREAMING-` form. */
  readonly content: string;
  readonly signature: string;
  readonly signingKey: Buffer;
  readonly time: string;
  readonly scope: string;
}

interface Claim {
  readonly access_key: string;
  readonly date: string;
  readonly region: string;
  readonly signed_headers: readonly string[];
  readonly signature: string;
  /** ISO basic time, `20260102T030405Z`. */
  readonly time: string;
  readonly content: string;
}

export function verifySignature(request: S3Request, credentials: Credentials, now_ms: number): SignedPayload {
  const presigned = request.query.has('X-Amz-Algorithm');
  const claim = presigned ? presignedClaim(request, now_ms) : headerClaim(request, now_ms);
  if (claim.access_key !== credentials.access_key) throw new S3Error('InvalidAccessKeyId');
  if (credentials.region !== undefined && claim.region !== credentials.region) {
    throw new S3Error(
      'AuthorizationHeaderMalformed',
      `The region is wrong; expecting '${credentials.region}'.`,
    );
  }
  checkSignedHeaders(request, claim);
  const scope = `${claim.date}/${claim.region}/s3/aws4_request`;
  const canonical = canonicalRequest(request, claim, presigned);
  const toSign = [ALGORITHM, claim.time, scope, hash('sha256', Buffer.from(canonical, 'latin1'))].join('\n');
  const signingKey = signingKeyFor(credentials.secret_key, claim.date, claim.region);
  const signature = hmac(signingKey, toSign).toString('hex');
  if (!equalInConstantTime(signature, claim.signature)) throw new S3Error('SignatureDoesNotMatch');
  return { content: claim.content, signature, signingKey, time: claim.time, scope };
}

export function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function equalInConstantTime(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

function headerClaim(request: S3Request, now_ms: number): Claim {
  const authorization = header(request, 'authorization');
  if (authorization === undefined) throw new S3Error('AccessDenied');
  const parts =
    /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (parts === null) throw new S3Error('AuthorizationHeaderMalformed');
  const content = header(request, 'x-amz-content-sha256');
  if (content === undefined) throw new S3Error('InvalidRequest', 'Missing header x-amz-content-sha256.');
  const time = requestTime(header(request, 'x-amz-date') ?? header(request, 'date'));
  if (Math.abs(now_ms - time.ms) > MAX_SKEW_MS) throw new S3Error('RequestTimeTooSkewed');
  const scope = credentialScope(parts[1]!, time.basic, 'AuthorizationHeaderMalformed');
  return { ...scope, signed_headers: parts[2]!.split(';'), signature: parts[3]!, time: time.basic, content };
}

function presignedClaim(request: S3Request, now_ms: number): Claim {
  const parameter = (name: string) => {
    const value = request.query.get(name);
    if (value === undefined) throw new S3Error('AuthorizationQueryParametersError', `Missing ${name}.`);
    return value;
  };
  if (parameter('X-Amz-Algorithm') !== ALGORITHM) throw new S3Error('AuthorizationQueryParametersError');
  const time = requestTime(parameter('X-Amz-Date'));
  const expires_s = Number(parameter('X-Amz-Expires'));
  if (!Number.isInteger(expires_s) || expires_s < 1 || expires_s > MAX_PRESIGNED_S) {
    throw new S3Error('AuthorizationQueryParametersError', 'X-Amz-Expires must be 1 to 604800 seconds.');
  }
  if (time.ms - now_ms > MAX_SKEW_MS) throw new S3Error('AccessDenied', 'Request is not valid yet.');
  if (now_ms > time.ms + expires_s * 1000) throw new S3Error('AccessDenied', 'Request has expired.');
  return {
    ...credentialScope(parameter('X-Amz-Credential'), time.basic, 'AuthorizationQueryParametersError'),
    signed_headers: parameter('X-Amz-SignedHeaders').split(';'),
    signature: parameter('X-Amz-Signature'),
    time: time.basic,
    content:
      request.query.get('X-Amz-Content-Sha256') ??
      header(request, 'x-amz-content-sha256') ??
      UNSIGNED_PAYLOAD,
  };
}

function credentialScope(
  text: string,
  time: string,
  refusedAs: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError',
): Pick<Claim, 'access_key' | 'date' | 'region'> {
  const parts = /^(.+)\/(\d{8})\/([^/]+)\/s3\/aws4_request$/.exec(text);
  if (parts === null || !time.startsWith(parts[2]!)) throw new S3Error(refusedAs);
  return { access_key: parts[1]!, date: parts[2]!, region: parts[3]! };
}

function requestTime(text: string | undefined): { ms: number; basic: string } {
  const iso = text?.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const ms = Date.parse(iso ?? '');
  if (Number.isNaN(ms)) throw new S3Error('AccessDenied', 'A valid x-amz-date or Date header is required.');
  return { ms, basic: new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '') };
}

/** A header the signature leaves out could be changed on the way: the host and every x-amz header must be in it. */
function checkSignedHeaders(request: S3Request, { signed_headers }: Claim): void {
  const unsigned = Object.keys(request.message.headers).find(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signed_headers.includes(name),
  );
  if (unsigned !== undefined) throw new S3Error('AccessDenied', `Header ${unsigned} was not signed.`);
}

function canonicalRequest(request: S3Request, claim: Claim, presigned: boolean): string {
  const query = request.pairs
    .filter(([name]) => !(presigned && name === 'X-Amz-Signature'))
    .map(([name, value]) => `${uriEncoded(name)}=${uriEncoded(value)}`);
  const headers = claim.signed_headers.map(
    (name) => `${name}:${(header(request, name) ?? '').trim().replace(/ +/g, ' ')}\n`,
  );
  return [
    request.method,
    request.path.split('/').map(uriEncoded).join('/'),
    query.sort(byName).join('&'),
    headers.join(''),
    claim.signed_headers.join(';'),
    claim.content,
  ].join('\n');
}

/** Encoded names are sorted first, then values; `=` would otherwise sort behind `-` and digits. */
function byName(a: string, b: string): number {
  const [x, y] = [a.replace('=', '\0'), b.replace('=', '\0')];
  return x < y ? -1 : x > y ? 1 : 0;
}

function uriEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The key depends on the day and region alone, so the last one nearly always serves. */
function signingKeyFor(secret: string, date: string, region: string): Buffer {
  const name = `${date}/${region}/${secret}`;
  if (lastKey?.name !== name) {
    const key = [region, 's3', 'aws4_request'].reduce(hmac, hmac(`AWS4${secret}`, date));
    lastKey = { name, key };
  }
  return lastKey.key;
}
let lastKey: { name: string; key: Buffer } | undefined;
