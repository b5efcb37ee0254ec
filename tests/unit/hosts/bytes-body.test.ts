import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { refusal } from '#lib/domain/errors.ts';
import { bytesBody } from '#lib/runtime/bytes-body.ts';
import type { ServedFunction } from '#lib/runtime/hosts/server-call.ts';
import type { HttpEvent } from '#lib/runtime/http-event.ts';
import { problem } from '#lib/runtime/middleware/problem-json.ts';
import { gate, running } from './running-server.ts';

const CONTRACT = { types: ['application/x-file'], limit_bytes: 3_000_000 };
const SCHEMA = z.instanceof(Uint8Array).refine((bytes) => bytes[0] === 7, 'it does not begin with 7');
const TYPE = { 'content-type': 'application/x-file; x=1' };

/** A route that answers how many bytes it got, once `admit` lets it. */
function taking(admit: () => void | Promise<void> = () => {}): ServedFunction {
  return {
    name: 'api/take',
    trigger: { kind: 'http', method: 'POST', path: '/take', takes: 'bytes' },
    handler: async (event) => {
      try {
        await admit();
        const bytes = await bytesBody(event as HttpEvent, SCHEMA, CONTRACT);
        return { statusCode: 200, headers: {}, body: String(bytes.length) };
      } catch (error) {
        return problem(error, '/take');
      }
    },
  };
}

const file = (size: number) => new Uint8Array(size).fill(7);
const send = (url: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = TYPE) =>
  fetch(`${url}/take`, { method: 'POST', body, headers });
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

test('a file larger than the limit of other bodies arrives as it is', async () => {
  const { url } = await running({ functions: [taking()] });
  const answer = await send(url, file(2_500_000));
  expect([answer.status, await answer.text()]).toEqual([200, '2500000']);
});

test('a file above its own limit, of another type, or not what its schema says is refused', async () => {
  const { url } = await running({ functions: [taking()] });
  expect(await codeOf(await send(url, file(3_000_001)))).toBe('body_too_large');
  expect(await codeOf(await send(url, file(10), { 'content-type': 'text/plain' }))).toBe(
    'content_type_unsupported',
  );
  expect(await codeOf(await send(url, new Uint8Array(10)))).toBe('body_invalid');
});

test('nothing of the file is read before its sender is admitted', async () => {
  let isPulled = false;
  const stranger = () => {
    throw refusal('token_unauthorised', 'no token');
  };
  const { url } = await running({ functions: [taking(stranger)] });
  const endless = new ReadableStream<Uint8Array>({
    pull: async (stream) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      isPulled = true;
      stream.enqueue(file(1_000));
    },
  });
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const request = {
    method: 'POST',
    body: endless,
    headers: TYPE,
    duplex: 'half',
    signal: abort.signal,
  } as const;
  const answer = await fetch(`${url}/take`, request);
  expect(answer.status).toBe(401);
  expect(await codeOf(answer)).toBe('token_unauthorised');
  expect(isPulled).toBe(true); // It was being sent, and the answer did not wait for its end.
});

test('as many files arrive at once as the instance takes, and one more is told to come again', async () => {
  const held = gate();
  const never = () => new Promise<Uint8Array>((resolve) => void held.opened.then(() => resolve(file(1))));
  const arrive = (readBody: HttpEvent['readBody']) =>
    bytesBody({ headers: TYPE, ...(readBody && { readBody }) }, SCHEMA, CONTRACT);
  const arriving = Array.from({ length: 8 }, () => arrive(never));
  await expect(arrive(never)).rejects.toMatchObject({ code: 'server_busy', kind: 'busy' });
  held.open();
  expect(await Promise.all(arriving)).toHaveLength(8);
  await expect(arrive(async () => file(2))).resolves.toHaveLength(2);
});

test('from a host that hands over text, the file is the same', async () => {
  const bytes = Buffer.from([7, 0, 255, 128]);
  const event = { headers: TYPE, body: bytes.toString('base64'), isBase64Encoded: true };
  expect(Buffer.from(await bytesBody(event, SCHEMA, CONTRACT))).toEqual(bytes);
  const plain = { headers: TYPE, body: '\u0007text' };
  expect(Buffer.from(await bytesBody(plain, SCHEMA, CONTRACT)).toString()).toBe('\u0007text');
  const long = { headers: TYPE, body: 'x'.repeat(3_000_001) };
  await expect(bytesBody(long, SCHEMA, CONTRACT)).rejects.toMatchObject({ code: 'body_too_large' });
});
