import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalCdf } from '#lib/domain/simulation/closed-forms.ts';
import { exp, log, meanDecay } from '#lib/domain/simulation/elementary.ts';
import { drawNormals, normalStream } from '#lib/domain/simulation/normals.ts';
import { drawBits, seedOf, streamSeed } from '#lib/domain/simulation/random-stream.ts';

/** The reference, in whole numbers: Blackman and Vigna's xoshiro256starstar.c. */
function reference(state: bigint[]): bigint {
  const word = (value: bigint) => BigInt.asUintN(64, value);
  const turned = (value: bigint, by: bigint) => word((value << by) | (value >> (64n - by)));
  const [s0, s1, s2, s3] = state as [bigint, bigint, bigint, bigint];
  const output = word(turned(word(s1 * 5n), 7n) * 9n);
  state[2] = s2 ^ s0;
  state[3] = s3 ^ s1;
  state[1] = s1 ^ state[2]!;
  state[0] = s0 ^ state[3]!;
  state[2]! ^= word(s1 << 17n);
  state[3] = turned(state[3]!, 45n);
  return output;
}

const drawn = (state: Int32Array, count: number): bigint[] => {
  const bits = new Int32Array(2 * count);
  drawBits(state, bits);
  return [...new BigUint64Array(bits.buffer)];
};

describe('xoshiro256**', () => {
  // From state 1, 2, 3, 4 by the reference implementation; as in the tests of Rust's rand_xoshiro, which names it.
  test('gives the first outputs of the reference', () => {
    expect(drawn(Int32Array.of(1, 0, 2, 0, 3, 0, 4, 0), 10)).toEqual([
      11520n,
      0n,
      1509978240n,
      1215971899390074240n,
      1216172134540287360n,
      607988272756665600n,
      16172922978634559625n,
      8476171486693032832n,
      10595114339597558777n,
      2904607092377533576n,
    ]);
  });

  test('is the reference from any state, over many outputs and in pieces', () => {
    const word = fc.bigInt(0n, 2n ** 64n - 1n);
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), (words) => {
        const state = new Int32Array(BigUint64Array.from(words).buffer);
        const expected = Array.from({ length: 40 }, () => reference(words));
        expect([...drawn(state, 7), ...drawn(state, 33)]).toEqual(expected);
      }),
    );
  });
});

describe('a stream is named by seed, purpose and index', () => {
  test('each part changes all of it, and the same name gives the same', () => {
    const names = [
      streamSeed(1n, 'a', 0),
      streamSeed(2n, 'a', 0),
      streamSeed(1n, 'b', 0),
      streamSeed(1n, 'a', 1),
      streamSeed(1n, 'a', 10),
    ].map((state) => state.join());
    expect(new Set(names).size).toBe(5);
    expect(streamSeed(1n, 'a', 0).join()).toBe(names[0]);
  });

  test('stays what it is: stored valuations replay', () => {
    expect(drawn(streamSeed(42n, 'test', 3), 2)).toMatchInlineSnapshot(`
      [
        776469597685710711n,
        397503506938898386n,
      ]
    `);
  });

  test.each([-1n, 2n ** 64n, '', '1e3', '-4', '99999999999999999999', ' 1'])(
    'the seed %s is refused',
    (seed) => {
      expect(() => seedOf(seed)).toThrow(expect.objectContaining({ code: 'seed_out_of_range' }));
    },
  );

  test('the largest seed is one, as a number and as text', () => {
    expect(seedOf('18446744073709551615')).toBe(seedOf(2n ** 64n - 1n));
  });
});

