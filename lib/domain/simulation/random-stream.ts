/**
 * The generator: xoshiro256**, in halves of 32 bits because JavaScript has no 64-bit integers that are fast. Its streams
 * are named by (run seed, purpose, index). Knows nothing of what the bits become.
 * Source: Blackman, Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS 47(4), 2021, and their public-domain
 * xoshiro256starstar.c; it passes BigCrush and PractRand there. Not for secrets.
 */
import { createHash } from 'node:crypto';
import { refusal } from '#lib/domain/errors.ts';

/** s0..s3 of the reference, each as its low and its high 32 bits. */
export type StreamState = Int32Array;

const SEED_LIMIT = 1n << 64n;

/**
 * State of the stream of that name: 256 bits of a hash, so that streams are as good as independent and adding one shifts
 * no other.
 */
export function streamSeed(run_seed: bigint, purpose: string, index: number): StreamState {
  const name = JSON.stringify(['aurum stream', String(run_seed), purpose, index]);
  const digest = createHash('sha256').update(name).digest();
  return Int32Array.from({ length: 8 }, (_, word) => digest.readInt32LE(4 * word));
}

/** @throws AurumError (refused) `seed_out_of_range`. */
export function seedOf(seed: bigint | string): bigint {
  const value = typeof seed === 'bigint' ? seed : /^\d{1,20}$/.test(seed) ? BigInt(seed) : -1n;
  if (value >= 0n && value < SEED_LIMIT) return value;
  throw refusal('seed_out_of_range', `The seed ${seed} is no whole number from 0 to 2^64 - 1`, {
    field: 'seed',
    remedy: 'Give a whole number from 0 to 18446744073709551615.',
  });
}

/**
 * Fills `bits` (an even number of words) with the stream's next outputs, low word first, and moves the state on.
 * Carries are made of bits: a comparison here is a branch that fails every other time and doubles the cost.
 */
export function drawBits(state: StreamState, bits: Int32Array): void {
  let s0 = state[0]!;
  let t0 = state[1]!;
  let s1 = state[2]!;
  let t1 = state[3]!;
  let s2 = state[4]!;
  let t2 = state[5]!;
  let s3 = state[6]!;
  let t3 = state[7]!;
  for (let index = 0; index < bits.length; index += 2) {
    // rotl(s1 * 5, 7) * 9
    let low = s1 << 2;
    let high = (t1 << 2) | (s1 >>> 30);
    let sum = (low + s1) | 0;
    high = (high + t1 + (((low & s1) | ((low | s1) & ~sum)) >>> 31)) | 0;
    const turned = (sum << 7) | (high >>> 25);
    const turnedHigh = (high << 7) | (sum >>> 25);
    low = turned << 3;
    high = (turnedHigh << 3) | (turned >>> 29);
    sum = (low + turned) | 0;
    bits[index] = sum;
    bits[index + 1] = (high + turnedHigh + (((low & turned) | ((low | turned) & ~sum)) >>> 31)) | 0;
    const shifted = s1 << 17;
    const shiftedHigh = (t1 << 17) | (s1 >>> 15);
    s2 ^= s0;
    t2 ^= t0;
    s3 ^= s1;
    t3 ^= t1;
    s1 ^= s2;
    t1 ^= t2;
    s0 ^= s3;
    t0 ^= t3;
    s2 ^= shifted;
    t2 ^= shiftedHigh;
    // rotl(s3, 45): the halves change places, then 13.
    const before = s3;
    s3 = (t3 << 13) | (s3 >>> 19);
    t3 = (before << 13) | (t3 >>> 19);
  }
  state[0] = s0;
  state[1] = t0;
  state[2] = s1;
  state[3] = t1;
  state[4] = s2;
  state[5] = t2;
  state[6] = s3;
  state[7] = t3;
}
