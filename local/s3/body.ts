/**
 * The body of a request as a stream of content bytes: aws-chunked framing removed, chunk signatures, hashes, lengths
 * and checksums verified. A body that fails ends in an S3Error before its consumer sees the end. Keeps no bytes.
 */
import { createHash } from 'node:crypto';
import { type Checksum, checksumFor, isChecksum } from './checksum.ts';
import { S3Error } from './errors.ts';
import { header, type S3Request } from './request.ts';
import { equalInConstantTime, hmac, type SignedPayload, UNSIGNED_PAYLOAD } from './signature.ts';

const MAX_BODY_BYTES = 5 * 1024 ** 3;
const MAX_FRAME_LINE_BYTES = 8 * 1024;
const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export interface CheckedBody {
  readonly content: AsyncIterable<Buffer>;
  /** Checksums the client gave, by header name; complete when `content` has ended. */
  readonly checksums: Record<string, string>;
}

/** `of_object`: the checksum headers speak of an object that the body only names, and are not held against it. */
export function checkedBody(request: S3Request, signed: SignedPayload, of_object = false): CheckedBody {
  const framed = signed.content.startsWith('STREAMING-');
  const length = announcedLength(request, framed);
  const promised = of_object ? [] : promisedDigests(request);
  const trailers = new Map<string, string>();
  const pieces = framed ? unframed(request, signed, trailers) : rawPieces(request);
  const sha256 = !framed && signed.content !== UNSIGNED_PAYLOAD ? createHash('sha256') : undefined;
  const checksums: Record<string, string> = {};

  async function* content(): AsyncGenerator<Buffer> {
    let size = 0;
    for await (const piece of pieces) {
      size += piece.length;
      if (size > MAX_BODY_BYTES) throw new S3Error('EntityTooLarge');
      sha256?.update(piece);
      for (const { digest } of promised) digest.update(piece);
      yield piece;
    }
    if (length !== undefined && size !== length) throw new S3Error('IncompleteBody');
    if (sha256 !== undefined && !equalInConstantTime(sha256.digest('hex'), signed.content)) {
      throw new S3Error('XAmzContentSHA256Mismatch');
    }
    for (const { name, expected, digest } of promised) {
      const value = expected ?? trailers.get(name);
      if (value === undefined) throw new S3Error('InvalidRequest', `The trailer ${name} is missing.`);
      if (digest.digest() !== value)
        throw new S3Error('BadDigest', `The ${name} did not match what we received.`);
      if (name !== 'content-md5') checksums[name] = value;
    }
  }
  return { content: content(), checksums };
}

