/**
 * The policies of knative/platform/minio on a real MinIO: each role does with each part of the bucket what its functions need
 * and nothing else. That it is enough for whole flows is shown where the API runs under them.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import type { AurumError } from '#lib/domain/errors.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';
import { bucketThere } from './lake-services.ts';
import { minioUser } from './minio-users.ts';
import { minioClient } from './site.ts';

const { AURUM_S3_ENDPOINT: endpoint, AURUM_S3_REGION: region = 'us-east-1' } = process.env;
const BUCKET = 'aurum';

/** get, put, list (MinIO takes it for the list of versions too), delete. */
type Operation = 'g' | 'p' | 'l' | 'd';

const ROLES = ['uploader', 'ingest', 'api', 'scenario', 'operator'] as const;
/** Part of the bucket: what each of the roles does with it, in their order. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  //                     uploader ingest api    scenario operator
  'raw/vendor_curves/': ['pl', 'gl', 'gp', '', 'gl'],
  'raw/other/': ['', 'gl', '', '', 'gl'],
  'staged/': ['', 'gpl', 'g', '', 'gpl'],
  'refused/': ['', 'gp', '', '', 'gpl'],
  'gated/': ['', 'gpl', 'gl', '', 'gpl'],
  'quarantine/': ['', 'gpl', 'gl', '', 'gpl'],
  'decisions/': ['', 'gl', 'gpl', '', 'gl'],
  'rejected/': ['', 'gpl', '', '', 'gpl'],
  'hotfix/': ['', 'gpl', '', '', 'gpl'],
  'impact/': ['', 'gp', 'gpl', '', 'gpl'],
  'releasing/': ['', 'gp', '', '', 'gpl'],
  'released/': ['', 'gpl', 'g', '', 'gpld'],
  'tries/': ['', 'gp', '', '', 'gpl'],
  'curated/': ['', 'gp', 'g', 'gp', 'gpld'],
  'lake/': ['', 'gpl', '', '', 'gpld'],
  'exports/': ['', 'gl', 'gpl', '', 'gl'],
  'asked/': ['', 'gld', 'gpd', 'gpd', 'l'],
  'records/': ['', '', 'gp', 'gp', 'gl'],
  'audit/': ['', 'gp', '', '', 'gl'],
  'elsewhere/': ['', '', '', '', 'l'],
};

const run = `policy-test-${randomBytes(4).toString('hex')}`;

async function clear(): Promise<void> {
  const client = minioClient();
  for (const part of Object.keys(PARTS)) {
    const versions = client.listObjects(BUCKET, `${part}${run}`, true, { IncludeVersion: true });
    for await (const { name, versionId } of versions) await client.removeObject(BUCKET, name!, { versionId });
  }
}

async function first(keys: AsyncIterable<unknown>): Promise<unknown> {
  for await (const key of keys) return key;
  return undefined;
}

describe.skipIf(endpoint === undefined)('policies on MinIO (skipped without AURUM_S3_ENDPOINT)', () => {
  const storeOf = (user: { access_key: string; secret_key: string }) =>
    s3ObjectStore({ endpoint: endpoint!, region, bucket: BUCKET, force_path_style: true, ...user });
  const { AURUM_S3_ACCESS_KEY: access_key = '', AURUM_S3_SECRET_KEY: secret_key = '' } = process.env;

  beforeAll(async () => {
    await bucketThere();
    const administrator = storeOf({ access_key, secret_key });
    for (const part of Object.keys(PARTS)) await administrator.put(`${part}${run}-there`, '{}');
  });
  afterAll(clear);

  const tried = (store: ObjectStore, part: string): Readonly<Record<Operation, () => Promise<unknown>>> => ({
    g: () => store.get(`${part}${run}-there`),
    p: () => store.put(`${part}${run}-put`, '{}', { expect: 'absent' }),
    l: () => first(store.list(part)),
    d: () => store.delete(`${part}${run}-put`),
  });

  const isAllowed = (attempt: Promise<unknown>) =>
    attempt.then(
      () => true,
      (error: AurumError) => {
        if (error.code === 'object_store_denied') return false;
        throw error;
      },
    );

  test.each(ROLES.map((role, at) => [role, at] as const))('%s', async (role, at) => {
    const store = storeOf(await minioUser(role));
    const may: Record<string, string> = {};
    for (const part of Object.keys(PARTS)) {
      const operations = Object.entries(tried(store, part)) as [Operation, () => Promise<unknown>][];
      const allowed: Operation[] = [];
      for (const [operation, attempt] of operations) if (await isAllowed(attempt())) allowed.push(operation);
      may[part] = allowed.join('');
    }
    expect(may).toEqual(Object.fromEntries(Object.entries(PARTS).map(([part, roles]) => [part, roles[at]])));
    if (role !== 'operator') expect(await isAllowed(first(store.list('')))).toBe(false);
  });

  test('an object that is not there is not there, whether or not its part may be listed', async () => {
    const store = storeOf(await minioUser('ingest'));
    for (const key of ['releasing/', 'staged/'].map((part) => `${part}${run}-absent`)) {
      expect([await store.get(key), await store.head(key)]).toEqual([undefined, undefined]);
    }
  });

  test('no role takes a version of a workbook away', async () => {
    const key = `raw/vendor_curves/${run}-there`;
    const { versionId } = await minioClient().statObject(BUCKET, key);
    for (const role of ROLES) {
      const { access_key: accessKey, secret_key: secretKey } = await minioUser(role);
      const client = minioClient({ accessKey, secretKey });
      const removed = client.removeObject(BUCKET, key, { versionId: versionId! });
      await expect(removed).rejects.toMatchObject({ code: 'AccessDenied' });
    }
  });
});
