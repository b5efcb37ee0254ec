/** The object store's contract on a real MinIO, in a bucket of its own. */
import { Client } from 'minio';
import { beforeAll, describe, expect, it } from 'vitest';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { objectStoreCases } from '#tests/contract/object-store/cases.ts';

const endpoint = process.env.AURUM_S3_ENDPOINT;
const reason = endpoint === undefined ? ' (skipped: AURUM_S3_ENDPOINT is not set)' : '';
const bucket = `contract-${Date.now()}`;

describe.skipIf(reason !== '')(`MinIO${reason}`, () => {
  const url = new URL(endpoint ?? 'http://127.0.0.1:1');
  const access_key = process.env.AURUM_S3_ACCESS_KEY ?? '';
  const secret_key = process.env.AURUM_S3_SECRET_KEY ?? '';

  beforeAll(async () => {
    const client = new Client({
      endPoint: url.hostname,
      port: Number(url.port),
      useSSL: false,
      accessKey: access_key,
      secretKey: secret_key,
    });
    await client.makeBucket(bucket, 'us-east-1');
    await client.setBucketVersioning(bucket, { Status: 'Enabled' });
  });

  const store = (secret = secret_key) =>
    s3ObjectStore({
      endpoint: url.origin,
      region: 'us-east-1',
      bucket,
      access_key,
      secret_key: secret,
      force_path_style: true,
    });

  objectStoreCases('s3 on MinIO', () => store());

  it('names the setting when the credential is refused', async () => {
    await expect(store('not-the-secret').get('x')).rejects.toMatchObject({
      code: 'object_store_denied',
      remedy: expect.stringContaining('AURUM_S3'),
    });
  });
});
