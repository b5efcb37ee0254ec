/** The AWS SDK, doing what its users do with one object after another. */
import { Readable } from 'node:stream';
import * as sdk from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { runningGateway } from './running-gateway.ts';
import { sdkClient } from './sdk-client.ts';

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
      const large = Buffer.alloc(150_000, 'chunk by chunk ');
      const pieces = () => Readable.from([large.subarray(0, 100_000), large.subarray(100_000)]);
      for (const [Body, bytes] of [
        ['bytes', Buffer.from('bytes')],
        [large, large],
        [pieces(), large],
      ] as const) {
        const at = { Bucket: 'aurum', Key: 'sum' };
        const ContentLength = bytes.length;
        await client.send(new sdk.PutObjectCommand({ ...at, Body, ContentLength, ChecksumAlgorithm }));
        const got = await client.send(new sdk.GetObjectCommand({ ...at, ChecksumMode: 'ENABLED' }));
        expect(Object.keys(got)).toContain(`Checksum${ChecksumAlgorithm}`);
        expect(bytes.equals(await got.Body!.transformToByteArray())).toBe(true);
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
