/**
 * Standard normal numbers from a stream of bits: the ziggurat with 256 layers, one 32-bit word a number in 98.8 % of
 * cases: 8 bits choose the layer, 24 others the place in it, on a lattice that is symmetric about 0 (so the mean has no
 * bias) and finer than 5e-7. Knows no seed and no model.
 * Source: Marsaglia, Tsang, "The Ziggurat Method for Generating Random Variables", J. Stat. Software 5(8), 2000; layer and
 * place from separate bits after Doornik, "An Improved Ziggurat Method", 2005.
 */
import { exp, log } from './elementary.ts';
import { drawBits, type StreamState } from './random-stream.ts';

export interface NormalStream {
  readonly state: StreamState;
  /** One word for each number of a draw. */
  readonly words: Int32Array;
  /** Places of a draw that lie outside their layer's inner part. */
  readonly edges: Int32Array;
  /** Words for the 1.2 % that need more than one, and the first of them that is not used up. */
  readonly more: Int32Array;
  next: number;
}

const LAYERS = 256;
const PLACES = 2 ** 23;
/** Where the tail begins, and the area every layer has (the lowest: with the tail). */
const TAIL = 3.6541528853610088;
const AREA = 0.004928673233974658;
const MORE_WORDS = 64;

/** Right ends of the layers, the widest first; the last is 0. */
const ENDS = layerEnds();
const WIDTHS = Float64Array.from({ length: LAYERS }, (_, layer) => ENDS[layer]! / PLACES);
/** Left of it a point of the layer is under the curve whatever its height. */
const INNER = ENDS.slice(1);
const HEIGHTS = ENDS.map(density);

/** @param size how many numbers each draw gives, even. */
export function normalStream(state: StreamState, size: number): NormalStream {
  return {
    state,
    words: new Int32Array(size),
    edges: new Int32Array(size),
    more: new Int32Array(MORE_WORDS),
    next: MORE_WORDS,
  };
}

/**
 * Fills the first places of `out`, as many as the stream gives a draw. Edges are noted and done afterwards: a call in the
 * first loop, rare as it is, makes the whole loop half as slow again.
 */
export function drawNormals(stream: NormalStream, out: Float64Array): void {
  const { words, edges } = stream;
  drawBits(stream.state, words);
  let found = 0;
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    const layer = word & (LAYERS - 1);
    const x = ((word >> 8) + 0.5) * WIDTHS[layer]!;
    out[index] = x;
    edges[found] = index;
    found += Math.abs(x) < INNER[layer]! ? 0 : 1;
  }
  for (let edge = 0; edge < found; edge++) {
    const index = edges[edge]!;
    out[index] = atTheEdge(stream, words[index]! & (LAYERS - 1), out[index]!);
  }
}

/** A point outside its layer's inner part: kept when under the curve, else drawn anew. */
function atTheEdge(stream: NormalStream, firstLayer: number, firstX: number): number {
  let layer = firstLayer;
  let x = firstX;
  while (Math.abs(x) >= INNER[layer]!) {
    if (layer === 0) return x < 0 ? -tail(stream) : tail(stream);
    const low = HEIGHTS[layer]!;
    if (low + uniform(stream) * (HEIGHTS[layer + 1]! - low) < density(x)) return x;
    const word = drawWord(stream);
    layer = word & (LAYERS - 1);
    x = ((word >> 8) + 0.5) * WIDTHS[layer]!;
  }
  return x;
}

/** A normal number beyond TAIL. Source: Marsaglia, "Generating a Variable from the Tail of the Normal Distribution", 1964. */
function tail(stream: NormalStream): number {
  for (;;) {
    const beyond = -log(uniform(stream)) / TAIL;
    if (-2 * log(uniform(stream)) > beyond * beyond) return TAIL + beyond;
  }
}

/** Between 0 and 1, neither included. */
const uniform = (stream: NormalStream): number => ((drawWord(stream) >>> 0) + 0.5) / 2 ** 32;

function drawWord(stream: NormalStream): number {
  if (stream.next === MORE_WORDS) {
    drawBits(stream.state, stream.more);
    stream.next = 0;
  }
  return stream.more[stream.next++]!;
}

/** Of the normal curve, its height at 0 set to 1. */
function density(x: number): number {
  return exp(-0.5 * x * x);
}

function layerEnds(): Float64Array {
  const ends = new Float64Array(LAYERS + 1);
  ends[0] = AREA / density(TAIL);
  ends[1] = TAIL;
  for (let layer = 1; layer < LAYERS - 1; layer++) {
    const x = ends[layer]!;
    ends[layer + 1] = Math.sqrt(-2 * log(AREA / x + density(x)));
  }
  return ends;
}
