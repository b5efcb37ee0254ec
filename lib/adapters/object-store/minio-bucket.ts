/**
 * The bucket on MinIO as the platform needs it: versions kept, old versions of moving pointers cleaned up, notifications
 * sent. Done again, it changes nothing. Knows nothing of what the prefixes mean.
 */
import { Client, NotificationConfig, QueueConfig } from 'minio';
import { AurumError, busy } from '#lib/domain/errors.ts';

export interface MinioBucketOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly access_key: string;
  readonly secret_key: string;
  readonly bucket: string;
  /** Target that MinIO is configured with, e.g. `arn:minio:sqs:us-east-1:AURUM:kafka`. */
  readonly notify_arn: string;
  readonly notifications: readonly { readonly prefix: string; readonly suffix?: string | undefined }[];
  /** Prefixes whose objects are replaced often: their old versions go after a week. */
  readonly pointer_prefixes: readonly string[];
}

const OLD_POINTER_DAYS = 7;

/** @returns what was done, one sentence each. */
export async function prepareBucket(options: MinioBucketOptions): Promise<string[]> {
  const { bucket, region, endpoint } = options;
  const client = clientOf(options);
  try {
    const isThere = await client.bucketExists(bucket);
    if (!isThere) await client.makeBucket(bucket, region);
    await client.setBucketVersioning(bucket, { Status: 'Enabled' });
    await client.setBucketLifecycle(bucket, lifecycle(options.pointer_prefixes));
    await client.setBucketNotification(bucket, notification(options));
    return [
      `bucket ${bucket}: ${isThere ? 'was there' : 'created'}, versions kept`,
      `lifecycle: old versions below ${options.pointer_prefixes.join(', ')} go after ${OLD_POINTER_DAYS} days`,
      `notifications: ${options.notifications.map(({ prefix, suffix }) => `${prefix}*${suffix ?? ''}`).join(', ')} to ${options.notify_arn}`,
    ];
  } catch (cause) {
    throw bucketError(cause, endpoint, options.notify_arn);
  }
}

function clientOf({ endpoint, access_key, secret_key, region }: MinioBucketOptions): Client {
  const { hostname, port, protocol } = new URL(endpoint);
  const useSSL = protocol === 'https:';
  return new Client({
    endPoint: hostname,
    port: Number(port || (useSSL ? 443 : 80)),
    useSSL,
    accessKey: access_key,
    secretKey: secret_key,
    region,
  });
}

function lifecycle(prefixes: readonly string[]) {
  return {
    Rule: prefixes.map((Prefix) => ({
      ID: `old-${Prefix.replaceAll('/', '')}`,
      Status: 'Enabled',
      Filter: { Prefix },
      NoncurrentVersionExpiration: { NoncurrentDays: OLD_POINTER_DAYS },
    })),
  };
}

function notification({ notifications, notify_arn }: MinioBucketOptions): NotificationConfig {
  const config = new NotificationConfig();
  for (const { prefix, suffix } of notifications) {
    const queue = new QueueConfig(notify_arn);
    queue.setId(`aurum-${prefix.replaceAll(/\W+/g, '-')}`);
    queue.addEvent('s3:ObjectCreated:*');
    queue.addFilterPrefix(prefix);
    if (suffix !== undefined) queue.addFilterSuffix(suffix);
    config.add(queue);
  }
  return config;
}

function bucketError(cause: unknown, endpoint: string, notify_arn: string): AurumError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = (cause as { code?: string }).code ?? '';
  if (/ECONN|ENOTFOUND|ETIMEDOUT/.test(code)) {
    return busy('object_store_unavailable', `MinIO at ${endpoint} does not answer: ${reason}`, {
      remedy: 'Check AURUM_S3_ENDPOINT.',
      cause,
    });
  }
  if (/AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch/.test(code)) {
    const remedy = 'Check AURUM_S3_ACCESS_KEY and AURUM_S3_SECRET_KEY.';
    return new AurumError(
      'fault',
      'object_store_denied',
      `MinIO at ${endpoint} refuses the credential: ${reason}`,
      { remedy, cause },
    );
  }
  const remedy = `MinIO must be started with the notification target ${notify_arn} (AURUM_S3_NOTIFY_ARN).`;
  return new AurumError('fault', 'bucket_not_prepared', `MinIO at ${endpoint}: ${reason}`, { remedy, cause });
}
