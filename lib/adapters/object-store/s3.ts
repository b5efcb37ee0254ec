/**
 * The object store over S3: the local gateway, MinIO or AWS, by endpoint. Conditional writes are S3's own; nothing is
 * read before it is written. The SDK is loaded by the first call, since it costs 80 ms that `--help` need not wait for.
 */
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type {
  GetObjectCommandOutput,
  HeadObjectCommandOutput,
  ListObjectVersionsCommandOutput,
  S3Client,
} from '@aws-sdk/client-s3';
import { AurumError, busy } from '#lib/domain/errors.ts';
import type {
  ObjectEntry,
  ObjectVersionEntry,
  PutOptions,
  PutResult,
  StoredObject,
  VersionedObjectStore,
} from '#lib/ports/object-store.ts';
import { checkedMetadata, checkKey } from './key.ts';
import { type ReadObject, s3Read } from './s3-read.ts';

export interface S3ObjectStoreOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly access_key: string;
  readonly secret_key: string;
  /** True for MinIO and the gateway: the bucket is in the path, not in the host name. */
  readonly force_path_style: boolean;
  /** Put before every key and taken off again; '' when left out. */
  readonly prefix?: string;
}

const MAX_ATTEMPTS = 3;
const CONNECT_TIMEOUT_MS = 2_000;
const SOCKET_TIMEOUT_MS = 60_000;
const MAX_SOCKETS = 64;
/** Marks a conditional write, so that a retry whose first answer was lost knows its own object again. */
const WRITE_MARK = 'aurum-write';

export function s3ObjectStore(options: S3ObjectStoreOptions): VersionedObjectStore {
  const { bucket, prefix = '' } = options;
  const place = (key: string) => {
    checkKey(prefix + key);
    return { Bucket: bucket, Key: prefix + key };
  };
  let loaded: Promise<Loaded> | undefined;
  const connect = () => {
    loaded ??= load(options);
    return loaded;
  };

  const read = s3Read(options);

  async function head(key: string): Promise<HeadObjectCommandOutput | undefined> {
    const { client, sdk } = await connect();
    return absentAsUndefined(options, () => client.send(new sdk.HeadObjectCommand(place(key))));
  }

  async function put(key: string, body: Uint8Array | string, put: PutOptions = {}): Promise<PutResult> {
    const mark = put.expect === undefined ? undefined : randomUUID();
    const input = {
      ...place(key),
      Body: typeof body === 'string' ? Buffer.from(body) : body,
      ...putFields(put, mark),
    };
    const { client, sdk } = await connect();
    try {
      const { ETag } = await client.send(new sdk.PutObjectCommand(input));
      return { outcome: 'stored', etag: unquoted(ETag) };
    } catch (error) {
      if (!isRefusal(error, put)) throw storeError(options, error);
      if (attemptsOf(error) === 1) return { outcome: 'refused' };
      const current = await head(key);
      if (mark === undefined || current?.Metadata?.[WRITE_MARK] !== mark) return { outcome: 'refused' };
      return { outcome: 'stored', etag: unquoted(current.ETag) };
    }
  }

  return {
    put,
    async get(key, { version_id, etag } = {}) {
      const where = place(key);
      if (version_id === undefined && etag === undefined) {
        const found = await read(where.Key);
        if (found === 'absent') return undefined;
        if (found !== 'unclear') return { ...factsOf(key, found), body: found.body };
      }
      const { client, sdk } = await connect();
      const input = {
        ...where,
        ...(version_id === undefined ? {} : { VersionId: version_id }),
        ...(etag === undefined ? {} : { IfMatch: `"${etag}"` }),
      };
      return absentAsUndefined(options, async () => {
        const found = await client.send(new sdk.GetObjectCommand(input));
        const body = (await found.Body?.transformToByteArray()) ?? new Uint8Array();
        return { ...factsOf(key, found), body };
      });
    },
    async head(key) {
      const found = await head(key);
      return found && factsOf(key, found);
    },
    async *list(below) {
      yield* entriesBelow(options, await connect(), prefix + below);
    },
    async *listVersions(below) {
      yield* versionsBelow(options, await connect(), prefix + below);
    },
    async delete(key) {
      const { client, sdk } = await connect();
      await absentAsUndefined(options, () => client.send(new sdk.DeleteObjectCommand(place(key))));
    },
  };
}

