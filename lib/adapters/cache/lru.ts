/** The cache in this process: bounded by bytes, what was used longest ago goes first. */
import { LRUCache } from 'lru-cache';
import type { Cache } from '#lib/ports/cache.ts';
import { checkedTtl } from './ttl.ts';

export interface LruCacheOptions {
  /** For keys and values together; a value that alone is larger is not kept. */
  readonly max_bytes: number;
}

/** Allowed for an entry besides key and value, so that many small values stay near the bound too. */
const ENTRY_BYTES = 200;

export function lruCache({ max_bytes }: LruCacheOptions): Cache {
  const entries = new LRUCache<string, Uint8Array>({
    maxSize: max_bytes,
    sizeCalculation: (value, key) => value.byteLength + key.length * 2 + ENTRY_BYTES,
  });
  return {
    get: async (key) => entries.get(key),
    async set(key, value, ttl_ms) {
      entries.set(key, new Uint8Array(value), { ttl: checkedTtl(ttl_ms) });
    },
    async delete(key) {
      entries.delete(key);
    },
    async close() {
      entries.clear();
    },
  };
}