/** A small body as text, such as the XML of a request. */
export async function bodyText(
  request: S3Request,
  signed: SignedPayload,
  max_bytes: number,
  of_object = false,
): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of checkedBody(request, signed, of_object).content) {
    size += piece.length;
    if (size > max_bytes) throw new S3Error('MalformedXML', `The XML is larger than ${max_bytes} bytes.`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Leaving the loop early must not destroy the socket: the refusal still has to be answered on it. */
function rawPieces(request: S3Request): AsyncIterable<Buffer> {
  return request.message.iterator({ destroyOnReturn: false });
}

function announcedLength(request: S3Request, framed: boolean): number | undefined {
  const text = header(request, framed ? 'x-amz-decoded-content-length' : 'content-length');
  if (text === undefined) {
    if (framed) throw new S3Error('MissingContentLength');
    return undefined;
  }
  if (!/^\d+$/.test(text)) throw new S3Error('InvalidArgument', 'The content length is not a number.');
  const length = Number(text);
  if (length > MAX_BODY_BYTES) throw new S3Error('EntityTooLarge');
  return length;
}

/** Without a length or chunks HTTP reads an empty body, and a broken client would replace its object by nothing. */
export function requireLength(request: S3Request): void {
  const given = header(request, 'content-length') ?? header(request, 'transfer-encoding');
  if (given === undefined) throw new S3Error('MissingContentLength');
}

interface Promised {
  readonly name: string;
  /** Undefined: it comes in the trailer. */
  readonly expected: string | undefined;
  readonly digest: Checksum;
}

function promisedDigests(request: S3Request): Promised[] {
  const promised: Promised[] = [];
  const md5 = header(request, 'content-md5');
  if (md5 !== undefined) {
    if (Buffer.from(md5, 'base64').length !== 16) throw new S3Error('InvalidDigest');
    const digest = createHash('md5');
    promised.push({
      name: 'content-md5',
      expected: md5,
      digest: { update: (piece) => void digest.update(piece), digest: () => digest.digest('base64') },
    });
  }
  const trailing = (header(request, 'x-amz-trailer') ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  for (const name of [...Object.keys(request.message.headers), ...trailing].filter(isChecksum)) {
    const digest = checksumFor(name);
    if (digest === undefined) throw new S3Error('NotImplemented', `This gateway cannot verify ${name}.`);
    promised.push({ name, expected: header(request, name), digest });
  }
  return promised;
}

/** Takes aws-chunked frames apart: `SIZE[;chunk-signature=S]CRLF bytes CRLF ... 0 CRLF trailers CRLF`. */
async function* unframed(
  request: S3Request,
  signed: SignedPayload,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const reader = frameReader(rawPieces(request));
  const chain = signed.content.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')
    ? chunkChain(signed)
    : undefined;
  if (chain === undefined && signed.content !== 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') {
    throw new S3Error('NotImplemented', `Payload signing '${signed.content}' is not supported.`);
  }
  for (;;) {
    const frame = /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(await reader.line());
    if (frame === null) throw new S3Error('IncompleteBody', 'The aws-chunked framing is broken.');
    const size = Number.parseInt(frame[1]!, 16);
    const sha256 = chain === undefined ? undefined : createHash('sha256');
    for await (const piece of reader.bytes(size)) {
      sha256?.update(piece);
      yield piece;
    }
    if (sha256 !== undefined) chain?.verifyChunk(sha256.digest('hex'), frame[2]);
    if (size === 0) break;
    if ((await reader.line()) !== '')
      throw new S3Error('IncompleteBody', 'The aws-chunked framing is broken.');
  }
  await readTrailers(reader, trailers, signed.content.endsWith('-TRAILER') ? chain : undefined);
}

async function readTrailers(
  reader: FrameReader,
  trailers: Map<string, string>,
  chain: ChunkChain | undefined,
): Promise<void> {
  let text = '';
  let signature: string | undefined;
  for (;;) {
    const line = await reader.line();
    if (line === '') {
      if (reader.ended()) break;
      continue;
    }
    const at = line.indexOf(':');
    if (at < 1) throw new S3Error('IncompleteBody', 'The trailer is broken.');
    const [name, value] = [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()];
    if (name === 'x-amz-trailer-signature') signature = value;
    else {
      trailers.set(name, value);
      if (text.length > MAX_FRAME_LINE_BYTES) throw new S3Error('IncompleteBody', 'The trailer is too long.');
      text += `${name}:${value}\n`;
    }
  }
  chain?.verifyTrailer(text, signature);
}

interface ChunkChain {
  verifyChunk(sha256: string, signature: string | undefined): void;
  verifyTrailer(text: string, signature: string | undefined): void;
}

/** Every chunk's signature covers the one before it, so a chunk can be neither changed, moved nor left out. */
function chunkChain(signed: SignedPayload): ChunkChain {
  let previous = signed.signature;
  const verify = (algorithm: string, rest: readonly string[], signature: string | undefined) => {
    const text = [algorithm, signed.time, signed.scope, previous, ...rest].join('\n');
    const expected = hmac(signed.signingKey, text).toString('hex');
    if (!equalInConstantTime(expected, signature ?? '')) throw new S3Error('SignatureDoesNotMatch');
    previous = expected;
  };
  return {
    verifyChunk: (sha256, signature) =>
      verify('AWS4-HMAC-SHA256-PAYLOAD', [SHA256_OF_NOTHING, sha256], signature),
    verifyTrailer: (text, signature) =>
      verify('AWS4-HMAC-SHA256-TRAILER', [createHash('sha256').update(text).digest('hex')], signature),
  };
}

interface FrameReader {
  /** The next line without its line end; empty at the end of the body. */
  line(): Promise<string>;
  bytes(count: number): AsyncGenerator<Buffer>;
  ended(): boolean;
}

function frameReader(source: AsyncIterable<Buffer>): FrameReader {
  const pieces = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  let ended = false;
  const more = async () => {
    const next = await pieces.next();
    if (next.done === true) ended = true;
    else held = held.length === 0 ? next.value : Buffer.concat([held, next.value]);
  };
  return {
    async line() {
      for (;;) {
        const at = held.indexOf('\n');
        if (at >= 0) {
          const line = held.toString('latin1', 0, held[at - 1] === 13 ? at - 1 : at);
          held = held.subarray(at + 1);
          return line;
        }
        if (held.length > MAX_FRAME_LINE_BYTES)
          throw new S3Error('IncompleteBody', 'A frame header is too long.');
        if (ended) {
          if (held.length > 0) throw new S3Error('IncompleteBody');
          return '';
        }
        await more();
      }
    },
    async *bytes(count) {
      for (let left = count; left > 0; ) {
        if (held.length === 0) await more();
        if (held.length === 0) throw new S3Error('IncompleteBody');
        const piece = held.subarray(0, left);
        held = held.subarray(piece.length);
        left -= piece.length;
        yield piece;
      }
    },
    ended: () => ended && held.length === 0,
  };
}