type Sdk = typeof import('@aws-sdk/client-s3');
interface Loaded {
  readonly sdk: Sdk;
  readonly client: S3Client;
}

async function load(options: S3ObjectStoreOptions): Promise<Loaded> {
  const sdk = await import('@aws-sdk/client-s3');
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const client = new sdk.S3Client({
    endpoint: options.endpoint,
    region: options.region,
    credentials: { accessKeyId: options.access_key, secretAccessKey: options.secret_key },
    forcePathStyle: options.force_path_style,
    maxAttempts: MAX_ATTEMPTS,
    // The signature covers the SHA-256 of the body already; a second checksum would only cost time.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      httpAgent: new Agent(agent),
      httpsAgent: new TlsAgent(agent),
    },
  });
  return { sdk, client };
}

async function* entriesBelow(
  options: S3ObjectStoreOptions,
  { client, sdk }: Loaded,
  below: string,
): AsyncGenerator<ObjectEntry> {
  const cut = options.prefix?.length ?? 0;
  let token: string | undefined;
  do {
    const page = new sdk.ListObjectsV2Command({
      Bucket: options.bucket,
      Prefix: below,
      EncodingType: 'url',
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    const answer = await client.send(page).catch((error) => Promise.reject(storeError(options, error)));
    for (const { Key, ETag, Size, LastModified } of answer.Contents ?? []) {
      yield {
        key: keyOf(Key).slice(cut),
        etag: unquoted(ETag),
        size: Size ?? 0,
        last_modified: (LastModified ?? new Date(0)).toISOString(),
      };
    }
    token = answer.IsTruncated ? answer.NextContinuationToken : undefined;
  } while (token !== undefined);
}

/** S3 lists the versions of a key newest first; a key's are held until the next key comes, and turned round. */
async function* versionsBelow(
  options: S3ObjectStoreOptions,
  { client, sdk }: Loaded,
  below: string,
): AsyncGenerator<ObjectVersionEntry> {
  const cut = options.prefix?.length ?? 0;
  let held: ObjectVersionEntry[] = [];
  let marker: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | undefined = {};
  while (marker !== undefined) {
    const place = { Bucket: options.bucket, Prefix: below, EncodingType: 'url' as const, ...marker };
    const answer: ListObjectVersionsCommandOutput = await client
      .send(new sdk.ListObjectVersionsCommand(place))
      .catch((error) => Promise.reject(storeError(options, error)));
    for (const { Key, VersionId, ETag, Size, LastModified } of answer.Versions ?? []) {
      const entry: ObjectVersionEntry = {
        key: keyOf(Key).slice(cut),
        version_id: VersionId === 'null' ? undefined : VersionId,
        etag: unquoted(ETag),
        size: Size ?? 0,
        last_modified: (LastModified ?? new Date(0)).toISOString(),
      };
      if (held.length > 0 && held[0]!.key !== entry.key) {
        yield* held.reverse();
        held = [];
      }
      held.push(entry);
    }
    const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = answer;
    marker =
      IsTruncated === true && NextKeyMarker !== undefined
        ? {
            KeyMarker: keyOf(NextKeyMarker),
            ...(NextVersionIdMarker === undefined ? {} : { VersionIdMarker: NextVersionIdMarker }),
          }
        : undefined;
  }
  yield* held.reverse();
}

/** As listings with `encoding-type=url` write it. */
function keyOf(encoded: string | undefined): string {
  return decodeURIComponent((encoded ?? '').replaceAll('+', ' '));
}

function putFields({ expect, contentType, metadata }: PutOptions, mark: string | undefined) {
  const encoded = Object.entries(checkedMetadata(metadata)).map(([name, value]) => [name, headerText(value)]);
  return {
    Metadata: { ...Object.fromEntries(encoded), ...(mark === undefined ? {} : { [WRITE_MARK]: mark }) },
    ...(contentType === undefined ? {} : { ContentType: contentType }),
    ...(expect === undefined
      ? {}
      : expect === 'absent'
        ? { IfNoneMatch: '*' }
        : { IfMatch: `"${expect.etag}"` }),
  };
}

function factsOf(
  key: string,
  found: GetObjectCommandOutput | HeadObjectCommandOutput | ReadObject,
): Omit<StoredObject, 'body'> {
  const { [WRITE_MARK]: _, ...metadata } = found.Metadata ?? {};
  return {
    key,
    etag: unquoted(found.ETag),
    version_id: found.VersionId === 'null' ? undefined : found.VersionId,
    last_modified: (found.LastModified ?? new Date(0)).toISOString(),
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name, fromHeaderText(value)]),
    ),
  };
}

