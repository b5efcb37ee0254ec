/** Compression of answers: which coding the caller takes, and how much work is spent on it. */
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip } from 'node:zlib';

export type Coding = 'br' | 'gzip' | 'identity';

/** Below this the header costs more than is saved. */
const MIN_BYTES = 1_024;
/** For an answer that is given once; and for one that is kept and given often. */
const ONCE_LEVEL = 1;
const KEPT_LEVEL = 6;
const KEPT_BROTLI_QUALITY = 5;

const gzipped = promisify(gzip);
const brotlied = promisify(brotliCompress);

/** What a caller would rather have, where it says no more: an answer that is kept is worth the work of `br`. */
const LIKED = {
  kept: ['br', 'gzip', 'identity'],
  once: ['gzip', 'br', 'identity'],
} as const satisfies Record<string, readonly Coding[]>;

/** The coding the header gives the greatest weight; `q=0` refuses one, and whoever refuses all gets the bytes as they are. */
export function codingFor(acceptEncoding: string | undefined, given: keyof typeof LIKED): Coding {
  if (acceptEncoding === undefined) return 'identity';
  const weights = new Map(acceptEncoding.toLowerCase().split(',').map(weightOf));
  const weight = (name: Coding) => weights.get(name) ?? (name === 'identity' ? 0 : (weights.get('*') ?? 0));
  let best: Coding = 'identity';
  for (const name of LIKED[given]) if (weight(name) > weight(best)) best = name;
  return best;
}

function weightOf(part: string): [name: string, weight: number] {
  const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
  const q = parameters.find((text) => text.startsWith('q='));
  return [name, q === undefined ? 1 : Number(q.slice(2)) || 0];
}

/** @param kept whether the bytes are given out more than once. */
export async function encoded(
  body: Uint8Array,
  coding: Coding,
  kept: boolean,
): Promise<{ readonly bytes: Uint8Array; readonly coding: Coding }> {
  if (coding === 'identity' || body.length < MIN_BYTES) return { bytes: body, coding: 'identity' };
  if (coding === 'gzip') {
    return { bytes: await gzipped(body, { level: kept ? KEPT_LEVEL : ONCE_LEVEL }), coding };
  }
  const params = { [constants.BROTLI_PARAM_QUALITY]: kept ? KEPT_BROTLI_QUALITY : ONCE_LEVEL };
  return { bytes: await brotlied(body, { params }), coding };
}

/** Bytes compressed as they are made. */
export function encodedStream(body: AsyncIterable<Uint8Array>, coding: Coding): AsyncIterable<Uint8Array> {
  if (coding === 'identity') return body;
  const params = { [constants.BROTLI_PARAM_QUALITY]: ONCE_LEVEL };
  const zip = coding === 'gzip' ? createGzip({ level: ONCE_LEVEL }) : createBrotliCompress({ params });
  // Ends both when either does; whoever reads the compressed bytes is told of an error by them.
  pipeline(Readable.from(body, { objectMode: false }), zip, () => {});
  return zip as AsyncIterable<Uint8Array>;
}
