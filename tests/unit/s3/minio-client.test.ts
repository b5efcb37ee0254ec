/** The `minio` package, doing what its users do. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as minio from 'minio';
import { describe, expect, it } from 'vitest';
import { MIB, md5 } from './bytes.ts';
import { KEYS, type RunningGateway, runningGateway } from './running-gateway.ts';

function minioClient({ port }: RunningGateway, secretKey = KEYS.secret_key) {
  return new minio.Client({
    endPoint: '127.0.0.1',
    port,
    useSSL: false,
    accessKey: KEYS.access_key,
    secretKey,
  });
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('the minio package', () => {
  it('puts with metadata, stats, gets, lists and removes', async () => {
    const running = await runningGateway();
    const client = minioClient(running);
    const key = 'raw/vendor_curves/2025-09-12/EOD PW+é_20250912.xlsx';
    const put = await client.putObject('aurum', key, Buffer.from('hello!'), 6, {
      'X-Amz-Meta-Vendor': 'pw',
      'Content-Type': 'text/csv',
    });
    expect(put).toEqual({
      etag: md5(Buffer.from('hello!')),
      versionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const stat = await client.statObject('aurum', key);
    expect(stat).toMatchObject({
      size: 6,
      etag: put.etag,
      versionId: put.versionId,
      metaData: { vendor: 'pw', 'content-type': 'text/csv' },
    });
    expect((await readAll(await client.getObject('aurum', key))).toString()).toBe('hello!');
    expect((await readAll(await client.getPartialObject('aurum', key, 1, 3))).toString()).toBe('ell');
    const listed: minio.BucketItem[] = [];
    for await (const item of client.listObjectsV2('aurum', 'raw/', true)) listed.push(item);
    expect(listed).toMatchObject([{ name: key, size: 6, etag: put.etag }]);
    const folders: minio.BucketItem[] = [];
    for await (const item of client.listObjects('aurum', '', false)) folders.push(item);
    expect(folders).toMatchObject([{ prefix: 'raw/' }]);
    await client.removeObject('aurum', key);
    await expect(client.statObject('aurum', key)).rejects.toMatchObject({ code: 'NotFound' });
    expect(running.errors).toEqual([]);
  });

  it('puts a file of 12 MiB in parts of 5', async () => {
    const running = await runningGateway();
    const client = minioClient(running);
    const bytes = randomBytes(12 * MIB);
    const file = join(running.folder, 'big.bin');
    writeFileSync(file, bytes);
    client.partSize = 5 * MIB;
    const put = await client.fPutObject('aurum', 'big', file, { 'X-Amz-Meta-A': '1' });
    expect(put.etag).toMatch(/^[0-9a-f]{32}-3$/);
    expect(md5(await readAll(await client.getObject('aurum', 'big')))).toBe(md5(bytes));
    expect((await client.statObject('aurum', 'big')).metaData).toMatchObject({ a: '1' });
    // Across the seam of two parts.
    const seam = await readAll(await client.getPartialObject('aurum', 'big', 5 * MIB - 10, 20));
    expect(seam).toEqual(bytes.subarray(5 * MIB - 10, 5 * MIB + 10));
  });

  it('puts and gets by presigned URL, until it expires or is changed', async () => {
    const running = await runningGateway();
    const client = minioClient(running);
    const key = 'a b/c+é.txt';
    const put = await fetch(await client.presignedPutObject('aurum', key, 60), {
      method: 'PUT',
      body: 'by link',
    });
    expect(put.status).toBe(200);
    const link = await client.presignedGetObject('aurum', key, 60, { 'response-content-type': 'text/plain' });
    const got = await fetch(link);
    expect(await got.text()).toBe('by link');
    expect(got.headers.get('content-type')).toBe('text/plain');
    expect((await fetch(link.replace('text%2Fplain', 'text%2Fhtml'))).status).toBe(403);
    const old = await client.presignedGetObject('aurum', key, 1, {}, new Date(Date.now() - 5_000));
    const expired = await fetch(old);
    expect(expired.status).toBe(403);
    expect(await expired.text()).toContain('Request has expired');
  });

  it('is refused with another secret', async () => {
    const client = minioClient(await runningGateway(), 'another1');
    await expect(client.putObject('aurum', 'a', 'x')).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
    await expect(client.getObject('aurum', 'a')).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  });
});
