/** The cache in a real Redis, and behind a door that is closed, mute, or asks for a password. */
import { createServer, type Server } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, test } from 'vitest';
import { redisCache } from '#lib/adapters/cache/redis.ts';
import type { Cache } from '#lib/ports/cache.ts';
import { cacheCases } from '#tests/contract/cache/cases.ts';
import { doorTo } from './door.ts';

const url = process.env.AURUM_REDIS_URL;
const MINUTE_MS = 60_000;
const VALUE = new Uint8Array([1, 2, 3]);

describe.skipIf(url === undefined)('Redis (skipped without AURUM_REDIS_URL)', () => {
  const opened: Cache[] = [];
  const open = (options: { url: string; on_outage?: (reason: string) => void }) => {
    const cache = redisCache({ prefix: 'aurum-test:', ...options });
    opened.push(cache);
    return cache;
  };
  afterAll(() => Promise.all(opened.map((cache) => cache.close())));

  const shared = url === undefined ? undefined : open({ url });
  cacheCases(() => shared!);

  test('what one process keeps another finds, a prefix apart', async () => {
    await open({ url: url! }).set('shared', VALUE, MINUTE_MS);
    expect(await open({ url: url! }).get('shared')).toEqual(VALUE);
    const other = redisCache({ url: url!, prefix: 'aurum-test-2:' });
    expect(await other.get('shared')).toBeUndefined();
    await other.close();
  });

  test('away from the start: misses, told once, no error, no wait', async () => {
    const told: string[] = [];
    const cache = open({ url: 'redis://127.0.0.1:9', on_outage: (reason) => told.push(reason) });
    const began = performance.now();
    for (let round = 0; round < 100; round++) {
      await cache.set('k', VALUE, MINUTE_MS);
      expect(await cache.get('k')).toBeUndefined();
      await cache.delete('k');
    }
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(told).toEqual([expect.stringMatching(/ECONNREFUSED.*AURUM_REDIS_URL/)]);
  });

  test('gone and back: told once per outage, then used again', async () => {
    const door = await doorTo(new URL(url!));
    const told: string[] = [];
    const cache = open({ url: `redis://${door.address}`, on_outage: (reason) => told.push(reason) });
    for (const outage of [1, 2]) {
      await expect
        .poll(
          async () => {
            await cache.set('k', VALUE, MINUTE_MS);
            return cache.get('k');
          },
          { timeout: 10_000 },
        )
        .toEqual(VALUE);
      expect(told).toHaveLength(outage - 1);
      await door.close();
      for (let round = 0; round < 20; round++) expect(await cache.get('k')).toBeUndefined();
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(told).toHaveLength(outage);
      await door.open();
    }
    await door.close();
  });

  test('one that takes connections and says nothing costs a moment once, then nothing', async () => {
    const mute: Server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await new Promise((resolve) => mute.once('listening', resolve));
    const { port } = mute.address() as { port: number };
    const told: string[] = [];
    const cache = open({ url: `redis://127.0.0.1:${port}`, on_outage: (reason) => told.push(reason) });
    const began = performance.now();
    for (let round = 0; round < 50; round++) expect(await cache.get('k')).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(told).toHaveLength(1);
    mute.close();
  });

  test('a refused password is an outage with its reason', async () => {
    const administrator = new Redis(url!);
    const user = `aurum-test-${process.pid}`;
    await administrator.acl('SETUSER', user, 'on', '>right', '~*', '+@all');
    const told: string[] = [];
    const { host } = new URL(url!);
    const cache = open({ url: `redis://${user}:wrong@${host}`, on_outage: (reason) => told.push(reason) });
    for (let round = 0; round < 20; round++) expect(await cache.get('k')).toBeUndefined();
    expect(told).toEqual([expect.stringMatching(/WRONGPASS.*AURUM_REDIS_URL/)]);
    await administrator.acl('DELUSER', user);
    administrator.disconnect();
  });
});
