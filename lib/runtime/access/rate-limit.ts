/** Requests of one subject a minute: a bucket that fills evenly. Counts in this process only. */
import { LRUCache } from 'lru-cache';
import { refusal } from '#lib/domain/errors.ts';

/** @throws AurumError `rate_exceeded` */
export type RateLimit = (subject: string) => void;

const MAX_SUBJECTS = 10_000;

interface Bucket {
  /** Requests that may be made at once. */
  left: number;
  /** When it was filled last. */
  at_ms: number;
}

/** @param per_minute what a subject may ask for in a minute, and at most at once. */
export function rateLimit(per_minute: number, now_ms: () => number = () => performance.now()): RateLimit {
  const buckets = new LRUCache<string, Bucket>({ max: MAX_SUBJECTS });
  const per_ms = per_minute / 60_000;
  return (subject) => {
    const now = now_ms();
    const bucket = buckets.get(subject) ?? { left: per_minute, at_ms: now };
    bucket.left = Math.min(per_minute, bucket.left + (now - bucket.at_ms) * per_ms);
    bucket.at_ms = now;
    buckets.set(subject, bucket);
    if (bucket.left < 1) {
      throw refusal('rate_exceeded', `more than ${per_minute} requests a minute`, {
        remedy: 'Wait a moment; AURUM_RATE_PER_MINUTE is the limit.',
      });
    }
    bucket.left--;
  };
}
