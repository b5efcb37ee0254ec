import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { runningGateway } from './running-gateway.ts';
import { send } from './signed-request.ts';

const encoded = (key: string) =>
  key
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
    )
    .join('/');

const hostile = [
  '../escape',
  '../../../../../../../../tmp/escape',
  'a/../../escape',
  '..',
  '.',
  './a',
  '/absolute',
  '//',
  'a//b',
  'a/',
  '%2e%2e/escape',
  '%2e%2e%2fescape',
  '..\\escape',
  'C:\\escape',
  'a\nb',
  'a\u0001b',
  'con',
  'a?b#c&d=e',
  'a+b c',
  'quote\'"<&>',
  '\u202egnp.xlsx',
  'cafe\u0301',
  'café',
  '😀/ｚ',
  '__proto__',
  'constructor',
  'x'.repeat(1024),
  'é'.repeat(512),
];

it('keeps every hostile key as an object of its own, inside the data folder', async () => {
  const { port, folder, errors } = await runningGateway();
  const outside = () => readdirSync(dirname(folder)).filter((name) => /escape|absolute/.test(name));
  for (const key of hostile) {
    const put = await send(port, { method: 'PUT', path: `/aurum/${encoded(key)}`, body: `bytes of ${key}` });
    expect(put.status, key).toBe(200);
  }
  for (const key of hostile) {
    expect((await send(port, { path: `/aurum/${encoded(key)}` })).body.toString(), key).toBe(
      `bytes of ${key}`,
    );
  }
  const listed = await send(port, { path: '/aurum', query: { 'encoding-type': 'url', 'list-type': '2' } });
  const keys = [...listed.body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)].map((one) =>
    decodeURIComponent(one[1]!),
  );
  expect(keys.toSorted()).toEqual(hostile.toSorted());
  expect(keys).toEqual(keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  expect(outside()).toEqual([]);
  expect(readdirSync(folder).sort()).toEqual(['blobs', 'journal.ndjson']);
  expect(readdirSync(`${folder}/blobs`).every((name) => /^[0-9a-f]{32}$/.test(name))).toBe(true);
  expect(errors).toEqual([]);
});

it('takes a raw dot path for the key it spells, never for a parent', async () => {
  const { port } = await runningGateway();
  await send(port, { method: 'PUT', path: '/aurum/secret', body: 'secret' });
  for (const path of [
    '/aurum/a/../secret',
    '/aurum/%2e%2e/aurum/secret',
    '/other/../aurum/secret',
    '/aurum//secret',
  ]) {
    const canonical_path = path.replaceAll('%2e', '.');
    const answer = await send(port, { path, canonical_path });
    expect(answer.status, path).toBe(404);
  }
});

it.each([
  ['NUL', '/aurum/a%00b', '/aurum/a%00b', 'XMinioInvalidObjectName'],
  ['1,025 bytes', `/aurum/${'x'.repeat(1025)}`, undefined, 'KeyTooLongError'],
  ['1,026 bytes in 513 letters', `/aurum/${'%C3%A9'.repeat(513)}`, undefined, 'KeyTooLongError'],
  ['bytes that are no UTF-8', '/aurum/a%ff', undefined, 'InvalidURI'],
  ['an unfinished escape', '/aurum/a%2', undefined, 'InvalidURI'],
])('refuses a key with %s', async (_, path, canonical, code) => {
  const { port } = await runningGateway();
  for (const method of ['PUT', 'GET', 'DELETE']) {
    const answer = await send(port, { method, path, ...(canonical ? { canonical_path: canonical } : {}) });
    expect(answer).toMatchObject({ status: 400, code });
  }
});

it.each(['A', 'ab', 'a..b', 'Aurum', '-a-', 'a_b', 'x'.repeat(64)])(
  'refuses %s as a bucket name',
  async (name) => {
    const { port } = await runningGateway();
    expect(await send(port, { method: 'PUT', path: `/${name}` })).toMatchObject({
      status: 400,
      code: 'InvalidBucketName',
    });
  },
);
