/** What every cache must do. Keys are new in each run. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Cache } from '#lib/ports/cache.ts';

const MINUTE_MS = 60_000;
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

export function cacheCases(open: () => Cache): void {
  const fresh = () => `k ${randomUUID()} +ü/${'x'.repeat(200)}`;

  test('what is set is found, under its key alone, to the byte', async () => {
    const [cache, key, other] = [open(), fresh(), fresh()];
    const value = Uint8Array.from({ length: 100_000 }, (_, index) => index % 256);
    await cache.set(key, value, MINUTE_MS);
    expect(await cache.get(key)).toEqual(value);
    expect(await cache.get(other)).toBeUndefined();
  });

  test('an empty value is a value', async () => {
    const [cache, key] = [open(), fresh()];
    await cache.set(key, new Uint8Array(), MINUTE_MS);
    expect(await cache.get(key)).toEqual(new Uint8Array());
  });

  test('a value set again is replaced, its lifetime too', async () => {
    const [cache, key] = [open(), fresh()];
    await cache.set(key, bytes('old'), 30);
    await cache.set(key, bytes('new'), MINUTE_MS);
    await delay(60);
    expect(await cache.get(key)).toEqual(bytes('new'));
  });

  test('an expired value is a miss, a deleted one too', async () => {
    const [cache, expiring, deleted] = [open(), fresh(), fresh()];
    await cache.set(expiring, bytes('a'), 30);
    await cache.set(deleted, bytes('b'), MINUTE_MS);
    await cache.delete(deleted);
    await cache.delete(deleted);
    await delay(60);
    expect(await cache.get(expiring)).toBeUndefined();
    expect(await cache.get(deleted)).toBeUndefined();
  });

  test('what the writer does with its bytes afterwards changes nothing', async () => {
    const [cache, key] = [open(), fresh()];
    const value = bytes('abc');
    await cache.set(key, value, MINUTE_MS);
    value.fill(0);
    expect(await cache.get(key)).toEqual(bytes('abc'));
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'a lifetime of %s ms is refused',
    async (ttl_ms) => {
      const [cache, key] = [open(), fresh()];
      await expect(cache.set(key, bytes('a'), ttl_ms)).rejects.toMatchObject({ code: 'cache_ttl_invalid' });
      expect(await cache.get(key)).toBeUndefined();
    },
  );
}
