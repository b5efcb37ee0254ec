/** Answers sent as they are made, counted by subject. */
import { expect, test } from 'vitest';
import { streamLimit } from '#lib/runtime/access/stream-limit.ts';

async function* parts() {
  yield Buffer.from('a');
  yield Buffer.from('b');
}

type Reader = AsyncIterator<Uint8Array>;
const begun = async (body: unknown): Promise<Reader> => {
  const reader = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  await reader.next();
  return reader;
};

test('a subject has so many at once; another has its own, and what is short is not counted', async () => {
  const limit = streamLimit(2);
  const [first] = [await begun(limit('a', parts())), await begun(limit('a', parts()))];
  const refused = expect.objectContaining({ code: 'streams_rate_exceeded' });
  expect(() => limit('a', parts())).toThrow(refused);
  expect(limit('a', 'short')).toBe('short');
  await begun(limit('b', parts()));
  // Given up, as by a reader that goes away.
  await first.return!();
  const third = await begun(limit('a', parts()));
  expect(() => limit('a', parts())).toThrow(refused);
  while ((await third.next()).done !== true);
  expect(() => limit('a', parts())).not.toThrow();
});

test('an answer that nobody reads holds no place', async () => {
  const limit = streamLimit(1);
  limit('a', parts());
  expect(() => limit('a', parts())).not.toThrow();
});
