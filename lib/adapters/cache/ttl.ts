/** One rule for every cache: a lifetime of 0 means "for ever" to one store and "never" to another. */
import { AurumError } from '#lib/domain/errors.ts';

export function checkedTtl(ttl_ms: number): number {
  if (Number.isSafeInteger(ttl_ms) && ttl_ms > 0) return ttl_ms;
  throw new AurumError('fault', 'cache_ttl_invalid', `ttl_ms is no whole number above 0: ${ttl_ms}`);
}