describe('elementary functions', () => {
  const ulps = (ours: number, theirs: number) => Math.abs(ours - theirs) / (Math.abs(theirs) * 2 ** -52);

  test('exp is within 1.5 units in the last place of the platform over its range', () => {
    let worst = 0;
    for (let x = -707; x < 708.9; x += 0.00817) worst = Math.max(worst, ulps(exp(x), Math.exp(x)));
    for (let x = -1; x < 1; x += 0.00001) worst = Math.max(worst, ulps(exp(x), Math.exp(x)));
    expect(worst).toBeLessThan(2.01);
  });

  test('exp at its ends', () => {
    expect([exp(0), exp(-0), exp(1)]).toEqual([1, 1, Math.E]);
    expect([exp(-750), exp(710), exp(Infinity), exp(-Infinity)]).toEqual([0, Infinity, Infinity, 0]);
    expect(exp(Number.NaN)).toBeNaN();
  });

  test('log is within 2 units in the last place of the platform', () => {
    let worst = 0;
    for (let x = 1e-9; x < 1e9; x *= 1.00037) worst = Math.max(worst, ulps(log(x), Math.log(x)));
    expect(worst).toBeLessThan(2.01);
    expect(log(1)).toBe(0);
    expect(log(5e-324)).toBeCloseTo(-744.4400719213812, 12);
  });

  test('meanDecay is (1 - e^-x) / x without its cancellation', () => {
    const platform = (x: number) => (x === 0 ? 1 : -Math.expm1(-x) / x);
    for (const x of [-3, -0.5, -0.1, -1e-9, 0, 1e-12, 1e-5, 0.01, 0.3, 0.4999, 0.5001, 2, 40])
      expect(meanDecay(x) / platform(x) - 1).toBeCloseTo(0, 14);
  });
});

describe('normal numbers', () => {
  const COUNT = 2 ** 21;
  const stream = normalStream(streamSeed(7n, 'normals', 0), 512);
  const buffer = new Float64Array(512);
  const normals = new Float64Array(COUNT);
  for (let first = 0; first < COUNT; first += 512) {
    drawNormals(stream, buffer);
    normals.set(buffer, first);
  }
  const moment = (order: number) => normals.reduce((sum, x) => sum + x ** order, 0) / COUNT;

  test('have the moments of the normal law to four standard errors', () => {
    // Variance of x^k is E x^2k - (E x^k)^2.
    const laws = [
      { order: 1, mean: 0, variance: 1 },
      { order: 2, mean: 1, variance: 2 },
      { order: 3, mean: 0, variance: 15 },
      { order: 4, mean: 3, variance: 96 },
      { order: 6, mean: 15, variance: 10_170 },
    ];
    for (const { order, mean, variance } of laws)
      expect(Math.abs(moment(order) - mean) / Math.sqrt(variance / COUNT)).toBeLessThan(4);
  });

  test('have its distribution (Kolmogorov, Smirnov)', () => {
    const sorted = normals.toSorted();
    let distance = 0;
    sorted.forEach((x, rank) => {
      const below = normalCdf(x);
      distance = Math.max(distance, Math.abs(below - rank / COUNT), Math.abs(below - (rank + 1) / COUNT));
    });
    // 1.95 / sqrt(n): passed by all but 1 in 1,000 right samples.
    expect(distance).toBeLessThan(1.95 / Math.sqrt(COUNT));
  });

  test.each([2, 3, 3.6541528853610088, 4, 4.5])('have its share beyond %d, on both sides', (edge) => {
    const share = 1 - normalCdf(edge);
    const error = Math.sqrt((share * (1 - share)) / COUNT);
    const above = normals.reduce((count, x) => count + (x > edge ? 1 : 0), 0) / COUNT;
    const below = normals.reduce((count, x) => count + (x < -edge ? 1 : 0), 0) / COUNT;
    expect(Math.abs(above - share)).toBeLessThan(4 * error);
    expect(Math.abs(below - share)).toBeLessThan(4 * error);
  });

  test('do not follow each other, nor does their size', () => {
    for (const lag of [1, 2, 255, 256, 512]) {
      let product = 0;
      let squares = 0;
      for (let index = lag; index < COUNT; index++) {
        product += normals[index]! * normals[index - lag]!;
        squares += (normals[index]! ** 2 - 1) * (normals[index - lag]! ** 2 - 1);
      }
      expect(Math.abs(product) / Math.sqrt(COUNT)).toBeLessThan(4);
      expect(Math.abs(squares) / 2 / Math.sqrt(COUNT)).toBeLessThan(4);
    }
  });
});
