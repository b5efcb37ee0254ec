/** The AWS SDK with its defaults, checksums on, at a gateway; closed after the test. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { onTestFinished } from 'vitest';
import { KEYS, type RunningGateway } from './running-gateway.ts';

export function sdkClient({ url }: RunningGateway, more: S3ClientConfig = {}) {
  const client = new S3Client({
    endpoint: url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: KEYS.access_key, secretAccessKey: KEYS.secret_key },
    ...more,
  });
  onTestFinished(() => client.destroy());
  return client;
}
