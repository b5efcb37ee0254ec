/**
 * Bytes in files under names of our own, written once and never changed; a client's key is never part of a path.
 * What a blob belongs to is the journal's matter. Streams: never more than one small piece in memory.
 */
import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Blob } from './state.ts';

/** Up to here a body is gathered and written by one call, which costs a fifth of opening a stream. */
const SMALL_BYTES = 64 * 1024;
const READ_BYTES = 256 * 1024;

export interface WrittenBlob extends Blob {
  readonly md5: Buffer;
}

export interface Blobs {
  /** Writes all of the source; a source that fails leaves nothing behind. */
  write(source: AsyncIterable<Buffer>): Promise<WrittenBlob>;
  /** Bytes `first` to `last` of the blobs laid end to end. They stay readable until the reader ends. */
  read(blobs: readonly Blob[], first: number, last: number): AsyncGenerator<Buffer>;
  /** All bytes of a small object at once. */
  readSmall(blobs: readonly Blob[], size: number): Buffer | undefined;
  /** Deletes, now or when the last reader has ended. */
  free(blobs: readonly Blob[]): void;
}

export interface BlobOptions {
  readonly folder: string;
  readonly fsync: boolean;
}

export function openBlobs({ folder, fsync }: BlobOptions): Blobs {
  const readers = new Map<string, number>();
  const doomed = new Set<string>();
  const pathOf = (id: string) => join(folder, id);
  const remove = (id: string) => void unlink(pathOf(id)).catch(() => undefined); // swept at the next start

  const release = (id: string) => {
    const left = (readers.get(id) ?? 1) - 1;
    if (left > 0) readers.set(id, left);
    else {
      readers.delete(id);
      if (doomed.delete(id)) remove(id);
    }
  };
  async function* stream(blobs: readonly Blob[], first: number, last: number): AsyncGenerator<Buffer> {
    try {
      for (const { id, start, end } of slices(blobs, first, last)) {
        yield* fs.createReadStream(pathOf(id), { start, end, highWaterMark: READ_BYTES });
      }
    } finally {
      for (const { id } of blobs) release(id);
    }
  }

  return {
    async write(source) {
      const id = randomBytes(16).toString('hex');
      try {
        const written = await writeFile(pathOf(id), source, fsync);
        if (fsync) await syncFolder(folder);
        return { id, ...written };
      } catch (error) {
        await unlink(pathOf(id)).catch(() => undefined);
        throw error;
      }
    },
    read(blobs, first, last) {
      for (const { id } of blobs) readers.set(id, (readers.get(id) ?? 0) + 1);
      return stream(blobs, first, last);
    },
    readSmall(blobs, size) {
      if (size > SMALL_BYTES || blobs.length > 4) return undefined;
      return Buffer.concat(blobs.map(({ id }) => fs.readFileSync(pathOf(id))));
    },
    free(blobs) {
      for (const { id } of blobs) {
        if (readers.has(id)) doomed.add(id);
        else remove(id);
      }
    },
  };
}

/** Deletes what a crash left behind: files that no entry of the journal names. */
export function sweepBlobs(folder: string, referenced: Iterable<Blob>): number {
  const keep = new Set<string>();
  for (const { id } of referenced) keep.add(id);
  const orphans = fs.readdirSync(folder).filter((id) => !keep.has(id));
  for (const id of orphans) fs.unlinkSync(join(folder, id));
  return orphans.length;
}

async function writeFile(
  path: string,
  source: AsyncIterable<Buffer>,
  fsync: boolean,
): Promise<{ size: number; md5: Buffer }> {
  const md5 = createHash('md5');
  let size = 0;
  let held: Buffer[] = [];
  let file: Awaited<ReturnType<typeof open>> | undefined;
  try {
    for await (const piece of source) {
      size += piece.length;
      md5.update(piece);
      held.push(piece);
      if (file === undefined && size <= SMALL_BYTES) continue;
      file ??= await open(path, 'wx');
      await file.appendFile(Buffer.concat(held));
      held = [];
    }
    if (file === undefined && !fsync) fs.writeFileSync(path, Buffer.concat(held), { flag: 'wx' });
    else {
      file ??= await open(path, 'wx');
      await file.appendFile(Buffer.concat(held));
      if (fsync) await file.datasync();
    }
  } finally {
    await file?.close();
  }
  return { size, md5: md5.digest() };
}

/** Without it the file's bytes are durable and its name is not. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

function* slices(
  blobs: readonly Blob[],
  first: number,
  last: number,
): Generator<{ id: string; start: number; end: number }> {
  let at = 0;
  for (const { id, size } of blobs) {
    const start = Math.max(first - at, 0);
    const end = Math.min(last - at, size - 1);
    if (start <= end) yield { id, start, end };
    at += size;
  }
}
