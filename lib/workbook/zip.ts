/**
 * The zip archive around a workbook: its directory, and one entry expanded at a time within stated bounds.
 * Trusts no number in the file: sizes, offsets and names are checked against the bytes that are there. Knows nothing
 * of what the entries mean.
 */
import { isUtf8 } from 'node:buffer';
import { crc32, inflateRawSync } from 'node:zlib';
import { refuse, type Subject } from './limits.ts';

export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  /** 0 stored, 8 deflated; nothing else is read. */
  readonly method: number;
  readonly crc: number;
  readonly stored_bytes: number;
  readonly expanded_bytes: number;
  /** First byte of the entry's header, first byte of its data, first byte behind it. */
  readonly start: number;
  readonly dataStart: number;
  readonly end: number;
}

export const ENCRYPTED_FLAG = 0x1;
const STORED = 0;
const DEFLATED = 8;

const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_HEADER = 0x02014b50;
const DIRECTORY_END = 0x06054b50;
const DIRECTORY_END_BYTES = 22;
const LONGEST_COMMENT_BYTES = 0xffff;
const ZIP64_FIELD = 0x0001;
const IN_ZIP64_FIELD = 0xffffffff;

/** All entries, in the order of the directory. */
export function readDirectory(bytes: Buffer, subject: Subject): ZipEntry[] {
  const end = findDirectoryEnd(bytes);
  if (end < 0) {
    throw refuse(subject, 'workbook_truncated', 'The archive has no directory: its end is missing', {
      remedy: 'Upload the whole file again.',
    });
  }
  const count = bytes.readUInt16LE(end + 10);
  const directory_bytes = bytes.readUInt32LE(end + 12);
  const start = bytes.readUInt32LE(end + 16);
  if (count > subject.limits.entries) {
    throw refuse(
      subject,
      'limit_exceeded',
      `The archive has ${count} entries; at most ${subject.limits.entries} are read`,
    );
  }
  if (start + directory_bytes > end) throw malformed(subject, 'its directory lies outside the file');
  const entries: ZipEntry[] = [];
  let at = start;
  for (let index = 0; index < count; index++) {
    const { entry, next } = directoryEntry(bytes, at, end, subject);
    entries.push(entry);
    at = next;
  }
  if (at !== start + directory_bytes)
    throw malformed(subject, 'its directory has more entries than it counts');
  return entries;
}

/** The bytes of one entry, of exactly the size and checksum its directory states. */
export function expand(bytes: Buffer, entry: ZipEntry, subject: Subject): Buffer {
  const stored = bytes.subarray(entry.dataStart, entry.end);
  const expanded = entry.method === STORED ? stored : inflate(stored, entry, subject);
  if (expanded.length !== entry.expanded_bytes || crc32(expanded) !== entry.crc) {
    throw refuse(subject, 'workbook_malformed', `Part ${entry.name} is damaged: size or checksum differ`, {
      remedy: 'Upload the file again; if that fails, save it again in Excel.',
    });
  }
  return expanded;
}

function inflate(stored: Buffer, entry: ZipEntry, subject: Subject): Buffer {
  try {
    // One output block of the stated size instead of a chain of 16 KiB ones: half the time.
    return inflateRawSync(stored, {
      chunkSize: Math.max(64, entry.expanded_bytes + 1),
      maxOutputLength: Math.max(1, entry.expanded_bytes),
    });
  } catch (cause) {
    const isLarger = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw isLarger
      ? refuse(subject, 'workbook_bomb', `Part ${entry.name} expands to more than the archive states`, {
          cause,
        })
      : refuse(subject, 'workbook_malformed', `Part ${entry.name} cannot be decompressed`, {
          remedy: 'Upload the file again; if that fails, save it again in Excel.',
          cause,
        });
  }
}

/** Last end-of-directory record whose comment fits in the file, or -1. */
function findDirectoryEnd(bytes: Buffer): number {
  const last = bytes.length - DIRECTORY_END_BYTES;
  for (let at = last; at >= Math.max(0, last - LONGEST_COMMENT_BYTES); at--) {
    if (bytes[at] !== 0x50 || bytes.readUInt32LE(at) !== DIRECTORY_END) continue;
    if (at + DIRECTORY_END_BYTES + bytes.readUInt16LE(at + 20) <= bytes.length) return at;
  }
  return -1;
}

function directoryEntry(
  bytes: Buffer,
  at: number,
  end: number,
  subject: Subject,
): { entry: ZipEntry; next: number } {
  if (at + 46 > end || bytes.readUInt32LE(at) !== DIRECTORY_HEADER) {
    throw malformed(subject, 'its directory is cut off or damaged');
  }
  const nameEnd = at + 46 + bytes.readUInt16LE(at + 28);
  const extraEnd = nameEnd + bytes.readUInt16LE(at + 30);
  const next = extraEnd + bytes.readUInt16LE(at + 32);
  if (next > end) throw malformed(subject, 'its directory is cut off or damaged');
  const nameBytes = bytes.subarray(at + 46, nameEnd);
  // Writers of old put names in the machine's own code page; no part of a workbook has such a name.
  const name = nameBytes.toString(isUtf8(nameBytes) ? 'utf8' : 'latin1');
  const sizes = [bytes.readUInt32LE(at + 24), bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 42)];
  const [expanded_bytes, stored_bytes, start] = withZip64(sizes, bytes.subarray(nameEnd, extraEnd)) as [
    number,
    number,
    number,
  ];
  const dataStart = dataStartOf(bytes, start, nameBytes);
  if (dataStart < 0 || dataStart + stored_bytes > bytes.length) {
    throw malformed(subject, `entry ${JSON.stringify(name.slice(0, 100))} is not where the directory says`);
  }
  const entry = {
    name,
    flags: bytes.readUInt16LE(at + 8),
    method: bytes.readUInt16LE(at + 10),
    crc: bytes.readUInt32LE(at + 16),
    stored_bytes,
    expanded_bytes,
    start,
    dataStart,
    end: dataStart + stored_bytes,
  };
  return { entry, next };
}

/** Sizes too large for 32 bits (and, by some writers, all of them) stand in an extra field, in this order. */
function withZip64(sizes: number[], extra: Buffer): number[] {
  let field = 0;
  while (field + 4 <= extra.length && extra.readUInt16LE(field) !== ZIP64_FIELD) {
    field += 4 + extra.readUInt16LE(field + 2);
  }
  let at = field + 4;
  return sizes.map((size) => {
    if (size !== IN_ZIP64_FIELD || at + 8 > extra.length) return size;
    at += 8;
    return Number(extra.readBigUInt64LE(at - 8));
  });
}

/** Where the entry's data begins, or -1 when no header of that name stands there. */
function dataStartOf(bytes: Buffer, start: number, name: Buffer): number {
  if (start + 30 > bytes.length || bytes.readUInt32LE(start) !== LOCAL_HEADER) return -1;
  const nameEnd = start + 30 + bytes.readUInt16LE(start + 26);
  if (!bytes.subarray(start + 30, nameEnd).equals(name)) return -1;
  return nameEnd + bytes.readUInt16LE(start + 28);
}

function malformed(subject: Subject, why: string) {
  return refuse(subject, 'workbook_malformed', `The archive is damaged: ${why}`, {
    remedy: 'Upload the whole file again; if that fails, save it again in Excel.',
  });
}

/** Methods `expand` understands. */
export function isReadableMethod(method: number): boolean {
  return method === STORED || method === DEFLATED;
}
