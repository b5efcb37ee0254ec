/**
 * The keys of a bucket in S3's order, which is the order of their UTF-8 bytes. A key is held as a string of its bytes
 * (one character per byte): JavaScript's own comparison is then the right one, and for ASCII it is the key itself.
 */

export function toByteString(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

export function fromByteString(bytes: string): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Above every key that starts with the given bytes: 0xff never occurs in UTF-8. */
export const PAST_PREFIX = '\xff';

/** Below this many new keys each is moved to its place; above, one sort is cheaper (a start reads all of them). */
const FEW = 32;

export class SortedKeys {
  #keys: string[] = [];
  #added: string[] = [];

  add(key: string): void {
    this.#added.push(key);
  }

  remove(key: string): void {
    const at = this.firstAtOrAfter(key);
    if (this.#keys[at] === key) this.#keys.splice(at, 1);
  }

  get all(): readonly string[] {
    if (this.#added.length > 0) this.#settle();
    return this.#keys;
  }

  /** Index of the first key that is not below `bound`. */
  firstAtOrAfter(bound: string): number {
    return lowerBound(this.all, bound);
  }

  #settle(): void {
    const added = this.#added;
    this.#added = [];
    if (added.length > FEW) this.#keys = this.#keys.concat(added).sort();
    else for (const key of added) this.#keys.splice(lowerBound(this.#keys, key), 0, key);
  }
}

function lowerBound(keys: readonly string[], bound: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}
