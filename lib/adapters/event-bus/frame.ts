/**
 * A batch on disk: one frame {magic, head length, body length, crc of the head, crc of the body, head, body}, little-endian.
 * The head names the marker, the writer's schema and the number of records, so a log is scanned without reading bodies.
 * Knows bytes only, not topics or Avro.
 */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { AurumError } from '#lib/domain/errors.ts';

export interface FrameHead {
  readonly marker: string;
  /** Fingerprint of the writer's schema. */
  readonly schema: string;
  readonly count: number;
}

export interface Frame extends FrameHead {
  /** First byte of the frame in the log, and the first after it. */
  readonly offset: number;
  readonly end: number;
  readonly body: { readonly offset: number; readonly length: number; readonly crc: number };
}

const MAGIC = Buffer.from('AEB1');
const PREFIX_BYTES = 20;
/** One read takes prefix and head together unless a marker is unusually long. */
const PROBE_BYTES = 512;
const MAX_HEAD_BYTES = 64 * 1024;
export const MAX_BODY_BYTES = 2 ** 31 - 1;

/** All of the frame but its body, which follows it on disk. */
export function framePrefix(head: FrameHead, body: Uint8Array): Buffer {
  const headBytes = Buffer.from(JSON.stringify([head.marker, head.schema, head.count]));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  MAGIC.copy(prefix);
  prefix.writeUInt32LE(headBytes.length, 4);
  prefix.writeUInt32LE(body.length, 8);
  prefix.writeUInt32LE(crc32(body), 16);
  prefix.writeUInt32LE(headCrc(prefix, headBytes), 12);
  return Buffer.concat([prefix, headBytes]);
}

/**
 * Whole frames from `from` on; ends silently where the file does, or where its last frame is torn: cut short, or not
 * what its checksums say.
 * @throws AurumError `event_log_corrupt` when a frame is damaged and a whole one follows: that is no torn end.
 */
export async function* frames(file: FileHandle, from = 0): AsyncGenerator<Frame> {
  let size = 0;
  for (let offset = from; ; ) {
    if (offset >= size) ({ size } = await file.stat());
    if (offset >= size) return;
    const frame = await frameAt(file, offset);
    if (frame === undefined || frame.end > size) return requireTorn(file, offset, size);
    if (frame.end === size && (await bodyIfWhole(file, frame)) === undefined) return;
    yield frame;
    offset = frame.end;
  }
}

/** @throws AurumError `event_log_corrupt` when the bytes are not what was written. */
export async function readBody(file: FileHandle, frame: Frame): Promise<Buffer> {
  const body = await bodyIfWhole(file, frame);
  if (body === undefined) throw corrupt(frame.offset);
  return body;
}

async function bodyIfWhole(file: FileHandle, { body }: Frame): Promise<Buffer | undefined> {
  const bytes = await readAt(file, body.offset, body.length);
  return bytes.length === body.length && crc32(bytes) === body.crc ? bytes : undefined;
}

async function frameAt(file: FileHandle, offset: number): Promise<Frame | undefined> {
  const probe = await readAt(file, offset, PROBE_BYTES);
  if (probe.length < PREFIX_BYTES || !probe.subarray(0, 4).equals(MAGIC)) return undefined;
  const headLength = probe.readUInt32LE(4);
  if (headLength > MAX_HEAD_BYTES) return undefined;
  const headEnd = PREFIX_BYTES + headLength;
  const whole = probe.length >= headEnd ? probe : await readAt(file, offset, headEnd);
  const headBytes = whole.subarray(PREFIX_BYTES, headEnd);
  if (headBytes.length < headLength || headCrc(whole, headBytes) !== whole.readUInt32LE(12)) return undefined;
  const [marker, schema, count] = JSON.parse(headBytes.toString()) as [string, string, number];
  const body = { offset: offset + headEnd, length: whole.readUInt32LE(8), crc: whole.readUInt32LE(16) };
  return { marker, schema, count, offset, end: body.offset + body.length, body };
}

/** Over both lengths and the body's checksum, too: a damaged length must not lead into the middle of a body. */
function headCrc(prefix: Buffer, head: Buffer): number {
  return crc32(head, crc32(prefix.subarray(16, 20), crc32(prefix.subarray(4, 12))));
}

async function requireTorn(file: FileHandle, offset: number, size: number): Promise<void> {
  const rest = await readAt(file, offset, size - offset);
  for (let at = rest.indexOf(MAGIC, 1); at !== -1; at = rest.indexOf(MAGIC, at + 1)) {
    const later = await frameAt(file, offset + at);
    if (later !== undefined && later.end <= size) throw corrupt(offset);
  }
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

function corrupt(offset: number): AurumError {
  return new AurumError('fault', 'event_log_corrupt', `The event log is damaged at byte ${offset}.`, {
    remedy: 'Restore the log from its copy; nothing after the damage was changed.',
  });
}
