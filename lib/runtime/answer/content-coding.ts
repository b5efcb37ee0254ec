/** Compression of answers: which coding the caller takes, and how much work is spent on it. */
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, constants, createGzip, gzip } from 'node:zlib';

export type Coding = 'br' | 'gzip' | 'identity';

/** Below this the header costs more than is saved. */
const MIN_BYTES = 1_024;
/** For an answer that is given once; and for one that is kept and given often. */
const ONCE_LEVEL = 1;
const KEPT_LEVEL = 6;
const KEPT_BROTLI_QUALITY = 5;

const gzipped = promisify(gzip);
const brotlied = promisify(brotliCompress);

/** The best coding among those the caller accepts; `q=0` refuses one. */
export function codingFor(acceptEncoding: string | undefined): Coding {
  if (acceptEncoding === undefined) return 'identity';
  const accepted = new Map(
    acceptEncoding
      .toLowerCase()
      .split(',')
      .map((part) => {
        const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
        const q = parameters.find((text) => text.startsWith('q='));
        return [name, q === undefined ? 1 : Number(q.slice(2))] as const;
      }),
  );
  const takes = (name: Coding) => (accepted.get(name) ?? accepted.get('*') ?? 0) > 0;
  if (takes('br')) return 'br';
  return takes('gzip') ? 'gzip' : 'identity';
}

/** @param kept whether the bytes are given out more than once. */
export async function encoded(
  body: Uint8Array,
  coding: Coding,
  kept: boolean,
): Promise<{ readonly bytes: Uint8Array; readonly coding: Coding }> {
  if (coding === 'identity' || body.length < MIN_BYTES) return { bytes: body, coding: 'identity' };
  if (coding === 'br' && kept) {
    const params = { [constants.BROTLI_PARAM_QUALITY]: KEPT_BROTLI_QUALITY };
    return { bytes: await brotlied(body, { params }), coding };
  }
  return { bytes: await gzipped(body, { level: kept ? KEPT_LEVEL : ONCE_LEVEL }), coding: 'gzip' };
}

/** Bytes compressed as they are made. */
export function encodedStream(
  body: AsyncIterable<Uint8Array>,
  coding: Coding,
): { readonly bytes: AsyncIterable<Uint8Array>; readonly coding: Coding } {
  if (coding === 'identity') return { bytes: body, coding };
  const zip = createGzip({ level: ONCE_LEVEL });
  // Ends both when either does; whoever reads the compressed bytes is told of an error by them.
  pipeline(Readable.from(body, { objectMode: false }), zip, () => {});
  return { bytes: zip as AsyncIterable<Uint8Array>, coding: 'gzip' };
}