function unquoted(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}

/** Headers carry ASCII without blanks at the ends; other text goes as an RFC 2047 word, as S3 itself writes it. */
function headerText(text: string): string {
  if (/^(?:[!-~](?:[ -~]*[!-~])?)?$/.test(text) && !text.startsWith('=?')) return text;
  return `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`;
}

function fromHeaderText(text: string): string {
  const word = /^=\?UTF-8\?B\?([A-Za-z0-9+/=]*)\?=$/i.exec(text);
  return word === null ? text : Buffer.from(word[1]!, 'base64').toString('utf8');
}

/** The object is not there, or not with the given etag; a bucket that is not there is an error. */
async function absentAsUndefined<T>(
  options: S3ObjectStoreOptions,
  call: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    const { status, code } = answerOf(error);
    if ((status === 404 && code !== 'NoSuchBucket') || status === 412) return undefined;
    throw storeError(options, error);
  }
}

/** 412: the condition did not hold. 409: another conditional write won meanwhile. 404: nothing to replace. */
function isRefusal(error: unknown, { expect }: PutOptions): boolean {
  const { status, code } = answerOf(error);
  return (
    expect !== undefined && (status === 412 || status === 409 || (status === 404 && code === 'NoSuchKey'))
  );
}

interface SdkFailure {
  /** Of a failure below HTTP, such as `ECONNREFUSED`. */
  readonly code?: string;
  readonly name?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

function answerOf(error: unknown): { status: number | undefined; code: string } {
  const { name = '', $metadata } = error as SdkFailure;
  return { status: $metadata?.httpStatusCode, code: name };
}

/** No answer, or one that says the store cannot now; a mistake of our own in the call is neither. */
function isOutage(error: unknown): boolean {
  const { status, code } = answerOf(error);
  if (status !== undefined && status >= 400) return status >= 500 || status === 429;
  return (error as SdkFailure).code !== undefined || code === 'TimeoutError';
}

function attemptsOf(error: unknown): number {
  return (error as SdkFailure).$metadata?.attempts ?? 1;
}

function storeError(options: S3ObjectStoreOptions, cause: unknown): AurumError {
  if (cause instanceof AurumError) return cause;
  const { status, code } = answerOf(cause);
  const { endpoint, bucket } = options;
  if (isOutage(cause)) {
    const reason =
      status === undefined
        ? `does not answer (${(cause as SdkFailure).code ?? code})`
        : `answers ${status} ${code}`;
    return busy('object_store_unavailable', `the object store at ${endpoint} ${reason}`, {
      remedy: 'Start it, or set AURUM_S3_ENDPOINT to one that runs.',
      cause,
    });
  }
  if (status === 403) {
    return new AurumError(
      'fault',
      'object_store_denied',
      `the object store at ${endpoint} refused our key (${code})`,
      {
        remedy: 'Set AURUM_S3_ACCESS_KEY and AURUM_S3_SECRET_KEY to a pair it knows.',
        cause,
      },
    );
  }
  if (code === 'NoSuchBucket') {
    return new AurumError('fault', 'object_bucket_missing', `there is no bucket ${bucket} at ${endpoint}`, {
      remedy: 'Create it, or set AURUM_S3_BUCKET.',
      cause,
    });
  }
  const answer = status === undefined ? (cause as SdkFailure).message : `${status} ${code}`;
  return new AurumError('fault', 'object_store_failed', `a call of ${endpoint} failed: ${answer}`, { cause });
}
