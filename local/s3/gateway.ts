/**
 * An S3 server for one machine: what `npm start` and the tests use where the cluster has MinIO. Objects lie in a data
 * folder, requests must be signed, and every object created is announced to the subscriptions in MinIO's shape.
 * Knows nothing of what the objects mean.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { checkBucketName } from './bucket-operations.ts';
import { asS3Error } from './errors.ts';
import { type EventName, type Notification, notificationBody } from './notification-event.ts';
import { NotModified } from './object-operations.ts';
import type { Answer, Call } from './operation.ts';
import { parseRequest, type S3Request } from './request.ts';
import { operationFor } from './routes.ts';
import { type Credentials, verifySignature } from './signature.ts';
import { openStore, type Store } from './store.ts';
import { xmlDocument } from './xml.ts';

export type { Notification, NotificationBody } from './notification-event.ts';

const DEFAULT_REGION = 'us-east-1';
const CLOSE_GRACE_MS = 2_000;
/** Longer than clients keep idle connections, so that none is cut while a request is on its way. */
const KEEP_ALIVE_MS = 65_000;

export interface S3GatewayOptions {
  /** 0 takes a free port. */
  readonly port: number;
  /** 127.0.0.1 when left out. */
  readonly host?: string;
  readonly data_dir: string;
  readonly access_key: string;
  readonly secret_key: string;
  /** Left out: any region a client signs for is taken, and `us-east-1` is answered. */
  readonly region?: string;
  /** Created at the start when they are not there. */
  readonly buckets: readonly string[];
  /** Keys below these keep every version; others are replaced in place. `raw/` when left out. */
  readonly versioned_prefixes?: readonly string[];
  readonly notifications?: readonly Notification[];
  /** True: an answered write also survives a power cut, at some milliseconds each. A crash of the process never loses one. */
  readonly fsync?: boolean;
  readonly on_log?: (line: S3LogLine) => void;
}

export interface S3LogLine {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly duration_ms: number;
  /** S3 code of a refusal. */
  readonly code: string | undefined;
  /** The cause of an internal error. */
  readonly error: unknown;
}

export interface S3Gateway {
  readonly url: string;
  readonly port: number;
  /** Replaces all subscriptions; what is pending for an id that stays goes on being delivered. */
  reconfigure(notifications: readonly Notification[]): Promise<void>;
  pendingNotifications(): number;
  close(): Promise<void>;
}

export async function startS3Gateway(options: S3GatewayOptions): Promise<S3Gateway> {
  const host = options.host ?? '127.0.0.1';
  for (const name of options.buckets) checkBucketName(name);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS });
  await listening(server, options.port, host);
  const { port } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  let store: Store;
  try {
    store = openStore({
      data_dir: options.data_dir,
      versioned_prefixes: options.versioned_prefixes ?? ['raw/'],
      notifications: options.notifications ?? [],
      fsync: options.fsync ?? false,
    });
  } catch (error) {
    server.close();
    throw error;
  }
  for (const name of options.buckets) {
    if (!store.state.buckets.has(name)) store.commit({ op: 'bucket', name, created_ms: Date.now() });
  }
  server.on('request', requestListener(store, options, url));
  let closing: Promise<void> | undefined;
  return {
    url,
    port,
    reconfigure: (notifications) => store.subscribe(notifications),
    pendingNotifications: () => store.notificationStatus().pending,
    close() {
      closing ??= closed(server).then(() => store.close());
      return closing;
    },
  };
}

