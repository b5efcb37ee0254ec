/** The S3 adapter on a gateway of its own in this process; each store has a prefix to itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import { startS3Gateway } from '../../../local/s3/gateway.ts';

export async function gatewayStores(): Promise<{ fresh(): ObjectStore; close(): Promise<void> }> {
  const data_dir = mkdtempSync(join(tmpdir(), 'aurum-gateway-'));
  const keys = { access_key: 'minio', secret_key: 'minio123' };
  const gateway = await startS3Gateway({ port: 0, data_dir, buckets: ['aurum'], ...keys });
  let stores = 0;
  return {
    fresh: () =>
      s3ObjectStore({
        endpoint: gateway.url,
        region: 'us-east-1',
        bucket: 'aurum',
        force_path_style: true,
        prefix: `store-${stores++}/`,
        ...keys,
      }),
    async close() {
      await gateway.close();
      rmSync(data_dir, { recursive: true });
    },
  };
}
