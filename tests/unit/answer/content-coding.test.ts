/** Which coding a caller takes, and that what it gets unpacks to what was made. */
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { codingFor, encoded, encodedStream } from '#lib/runtime/answer/content-coding.ts';

test.each([
  [undefined, 'identity'],
  ['', 'identity'],
  ['gzip', 'gzip'],
  ['gzip, deflate, br', 'br'],
  ['GZIP;q=0.5', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['*', 'br'],
  ['*;q=0', 'identity'],
  ['deflate', 'identity'],
  ['br;q=nonsense', 'identity'],
  ['gzip;q=1, br;q=0.1', 'gzip'],
  ['gzip;q=0.5, identity', 'identity'],
] as const)('%j takes %s', (header, coding) => {
  expect(codingFor(header, 'kept')).toBe(coding);
});

test('an answer that is given once is packed by what is quicker, unless that is refused', () => {
  expect(codingFor('gzip, br', 'once')).toBe('gzip');
  expect(codingFor('br, gzip;q=0', 'once')).toBe('br');
});

const body = Buffer.from(
  JSON.stringify(Array.from({ length: 2_000 }, (_, i) => ({ i, text: 'Winter 2026' }))),
);

test('what is kept and what is given once unpack to the same, smaller than they were', async () => {
  const [kept, quick, once, zipped] = [
    await encoded(body, 'br', true),
    await encoded(body, 'br', false),
    await encoded(body, 'gzip', false),
    await encoded(body, 'gzip', true),
  ];
  expect(brotliDecompressSync(kept.bytes)).toEqual(body);
  expect(brotliDecompressSync(quick.bytes)).toEqual(body);
  expect(gunzipSync(once.bytes)).toEqual(body);
  expect(gunzipSync(zipped.bytes)).toEqual(body);
  expect(kept.bytes.length).toBeLessThan(once.bytes.length);
});

test('a short answer is left as it is', async () => {
  const short = Buffer.from('{}');
  expect(await encoded(short, 'br', true)).toEqual({ bytes: short, coding: 'identity' });
});

async function* parts(failsAfter = Number.POSITIVE_INFINITY) {
  for (let at = 0, part = 0; at < body.length; at += 1_000, part++) {
    if (part >= failsAfter) throw new Error('store gone');
    yield body.subarray(at, at + 1_000);
  }
}

test('a stream is packed on its way, and one that fails is no whole answer', async () => {
  expect(brotliDecompressSync(await buffer(encodedStream(parts(), 'br')))).toEqual(body);
  expect(gunzipSync(await buffer(encodedStream(parts(), 'gzip')))).toEqual(body);
  await expect(buffer(encodedStream(parts(3), 'gzip'))).rejects.toThrow('store gone');
});

test('whoever stops reading ends the making', async () => {
  let ended = false;
  const source = async function* () {
    try {
      for (;;) yield body;
    } finally {
      ended = true;
    }
  };
  for await (const _chunk of encodedStream(source(), 'gzip')) break;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(ended).toBe(true);
});