/** Requests under way are finished, for a short grace; then their connections are cut. */
async function closed(server: Server): Promise<void> {
  const done = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const late = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await done;
  clearTimeout(late);
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function requestListener(store: Store, options: S3GatewayOptions, endpoint: string) {
  let served = 0;
  const start = BigInt(Date.now()) * 1_000_000n;
  return (message: IncomingMessage, response: ServerResponse): void => {
    const began_ms = performance.now();
    const id = (start + BigInt(++served)).toString(16).toUpperCase().padStart(16, '0');
    response.setHeader('x-amz-request-id', id);
    response.setHeader('server', 'AurumS3');
    const log = (error?: unknown) =>
      options.on_log?.({
        method: message.method ?? '',
        path: message.url?.replace(/\?.*$/s, '') ?? '',
        status: response.statusCode,
        duration_ms: performance.now() - began_ms,
        ...failureOf(error, message),
      });
    answer(store, options, endpoint, message, id)
      .then((ready) => send(response, ready))
      .then(
        () => log(),
        async (error) => {
          await send(response, refusalAnswer(error, message, id)).catch(() => response.destroy());
          log(error);
        },
      )
      .catch(() => response.destroy());
  };
}

/** A client that went away is no failure of ours. */
function failureOf(error: unknown, message: IncomingMessage): Pick<S3LogLine, 'code' | 'error'> {
  const ours = error !== undefined && !(error instanceof NotModified) && !message.socket.destroyed;
  const failure = ours ? asS3Error(error) : undefined;
  return { code: failure?.code, error: failure?.cause };
}

async function answer(
  store: Store,
  options: S3GatewayOptions,
  endpoint: string,
  message: IncomingMessage,
  id: string,
): Promise<Answer> {
  const open = unsignedAnswer(store, message);
  if (open !== undefined) return open;
  const request = parseRequest(message, id);
  const credentials: Credentials = options;
  const signed = verifySignature(request, credentials, Date.now());
  const call: Call = {
    store,
    request,
    signed,
    region: options.region ?? DEFAULT_REGION,
    owner: options.access_key,
    event: eventFactory(store, options, endpoint, request),
  };
  return await operationFor(request)(call);
}

function eventFactory(
  store: Store,
  options: S3GatewayOptions,
  endpoint: string,
  request: S3Request,
): Call['event'] {
  const { deployment_id } = store.state;
  const source = { request, access_key: options.access_key, deployment_id, endpoint };
  return (name: EventName, bucket) => (version) => notificationBody(name, bucket, version, source);
}

/** Health, and how many notifications wait: counts alone, so no signature is asked for. */
function unsignedAnswer(store: Store, { method, url }: IncomingMessage): Answer | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  if (url === '/minio/health/live') return { status: 200 };
  if (url !== '/_aurum/notifications') return undefined;
  const body = JSON.stringify(store.notificationStatus());
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
}

function refusalAnswer(error: unknown, message: IncomingMessage, id: string): Answer {
  if (error instanceof NotModified) return { status: 304, headers: error.headers };
  const { code, message: text, status, headers } = asS3Error(error);
  const Resource = message.url?.replace(/\?.*$/s, '');
  return {
    status,
    headers: { 'content-type': 'application/xml', ...headers },
    body: xmlDocument('Error', { Code: code, Message: text, Resource, RequestId: id }),
  };
}

async function send(response: ServerResponse, { status, headers = {}, body }: Answer): Promise<void> {
  if (response.headersSent) throw new Error('the answer broke off'); // the client sees a short body, never a false end
  for (const [name, value] of Object.entries(headers)) {
    // Node writes header text as latin1: UTF-8 bytes go through as they came.
    response.setHeader(name, typeof value === 'string' ? Buffer.from(value).toString('latin1') : value);
  }
  const bare = response.req.method === 'HEAD' || status === 204 || status === 304;
  if (typeof body === 'string' || body instanceof Buffer) {
    if (!response.hasHeader('content-length')) response.setHeader('content-length', Buffer.byteLength(body));
    response.writeHead(status).end(bare ? undefined : body);
  } else if (body === undefined || bare) {
    if (body === undefined && !response.hasHeader('content-length') && !bare)
      response.setHeader('content-length', 0);
    response.writeHead(status).end();
  } else {
    response.writeHead(status);
    await pipeline(body, response);
  }
}
