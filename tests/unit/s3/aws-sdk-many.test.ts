/** The AWS SDK over many objects, or one in many parts: lists, copies, deletions, uploads in parts. */
import { randomBytes } from 'node:crypto';
import * as sdk from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { MIB, md5 } from './bytes.ts';
import { runningGateway } from './running-gateway.ts';
import { sdkClient } from './sdk-client.ts';

describe('the AWS SDK', () => {
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
    const partDigests = Buffer.concat(bodies.map((one) => Buffer.from(md5(one), 'hex')));
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
});
