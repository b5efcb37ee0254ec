import { describe, expect, test } from 'vitest';
import { lruCache } from '#lib/adapters/cache/lru.ts';
import { cacheCases } from './cases.ts';

const MINUTE_MS = 60_000;

describe('the cache in process', () => {
  const shared = lruCache({ max_bytes: 1_000_000 });
  cacheCases(() => shared);

  test('stays within its bytes: what was used longest ago goes first', async () => {
    const cache = lruCache({ max_bytes: 10_000 });
    const value = new Uint8Array(1_000);
    for (let index = 0; index < 8; index++) await cache.set(`k${index}`, value, MINUTE_MS);
    await cache.get('k0');
    await cache.set('k8', value, MINUTE_MS);
    expect(await cache.get('k0')).toEqual(value);
    expect(await cache.get('k1')).toBeUndefined();
  });

  test('a value larger than the whole cache is not kept and drives nothing out', async () => {
    const cache = lruCache({ max_bytes: 10_000 });
    await cache.set('small', new Uint8Array(10), MINUTE_MS);
    await cache.set('large', new Uint8Array(20_000), MINUTE_MS);
    expect(await cache.get('large')).toBeUndefined();
    expect(await cache.get('small')).toEqual(new Uint8Array(10));
  });

  test('many small values count with what keeping them costs', async () => {
    const cache = lruCache({ max_bytes: 100_000 });
    for (let index = 0; index < 10_000; index++) await cache.set(`k${index}`, new Uint8Array(1), MINUTE_MS);
    expect(await cache.get('k9000')).toBeUndefined();
    expect(await cache.get('k9999')).toEqual(new Uint8Array(1));
  });
});
