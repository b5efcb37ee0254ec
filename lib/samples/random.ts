/**
 * Numbers drawn by (seed, purpose): a draw added for one curve never shifts another's. Generator: splitmix32 (Steele et
 * al. 2014, 32-bit variant), seeded by the FNV-1a hash of seed and purpose. Not for secrets.
 */

/** Uniform numbers in [0, 1). */
export function draws(seed: number, purpose: string): () => number {
  let state = fnv1a(`${seed}|${purpose}`);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
  };
}

/** One uniform number in [low, high). */
export function drawBetween(seed: number, purpose: string, low: number, high: number): number {
  return low + draws(seed, purpose)() * (high - low);
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}
