/** Reads that the plain request cannot decide are decided by the SDK, with its errors and its patience. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { s3ObjectStore } from '#lib/adapters/object-store/s3.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A store whose server answers one request after the other as told, the last answer for ever. */
async function store(...answers: readonly ((response: ServerResponse) => void)[]) {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)]!;
    asked.push(request.headers['user-agent']);
    answer(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close().closeAllConnections());
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options = { endpoint, region: 'us-east-1', bucket: 'b', access_key: 'a', secret_key: 's' };
  return { objects: s3ObjectStore({ ...options, force_path_style: true }), asked };
}

const found = (response: ServerResponse) => response.writeHead(200, { etag: '"e1"' }).end('body');
const failing = (status: number, code: string) => (response: ServerResponse) =>
  response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
const cut = (response: ServerResponse) => {
  response.writeHead(200, { 'content-length': 10 }).write('half');
  setTimeout(() => response.destroy(), 10);
};

test('what is there or is not costs one request, and no SDK', async () => {
  const there = await store(found);
  expect(await there.objects.get('k')).toMatchObject({
    etag: 'e1',
    body: new Uint8Array(Buffer.from('body')),
  });
  const absent = await store(failing(404, 'NoSuchKey'));
  expect(await absent.objects.get('k')).toBeUndefined();
  expect([there.asked, absent.asked]).toEqual([[undefined], [undefined]]);
});

test.each([
  ['an error of the store', failing(500, 'InternalError')],
  ['an answer cut short', cut],
  ['a clock that differs', failing(403, 'RequestTimeTooSkewed')],
])('%s is asked again', async (_, first) => {
  const { objects, asked } = await store(first, found);
  expect((await objects.get('k'))?.etag).toBe('e1');
  expect(asked).toHaveLength(2);
  expect(asked[1]).toContain('aws-sdk-js');
});

test('errors are told as the SDK understands them', async () => {
  const missing = await store(failing(404, 'NoSuchBucket'));
  await expect(missing.objects.get('k')).rejects.toMatchObject({ code: 'object_bucket_missing' });
  const denied = await store(failing(403, 'InvalidAccessKeyId'));
  await expect(denied.objects.get('k')).rejects.toMatchObject({ code: 'object_store_denied' });
});
