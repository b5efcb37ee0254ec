import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { checkedBody } from '../../../local/s3/body.ts';
import { parseRequest, type S3Request } from '../../../local/s3/request.ts';
import { verifySignature } from '../../../local/s3/signature.ts';
import { runningGateway } from './running-gateway.ts';
import { exchange, type RawRequest, send, signed } from './signed-request.ts';

describe('the examples AWS publishes for Signature Version 4', () => {
  const credentials = {
    access_key: 'AKIAIOSFODNN7EXAMPLE',
    secret_key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  };
  const now_ms = Date.parse('2013-05-24T00:00:00Z');
  const authorization = (names: string, signature: string) =>
    `AWS4-HMAC-SHA256 Credential=${credentials.access_key}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${names},Signature=${signature}`;
  const request = (
    method: string,
    url: string,
    headers: Record<string, string>,
    body: Buffer[] = [],
  ): S3Request =>
    parseRequest(
      Object.assign(Readable.from(body), { method, url, headers }) as unknown as IncomingMessage,
      '1',
    );

  it('accepts the signed GET with a range, and not with one byte changed', () => {
    const headers = {
      host: 'examplebucket.s3.amazonaws.com',
      range: 'bytes=0-9',
      'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'x-amz-date': '20130524T000000Z',
      authorization: authorization(
        'host;range;x-amz-content-sha256;x-amz-date',
        'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      ),
    };
    expect(verifySignature(request('GET', '/test.txt', headers), credentials, now_ms).time).toBe(
      '20130524T000000Z',
    );
    const changed = { ...headers, range: 'bytes=0-8' };
    expect(() => verifySignature(request('GET', '/test.txt', changed), credentials, now_ms)).toThrow(
      expect.objectContaining({ code: 'SignatureDoesNotMatch' }),
    );
  });

  it('accepts the signed PUT whose key holds a dollar sign', () => {
    const headers = {
      host: 'examplebucket.s3.amazonaws.com',
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      'x-amz-date': '20130524T000000Z',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      authorization: authorization(
        'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
        '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      ),
    };
    expect(() =>
      verifySignature(request('PUT', '/test$file.text', headers), credentials, now_ms),
    ).not.toThrow();
  });

  it('accepts the presigned GET until it expires', () => {
    const url =
      '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
    const presigned = request('GET', url, { host: 'examplebucket.s3.amazonaws.com' });
    expect(verifySignature(presigned, credentials, now_ms + 86_400_000).content).toBe('UNSIGNED-PAYLOAD');
    expect(() => verifySignature(presigned, credentials, now_ms + 86_401_000)).toThrow(
      expect.objectContaining({ code: 'AccessDenied', message: 'Request has expired.' }),
    );
  });

  const chunkSignatures = [
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ];
  const chunked = (bytes: Buffer, signatures: readonly string[], pieceBytes: number) => {
    const frame = (size: number, from: number, index: number) =>
      Buffer.concat([
        Buffer.from(`${size.toString(16)};chunk-signature=${signatures[index]}\r\n`),
        bytes.subarray(from, from + size),
        Buffer.from('\r\n'),
      ]);
    const body = Buffer.concat([frame(65_536, 0, 0), frame(1024, 65_536, 1), frame(0, 66_560, 2)]);
    const pieces: Buffer[] = [];
    for (let at = 0; at < body.length; at += pieceBytes) pieces.push(body.subarray(at, at + pieceBytes));
    const headers = {
      host: 's3.amazonaws.com',
      'x-amz-date': '20130524T000000Z',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': '66560',
      'content-length': '66824',
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      authorization: authorization(
        'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
        '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
      ),
    };
    const sent = request('PUT', '/examplebucket/chunkObject.txt', headers, pieces);
    return checkedBody(sent, verifySignature(sent, credentials, now_ms)).content;
  };
  const read = async (content: AsyncIterable<Buffer>) => {
    const pieces: Buffer[] = [];
    for await (const piece of content) pieces.push(piece);
    return Buffer.concat(pieces);
  };

  it('unwraps the signed chunks however the network cuts them', async () => {
    const bytes = Buffer.alloc(66_560, 'a');
    for (const pieceBytes of [17, 1000, 65_536, 100_000]) {
      expect(await read(chunked(bytes, chunkSignatures, pieceBytes))).toEqual(bytes);
    }
  });

  it('unwraps signed chunks with a signed trailer, and refuses a changed one', async () => {
    const frames = (checksum: string) =>
      Buffer.concat([
        Buffer.from(
          '10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n',
        ),
        Buffer.alloc(65_536, 'a'),
        Buffer.from(
          '\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n',
        ),
        Buffer.alloc(1024, 'a'),
        Buffer.from(
          '\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n',
        ),
        Buffer.from(`x-amz-checksum-crc32c:${checksum}\r\n`),
        Buffer.from(
          'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n',
        ),
      ]);
    const headers = {
      host: 's3.amazonaws.com',
      'x-amz-date': '20130524T000000Z',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': '66560',
      'x-amz-trailer': 'x-amz-checksum-crc32c',
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      authorization: authorization(
        'content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer',
        '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
      ),
    };
    const sent = (checksum: string) => {
      const put = request('PUT', '/examplebucket/chunkObject.txt', headers, [frames(checksum)]);
      return checkedBody(put, verifySignature(put, credentials, now_ms));
    };
    const good = sent('sOO8/Q==');
    expect(await read(good.content)).toEqual(Buffer.alloc(66_560, 'a'));
    expect(good.checksums).toEqual({ 'x-amz-checksum-crc32c': 'sOO8/Q==' });
    await expect(read(sent('sOO8/g==').content)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  it('refuses a chunk that was changed, or chunks in another order', async () => {
    const changed = Buffer.alloc(66_560, 'a').fill('b', 66_000, 66_001);
    await expect(read(chunked(changed, chunkSignatures, 1000))).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
    const [one, two, three] = chunkSignatures as [string, string, string];
    const swapped = chunked(Buffer.alloc(66_560, 'a'), [two, one, three], 1000);
    await expect(read(swapped)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  });
});

describe('a request that is not signed as it must be', () => {
  const minutes = (n: number) => new Date(Date.now() + n * 60_000);
  const put: RawRequest = { method: 'PUT', path: '/aurum/a.txt', body: 'x' };
  const cases: readonly [string, RawRequest, number, string][] = [
    ['another secret', { ...put, secret_key: 'other' }, 403, 'SignatureDoesNotMatch'],
    ['another path than signed', { ...put, canonical_path: '/aurum/b.txt' }, 403, 'SignatureDoesNotMatch'],
    ['an unknown access key', { ...put, access_key: 'nobody' }, 403, 'InvalidAccessKeyId'],
    ['a clock 16 minutes late', { ...put, at: minutes(-16) }, 403, 'RequestTimeTooSkewed'],
    ['a clock 16 minutes early', { ...put, at: minutes(16) }, 403, 'RequestTimeTooSkewed'],
    [
      'no signature',
      { ...put, unsigned_headers: { authorization: '' } },
      400,
      'AuthorizationHeaderMalformed',
    ],
    [
      'basic credentials',
      { ...put, unsigned_headers: { authorization: 'Basic eDp5' } },
      400,
      'AuthorizationHeaderMalformed',
    ],
    [
      'an x-amz header outside the signature',
      { ...put, unsigned_headers: { 'x-amz-meta-a': '1' } },
      403,
      'AccessDenied',
    ],
    [
      'another body than hashed',
      { ...put, content_sha256: 'a'.repeat(64) },
      400,
      'XAmzContentSHA256Mismatch',
    ],
    [
      'another MD5 than announced',
      { ...put, headers: { 'content-md5': Buffer.alloc(16).toString('base64') } },
      400,
      'BadDigest',
    ],
    ['an MD5 that is none', { ...put, headers: { 'content-md5': 'abc' } }, 400, 'InvalidDigest'],
    [
      'another CRC32 than announced',
      { ...put, headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } },
      400,
      'BadDigest',
    ],
    [
      'another CRC64NVME than announced',
      { ...put, headers: { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' } },
      400,
      'BadDigest',
    ],
  ];

  it.each(cases)('%s is refused and leaves nothing', async (_, request, status, code) => {
    const { port } = await runningGateway();
    expect(await send(port, request)).toMatchObject({ status, code });
    expect(await send(port, { path: '/aurum/a.txt' })).toMatchObject({ status: 404, code: 'NoSuchKey' });
  });

  it('no credentials at all are refused for every kind of call', async () => {
    const { port } = await runningGateway();
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/aurum'],
      ['PUT', '/aurum/a'],
      ['DELETE', '/aurum/a'],
      ['POST', '/aurum?delete'],
    ] as const) {
      expect(await exchange(port, method, path, {}, '')).toMatchObject({ status: 403, code: 'AccessDenied' });
    }
  });
});

describe('a body in aws-chunked frames without signatures', () => {
  const frames = (text: string, trailer: string) =>
    `${text.length.toString(16)}\r\n${text}\r\n0\r\n${trailer}\r\n`;
  const put = (body: string, length: number): RawRequest => ({
    method: 'PUT',
    path: '/aurum/framed',
    content_sha256: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    headers: {
      'content-encoding': 'gzip,aws-chunked',
      'x-amz-decoded-content-length': String(length),
      'x-amz-trailer': 'x-amz-checksum-crc32',
    },
    body,
  });

  it('is stored without its frames, its trailing checksum verified', async () => {
    const { port } = await runningGateway();
    const good = put(frames('123456789', 'x-amz-checksum-crc32:y/Q5Jg==\r\n'), 9);
    expect(await send(port, good)).toMatchObject({
      status: 200,
      headers: { 'x-amz-checksum-crc32': 'y/Q5Jg==' },
    });
    const got = await send(port, { path: '/aurum/framed' });
    expect(got.body.toString()).toBe('123456789');
    expect(got.headers['content-encoding']).toBe('gzip');
  });

  it.each([
    ['a wrong trailing checksum', frames('123456789', 'x-amz-checksum-crc32:AAAAAA==\r\n'), 9, 'BadDigest'],
    ['the trailer missing', frames('123456789', ''), 9, 'InvalidRequest'],
    [
      'another length than announced',
      frames('123456789', 'x-amz-checksum-crc32:y/Q5Jg==\r\n'),
      8,
      'IncompleteBody',
    ],
    ['a frame cut off', '9\r\n1234', 9, 'IncompleteBody'],
    ['no frames at all', '123456789', 9, 'IncompleteBody'],
    ['a frame header without end', 'a'.repeat(20_000), 9, 'IncompleteBody'],
  ])('with %s is refused', async (_, body, length, code) => {
    const { port } = await runningGateway();
    expect(await send(port, put(body, length))).toMatchObject({ status: 400, code });
    expect(await send(port, { path: '/aurum/framed' })).toMatchObject({ status: 404 });
  });
});

it('takes a bucket named by the host below localhost', async () => {
  const { port } = await runningGateway();
  const host = { host: `aurum.localhost:${port}` };
  expect(await send(port, { method: 'PUT', path: '/a/b.txt', body: 'x', headers: host })).toMatchObject({
    status: 200,
  });
  expect((await send(port, { path: '/aurum/a/b.txt' })).body.toString()).toBe('x');
});

it('asks for the configured region', async () => {
  const { port } = await runningGateway({ region: 'eu-central-1' });
  expect(signed(port, { path: '/aurum' }).scope).toContain('us-east-1');
  expect(await send(port, { path: '/aurum' })).toMatchObject({
    status: 400,
    code: 'AuthorizationHeaderMalformed',
  });
});
