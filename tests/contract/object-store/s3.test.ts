import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';
import { AurumError } from '#lib/domain/errors.ts';
import { type S3Gateway, startS3Gateway } from '../../../local/s3/gateway.ts';
import { listed, objectStoreCases } from './cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'aurum-s3-contract-'));
const keys = { access_key: 'minio', secret_key: 'minio123' };
let gateway: S3Gateway;

beforeAll(async () => {
  gateway = await startS3Gateway({ port: 0, data_dir: folder, buckets: ['aurum'], ...keys });
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true });
});

const settings = (endpoint = gateway.url) => ({
  endpoint,
  region: 'us-east-1',
  bucket: 'aurum',
  force_path_style: true,
  ...keys,
});

objectStoreCases('s3 on the local gateway', () => s3ObjectStore(settings()));

describe('s3 object store', () => {
  it('puts its prefix before every key and takes it off again', async () => {
    const store = s3ObjectStore({ ...settings(), prefix: 'tenant-a/' });
    await store.put('x/1', 'a');
    expect((await listed(store, 'x/')).map((one) => one.key)).toEqual(['x/1']);
    expect((await store.get('x/1'))?.key).toBe('x/1');
    expect(await s3ObjectStore(settings()).head('tenant-a/x/1')).toBeDefined();
  });

  it('is busy, naming endpoint and setting, when nothing listens there', async () => {
    const store = s3ObjectStore(settings('http://127.0.0.1:9'));
    for (const call of [() => store.put('a', ''), () => store.get('a'), () => listed(store, '')]) {
      const error = await call().catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(AurumError);
      expect(error).toMatchObject({ kind: 'busy', code: 'object_store_unavailable' });
      expect((error as AurumError).message).toContain('http://127.0.0.1:9');
      expect((error as AurumError).remedy).toContain('AURUM_S3_ENDPOINT');
    }
  });

  it('is a fault that names the setting when the key or the bucket is wrong', async () => {
    const denied = s3ObjectStore({ ...settings(), secret_key: 'wrong' });
    await expect(denied.get('a')).rejects.toMatchObject({ kind: 'fault', code: 'object_store_denied' });
    const lost = s3ObjectStore({ ...settings(), bucket: 'absent' });
    await expect(lost.get('a')).rejects.toMatchObject({ kind: 'fault', code: 'object_bucket_missing' });
    await expect(lost.put('a', '', { expect: 'absent' })).rejects.toMatchObject({
      code: 'object_bucket_missing',
    });
  });

  it('knows its own object again when the answer to a conditional put was lost', async () => {
    let lost = 0;
    const proxy = await proxyThat((method, attempt) => {
      if (method !== 'PUT' || attempt > 1) return 'pass';
      lost++;
      return 'lose the answer';
    });
    const store = s3ObjectStore(settings(proxy.url));
    expect(await store.put('lost/1', 'mine', { expect: 'absent' })).toMatchObject({ outcome: 'stored' });
    expect((await store.head('lost/1'))?.metadata).toEqual({});
    expect(await store.put('lost/1', 'other', { expect: 'absent' })).toEqual({ outcome: 'refused' });
    expect(lost).toBe(1);
    proxy.close();
  });
});

/** Stands between client and gateway and may break the connection after the gateway has acted. */
async function proxyThat(decide: (method: string, attempt: number) => 'pass' | 'lose the answer') {
  let attempts = 0;
  const server = createServer((message, response) => {
    const decision = decide(message.method ?? '', ++attempts);
    const { method, url: path, headers } = message;
    const sent = request({ port: gateway.port, host: '127.0.0.1', method, path, headers }, (answer) => {
      if (decision === 'lose the answer') message.socket.destroy();
      else answer.pipe(response.writeHead(answer.statusCode ?? 0, answer.headers));
    });
    message.pipe(sent);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
