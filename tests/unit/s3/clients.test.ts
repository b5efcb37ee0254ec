/** Real clients: the `minio` package and the AWS SDK with its defaults (checksums on), each doing what users do. */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as sdk from '@aws-sdk/client-s3';
import * as minio from 'minio';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KEYS, type RunningGateway, runningGateway } from './running-gateway.ts';

const md5 = (data: Buffer) => createHash('md5').update(data).digest('hex');
const MIB = 1024 ** 2;

function minioClient({ port }: RunningGateway, secretKey = KEYS.secret_key) {
  return new minio.Client({
    endPoint: '127.0.0.1',
    port,
    useSSL: false,
    accessKey: KEYS.access_key,
    secretKey,
  });
}

function sdkClient({ url }: RunningGateway, more: sdk.S3ClientConfig = {}) {
  const client = new sdk.S3Client({
    endpoint: url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: KEYS.access_key, secretAccessKey: KEYS.secret_key },
    ...more,
  });
  onTestFinished(() => client.destroy());
  return client;
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

describe('the AWS SDK', () => {
  it('creates and lists buckets', async () => {
    const client = sdkClient(await runningGateway());
    await client.send(new sdk.CreateBucketCommand({ Bucket: 'second' }));
    await expect(client.send(new sdk.CreateBucketCommand({ Bucket: 'second' }))).rejects.toMatchObject({
      name: 'BucketAlreadyOwnedByYou',
    });
    const { Buckets } = await client.send(new sdk.ListBucketsCommand({}));
    expect(Buckets?.map((one) => one.Name)).toEqual(['aurum', 'second']);
    await client.send(new sdk.HeadBucketCommand({ Bucket: 'second' }));
    await expect(client.send(new sdk.HeadBucketCommand({ Bucket: 'third' }))).rejects.toMatchObject({
      name: 'NotFound',
    });
    expect(await client.send(new sdk.GetBucketVersioningCommand({ Bucket: 'aurum' }))).toMatchObject({
      Status: 'Enabled',
    });
    expect(
      (await client.send(new sdk.GetBucketLocationCommand({ Bucket: 'aurum' }))).LocationConstraint,
    ).toBeFalsy();
    await expect(
      client.send(new sdk.PutObjectCommand({ Bucket: 'third', Key: 'a', Body: 'x' })),
    ).rejects.toMatchObject({ name: 'NoSuchBucket' });
  });

  // Those the SDK computes without a further package.
  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'puts and gets with %s',
    async (ChecksumAlgorithm) => {
      const running = await runningGateway();
      const client = sdkClient(running, { requestChecksumCalculation: 'WHEN_SUPPORTED' });
      for (const Body of [
        'bytes',
        Buffer.alloc(300_000, 1),
        Readable.from([Buffer.alloc(100_000, 2), Buffer.alloc(50_000, 3)]),
      ]) {
        const ContentLength = Body instanceof Readable ? 150_000 : Buffer.byteLength(Body);
        await client.send(
          new sdk.PutObjectCommand({ Bucket: 'aurum', Key: 'sum', Body, ContentLength, ChecksumAlgorithm }),
        );
        const got = await client.send(
          new sdk.GetObjectCommand({ Bucket: 'aurum', Key: 'sum', ChecksumMode: 'ENABLED' }),
        );
        expect(Object.keys(got)).toContain(`Checksum${ChecksumAlgorithm}`);
        expect((await got.Body!.transformToByteArray()).byteLength).toBe(ContentLength);
      }
      expect(running.errors).toEqual([]);
    },
  );

  it('reads ranges, versions and conditions', async () => {
    const client = sdkClient(await runningGateway());
    const at = { Bucket: 'aurum', Key: 'raw/a' };
    const one = await client.send(
      new sdk.PutObjectCommand({
        ...at,
        Body: '0123456789',
        CacheControl: 'no-cache',
        ContentEncoding: 'identity',
      }),
    );
    const two = await client.send(new sdk.PutObjectCommand({ ...at, Body: 'second' }));
    const get = async (more: Partial<sdk.GetObjectCommandInput>) => {
      const got = await client.send(new sdk.GetObjectCommand({ ...at, ...more }));
      return { text: await got.Body!.transformToString(), range: got.ContentRange, ...got };
    };
    const old = { VersionId: one.VersionId };
    expect(await get(old)).toMatchObject({
      text: '0123456789',
      CacheControl: 'no-cache',
      ContentEncoding: 'identity',
    });
    expect(await get({})).toMatchObject({ text: 'second', ETag: two.ETag, VersionId: two.VersionId });
    expect(await get({ ...old, Range: 'bytes=2-4' })).toMatchObject({ text: '234', range: 'bytes 2-4/10' });
    expect(await get({ ...old, Range: 'bytes=7-' })).toMatchObject({ text: '789', range: 'bytes 7-9/10' });
    expect(await get({ ...old, Range: 'bytes=-3' })).toMatchObject({ text: '789' });
    expect(await get({ ...old, Range: 'bytes=8-100' })).toMatchObject({ text: '89' });
    await expect(get({ ...old, Range: 'bytes=10-' })).rejects.toMatchObject({ name: 'InvalidRange' });
    expect(await get({ IfMatch: two.ETag })).toMatchObject({ text: 'second' });
    await expect(get({ IfMatch: one.ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(get({ IfNoneMatch: two.ETag })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    });
    await expect(get({ IfModifiedSince: new Date(Date.now() + 10_000) })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    });
    await expect(get({ IfUnmodifiedSince: new Date(0) })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    expect(
      await get({ ResponseContentType: 'text/x', ResponseContentDisposition: 'attachment' }),
    ).toMatchObject({ ContentType: 'text/x', ContentDisposition: 'attachment' });
    await expect(get({ VersionId: 'none' })).rejects.toMatchObject({ name: 'NoSuchVersion' });
  });

  it('writes on conditions: 50 creators at once, one wins', async () => {
    const client = sdkClient(await runningGateway());
    const put = (more: Partial<sdk.PutObjectCommandInput>) =>
      client.send(new sdk.PutObjectCommand({ Bucket: 'aurum', Key: 'k', ...more }));
    const tries = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => put({ Body: `writer ${i}`, IfNoneMatch: '*' })),
    );
    expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    for (const one of tries) {
      if (one.status === 'rejected')
        expect(one.reason).toMatchObject({ name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } });
    }
    const winner = tries.findIndex((one) => one.status === 'fulfilled');
    const got = await client.send(new sdk.GetObjectCommand({ Bucket: 'aurum', Key: 'k' }));
    expect(await got.Body!.transformToString()).toBe(`writer ${winner}`);
    await put({ Body: 'next', IfMatch: got.ETag });
    await expect(put({ Body: 'late', IfMatch: got.ETag })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    await expect(put({ Key: 'none', Body: 'x', IfMatch: got.ETag })).rejects.toMatchObject({
      name: 'NoSuchKey',
    });
  });

  it('lists with prefix, delimiter, pages and versions', async () => {
    const client = sdkClient(await runningGateway());
    const keys = ['a/1', 'a/2', 'b', 'raw/x', 'raw/y', 'z z&<>'];
    for (const Key of keys) await client.send(new sdk.PutObjectCommand({ Bucket: 'aurum', Key, Body: Key }));
    const found: string[] = [];
    for await (const page of sdk.paginateListObjectsV2(
      { client, pageSize: 2 },
      { Bucket: 'aurum', Delimiter: '/' },
    )) {
      expect(page.KeyCount).toBeLessThanOrEqual(2);
      found.push(
        ...(page.CommonPrefixes ?? []).map((one) => one.Prefix!),
        ...(page.Contents ?? []).map((one) => one.Key!),
      );
    }
    expect(found.toSorted()).toEqual(['a/', 'b', 'raw/', 'z z&<>']);
    const after = await client.send(
      new sdk.ListObjectsV2Command({ Bucket: 'aurum', StartAfter: 'a/1', MaxKeys: 2 }),
    );
    expect(after.Contents?.map((one) => one.Key)).toEqual(['a/2', 'b']);
    const first = await client.send(new sdk.ListObjectsCommand({ Bucket: 'aurum', MaxKeys: 3 }));
    expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'b' });
    const rest = await client.send(new sdk.ListObjectsCommand({ Bucket: 'aurum', Marker: first.NextMarker }));
    expect(rest.Contents?.map((one) => one.Key)).toEqual(['raw/x', 'raw/y', 'z z&<>']);
    await client.send(new sdk.PutObjectCommand({ Bucket: 'aurum', Key: 'raw/x', Body: 'again' }));
    await client.send(new sdk.DeleteObjectCommand({ Bucket: 'aurum', Key: 'raw/x' }));
    const versions = await client.send(
      new sdk.ListObjectVersionsCommand({ Bucket: 'aurum', Prefix: 'raw/x' }),
    );
    expect(versions.Versions).toHaveLength(2);
    expect(versions.DeleteMarkers).toMatchObject([{ Key: 'raw/x', IsLatest: true }]);
    const plain = await client.send(new sdk.ListObjectVersionsCommand({ Bucket: 'aurum', Prefix: 'b' }));
    expect(plain.Versions).toMatchObject([{ Key: 'b', VersionId: 'null', IsLatest: true }]);
  });

  it('copies, keeping or replacing metadata, and deletes many', async () => {
    const client = sdkClient(await runningGateway());
    await client.send(
      new sdk.PutObjectCommand({
        Bucket: 'aurum',
        Key: 'raw/a b+é',
        Body: 'one',
        Metadata: { v: '1' },
        ContentType: 'text/csv',
      }),
    );
    const source = `/aurum/${encodeURIComponent('raw/a b+é')}`;
    const copy = await client.send(
      new sdk.CopyObjectCommand({ Bucket: 'aurum', Key: 'copy', CopySource: source }),
    );
    expect(copy.CopyObjectResult?.ETag).toBe(`"${md5(Buffer.from('one'))}"`);
    expect(await client.send(new sdk.HeadObjectCommand({ Bucket: 'aurum', Key: 'copy' }))).toMatchObject({
      Metadata: { v: '1' },
      ContentType: 'text/csv',
      ContentLength: 3,
    });
    await client.send(
      new sdk.CopyObjectCommand({
        Bucket: 'aurum',
        Key: 'copy',
        CopySource: '/aurum/copy',
        MetadataDirective: 'REPLACE',
        Metadata: { v: '2' },
      }),
    );
    expect((await client.send(new sdk.HeadObjectCommand({ Bucket: 'aurum', Key: 'copy' }))).Metadata).toEqual(
      { v: '2' },
    );
    await expect(
      client.send(new sdk.CopyObjectCommand({ Bucket: 'aurum', Key: 'copy', CopySource: '/aurum/copy' })),
    ).rejects.toMatchObject({ name: 'InvalidRequest' });
    await expect(
      client.send(new sdk.CopyObjectCommand({ Bucket: 'aurum', Key: 'x', CopySource: '/aurum/none' })),
    ).rejects.toMatchObject({ name: 'NoSuchKey' });
    const gone = await client.send(
      new sdk.DeleteObjectsCommand({
        Bucket: 'aurum',
        Delete: { Objects: [{ Key: 'copy' }, { Key: 'none' }, { Key: 'x'.repeat(1025) }] },
      }),
    );
    expect(gone.Deleted?.map((one) => one.Key)).toEqual(['copy', 'none']);
    expect(gone.Errors).toMatchObject([{ Code: 'KeyTooLongError' }]);
    await expect(
      client.send(new sdk.HeadObjectCommand({ Bucket: 'aurum', Key: 'copy' })),
    ).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('uploads in parts: lists, completes on conditions, aborts, copies parts', async () => {
    const running = await runningGateway();
    const client = sdkClient(running);
    const at = { Bucket: 'aurum', Key: 'raw/big' };
    const begin = async () =>
      (await client.send(new sdk.CreateMultipartUploadCommand({ ...at, Metadata: { m: '1' } }))).UploadId!;
    const UploadId = await begin();
    const bodies = [randomBytes(5 * MIB), randomBytes(5 * MIB), randomBytes(100)];
    const Parts: sdk.CompletedPart[] = [];
    for (const [i, Body] of bodies.entries()) {
      const { ETag } = await client.send(
        new sdk.UploadPartCommand({ ...at, UploadId, PartNumber: i + 1, Body }),
      );
      Parts.push({ ETag, PartNumber: i + 1 });
    }
    const listed = await client.send(new sdk.ListPartsCommand({ ...at, UploadId }));
    expect(listed.Parts?.map((one) => [one.PartNumber, one.Size])).toEqual([
      [1, 5 * MIB],
      [2, 5 * MIB],
      [3, 100],
    ]);
    const uploads = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket: 'aurum' }));
    expect(uploads.Uploads).toMatchObject([{ Key: 'raw/big', UploadId }]);
    const complete = (MultipartUpload: sdk.CompletedMultipartUpload, more = {}) =>
      client.send(new sdk.CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload, ...more }));
    await expect(complete({ Parts: Parts.toReversed() })).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    await expect(complete({ Parts: [{ PartNumber: 1, ETag: '"x"' }] })).rejects.toMatchObject({
      name: 'InvalidPart',
    });
    await expect(complete({ Parts: [] })).rejects.toMatchObject({ name: 'MalformedXML' });
    const done = await complete({ Parts }, { IfNoneMatch: '*' });
    const partDigests = Buffer.concat(bodies.map((one) => createHash('md5').update(one).digest()));
    expect(done.ETag).toBe(`"${md5(partDigests)}-3"`);
    const got = await client.send(new sdk.GetObjectCommand(at));
    expect(md5(Buffer.from(await got.Body!.transformToByteArray()))).toBe(md5(Buffer.concat(bodies)));
    const part = await client.send(new sdk.GetObjectCommand({ ...at, PartNumber: 3 }));
    expect(Buffer.from(await part.Body!.transformToByteArray())).toEqual(bodies[2]);
    await expect(complete({ Parts })).rejects.toMatchObject({ name: 'NoSuchUpload' });

    const second = await begin();
    const copied = await client.send(
      new sdk.UploadPartCopyCommand({
        ...at,
        UploadId: second,
        PartNumber: 1,
        CopySource: '/aurum/raw/big',
        CopySourceRange: 'bytes=10-19',
      }),
    );
    const finish = new sdk.CompleteMultipartUploadCommand({
      ...at,
      UploadId: second,
      IfNoneMatch: '*',
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: copied.CopyPartResult!.ETag }] },
    });
    await expect(client.send(finish)).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await client.send(new sdk.AbortMultipartUploadCommand({ ...at, UploadId: second }));
    expect(
      (await client.send(new sdk.ListMultipartUploadsCommand({ Bucket: 'aurum' }))).Uploads ?? [],
    ).toEqual([]);
    expect(running.errors).toEqual([]);
  });

  it('is told what is not implemented instead of being quietly misunderstood', async () => {
    const client = sdkClient(await runningGateway());
    await expect(
      client.send(new sdk.GetObjectTaggingCommand({ Bucket: 'aurum', Key: 'a' })),
    ).rejects.toMatchObject({ name: 'NotImplemented' });
    await expect(
      client.send(new sdk.PutBucketPolicyCommand({ Bucket: 'aurum', Policy: '{}' })),
    ).rejects.toMatchObject({ name: 'NotImplemented' });
    await expect(
      client.send(
        new sdk.PutObjectCommand({ Bucket: 'aurum', Key: 'a', Body: 'x', ServerSideEncryption: 'AES256' }),
      ),
    ).rejects.toMatchObject({ name: 'NotImplemented' });
  });
});
