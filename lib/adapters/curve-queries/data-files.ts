/**
 * Immutable data files by object key, kept in a folder on disk so that a restart fetches nothing again. Knows nothing of
 * what is in them. A file appears whole or not at all (written aside, then renamed); the folder may be emptied at any time.
 */
import { hash, randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { busy } from '#lib/domain/errors.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';

export interface DataFiles {
  /** @throws AurumError (busy) `data_file_missing` when the store has no such object. */
  whole(key: string): Promise<Uint8Array>;
  stretch(key: string, start: number, end: number): Promise<Uint8Array>;
  /** Drops the copy on disk: it turned out to be damaged. */
  forget(key: string): Promise<void>;
}

export interface DataFilesOptions {
  readonly objects: ObjectStore;
  readonly cache_dir: string;
  /** The oldest copies go when the folder grows beyond it. */
  readonly disk_limit_mb: number;
}

export function dataFiles({ objects, cache_dir, disk_limit_mb }: DataFilesOptions): DataFiles {
  const pathOf = (key: string) => join(cache_dir, `${hash('sha256', key, 'hex')}.parquet`);
  const fetching = new Map<string, Promise<Uint8Array>>();
  let held_bytes: number | undefined;

  async function fetched(key: string): Promise<Uint8Array> {
    const object = await objects.get(key);
    if (object === undefined) {
      throw busy('data_file_missing', `the data file ${key} is not in the object store`, {
        remedy: 'Restore the object from its versions or a replica, then ask again.',
      });
    }
    await mkdir(cache_dir, { recursive: true });
    const aside = `${pathOf(key)}.${randomUUID()}`;
    await writeFile(aside, object.body);
    await rename(aside, pathOf(key));
    held_bytes = (held_bytes ?? (await folderBytes(cache_dir))) + object.body.length;
    if (held_bytes > disk_limit_mb * 1e6) held_bytes = await dropOldest(cache_dir, disk_limit_mb * 0.8e6);
    return object.body;
  }

  /** Many slices may want one file at once: it is fetched once. */
  function fetchOnce(key: string): Promise<Uint8Array> {
    const running = fetching.get(key);
    if (running !== undefined) return running;
    const started = fetched(key).finally(() => fetching.delete(key));
    fetching.set(key, started);
    return started;
  }

  return {
    whole: async (key) => (await unlessAbsent(readFile(pathOf(key)))) ?? fetchOnce(key),
    stretch: async (key, start, end) =>
      (await unlessAbsent(readStretch(pathOf(key), start, end))) ??
      (await fetchOnce(key)).subarray(start, end),
    forget: (key) => rm(pathOf(key), { force: true }),
  };
}

/** Read at once: the 100 kB lie in the page cache, and three turns through the thread pool cost ten times the read. */
async function readStretch(path: string, start: number, end: number): Promise<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(end - start);
    readSync(file, bytes, 0, bytes.length, start);
    return bytes;
  } finally {
    closeSync(file);
  }
}

async function unlessAbsent<Result>(reading: Promise<Result>): Promise<Result | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function filesOf(folder: string): Promise<{ path: string; bytes: number; written_ms: number }[]> {
  const found = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const facts = await unlessAbsent(stat(path));
    if (facts !== undefined) found.push({ path, bytes: facts.size, written_ms: facts.mtimeMs });
  }
  return found;
}

async function folderBytes(folder: string): Promise<number> {
  return (await filesOf(folder)).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Removes files, oldest first, until at most `limit_bytes` are left; returns how many are. */
async function dropOldest(folder: string, limit_bytes: number): Promise<number> {
  const files = (await filesOf(folder)).sort((a, b) => a.written_ms - b.written_ms);
  let held_bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes } of files) {
    if (held_bytes <= limit_bytes) break;
    await rm(path, { force: true });
    held_bytes -= bytes;
  }
  return held_bytes;
}
