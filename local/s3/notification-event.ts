/**
 * The notification of one event, in the shape MinIO sends, and which subscriptions want it.
 * Knows nothing of queues or delivery.
 */
import { createHash } from 'node:crypto';
import { header, type S3Request } from './request.ts';
import type { ObjectVersion } from './state.ts';

/** Takes a body in the gateway's own process; a throw counts as a refusal and is retried. */
export interface InProcessTarget {
  readonly handle: (body: NotificationBody) => Promise<void>;
}

/** A 2xx answer takes the event; anything else, and silence for `timeout_ms` (60 s), is retried. */
export interface HttpTarget {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeout_ms?: number;
}

export interface Notification {
  /** Stable over restarts: what is pending for it waits under this id. */
  readonly id: string;
  readonly bucket: string;
  readonly prefix?: string;
  readonly suffix?: string;
  /** `s3:ObjectCreated:*`, or one exact name such as `s3:ObjectAccessed:Get`. */
  readonly events: readonly string[];
  readonly target: HttpTarget | InProcessTarget;
  /** Deliveries under way at once; 4 when left out. */
  readonly concurrency?: number;
}

export type EventName =
  | 's3:ObjectCreated:Put'
  | 's3:ObjectCreated:CompleteMultipartUpload'
  | 's3:ObjectCreated:Copy'
  | 's3:ObjectAccessed:Get'
  | 's3:ObjectAccessed:Head';

export type NotificationBody = ReturnType<typeof notificationBody>;

export function wants(one: Notification, name: EventName, bucket: string, key: string): boolean {
  return (
    one.bucket === bucket &&
    key.startsWith(one.prefix ?? '') &&
    key.endsWith(one.suffix ?? '') &&
    one.events.some((event) => (event.endsWith('*') ? name.startsWith(event.slice(0, -1)) : name === event))
  );
}

export interface EventSource {
  readonly request: S3Request;
  readonly access_key: string;
  readonly deployment_id: string;
  readonly endpoint: string;
}

export function notificationBody(
  name: EventName,
  bucket: string,
  version: ObjectVersion,
  source: EventSource,
) {
  const { request, access_key, deployment_id } = source;
  const address = (request.message.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return {
    EventName: name,
    Key: `${bucket}/${version.key}`,
    Records: [
      {
        eventVersion: '2.0',
        eventSource: 'minio:s3',
        awsRegion: '',
        eventTime: new Date().toISOString(),
        eventName: name,
        userIdentity: { principalId: access_key },
        requestParameters: { principalId: access_key, region: '', sourceIPAddress: address },
        responseElements: {
          'x-amz-id-2': createHash('sha256').update(deployment_id).digest('hex'),
          'x-amz-request-id': request.id,
          'x-minio-deployment-id': deployment_id,
          'x-minio-origin-endpoint': source.endpoint,
        },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'Config',
          bucket: { name: bucket, ownerIdentity: { principalId: access_key }, arn: `arn:aws:s3:::${bucket}` },
          object: objectFields(version),
        },
        source: { host: address, port: '', userAgent: header(request, 'user-agent') ?? '' },
      },
    ],
  };
}

function objectFields(version: ObjectVersion) {
  const contentType = version.content.headers['content-type'] ?? '';
  const metadata = Object.entries(version.content.metadata).map(([name, value]) => [
    headerCase(`x-amz-meta-${name}`),
    value,
  ]);
  return {
    key: formEncoded(version.key),
    size: version.size,
    eTag: version.etag,
    contentType,
    userMetadata: { ...Object.fromEntries(metadata), 'content-type': contentType } as Record<string, string>,
    ...(version.version_id === 'null' ? {} : { versionId: version.version_id }),
    sequencer: version.sequencer,
  };
}

/** `x-amz-meta-asof` -> `X-Amz-Meta-Asof`, as Go writes header names. */
function headerCase(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}

/** Form encoding of the whole key: a blank is `+`, a slash `%2F`. */
function formEncoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
