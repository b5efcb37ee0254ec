/**
 * The cache in Redis, shared by all processes. A Redis that is away is a miss, at once and without an error: told once per
 * outage, tried again in the background.
 */
import type { Redis } from 'ioredis';
import type { Cache } from '#lib/ports/cache.ts';
import { checkedTtl } from './ttl.ts';

export interface RedisCacheOptions {
  /** `redis://user:password@host:port/database`, `rediss://` for TLS. */
  readonly url: string;
  /** Before every key; default `aurum:`. */
  readonly prefix?: string;
  /** Told once per outage why values are missing, with the setting to look at. */
  readonly on_outage?: (reason: string) => void;
}

/** Longer than this and the answer is computed sooner than found. */
const COMMAND_TIMEOUT_MS = 500;
/** A connection on which nothing is answered for so long is closed; from then on misses cost nothing. */
const SOCKET_TIMEOUT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 1_000;
const MAX_RECONNECT_DELAY_MS = 5_000;

export function redisCache({ url, prefix = 'aurum:', on_outage }: RedisCacheOptions): Cache {
  let connecting: Promise<Redis> | undefined;
  let away = false;
  const lost = (error: unknown) => {
    if (!away) on_outage?.(`Redis is away, nothing is cached: ${reasonOf(error)}. See AURUM_REDIS_URL.`);
    away = true;
  };
  const attempt = async <T>(command: (redis: Redis) => Promise<T>): Promise<T | undefined> => {
    try {
      connecting ??= connect(url, lost);
      const answer = await command(await connecting);
      away = false;
      return answer;
    } catch (error) {
      lost(error);
      return undefined;
    }
  };
  return {
    async get(key) {
      const found = await attempt((redis) => redis.getBuffer(prefix + key));
      return found ? Uint8Array.from(found) : undefined;
    },
    async set(key, value, ttl_ms) {
      const lifetime_ms = checkedTtl(ttl_ms);
      await attempt((redis) => redis.set(prefix + key, Buffer.from(value), 'PX', lifetime_ms));
    },
    async delete(key) {
      await attempt((redis) => redis.del(prefix + key));
    },
    async close() {
      const closing = connecting;
      connecting = undefined;
      (await closing)?.disconnect();
    },
  };
}

/** Waits for the first connection or its failure, never longer; the client goes on connecting by itself. */
async function connect(url: string, lost: (error: unknown) => void): Promise<Redis> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    retryStrategy: (times) => Math.min(50 * 2 ** times, MAX_RECONNECT_DELAY_MS),
  });
  redis.on('error', lost);
  await redis.connect().catch(lost);
  return redis;
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return code ?? message ?? String(error);
}
