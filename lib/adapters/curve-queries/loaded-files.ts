/**
 * Indexes and decoded row groups of data files, held in memory up to a limit, each loaded once however many ask. Knows
 * nothing of questions.
 */
import { LRUCache } from 'lru-cache';
import type { CurveTable } from '#lib/domain/curve.ts';
import { AurumError } from '#lib/domain/errors.ts';
import { atMost } from '#lib/domain/turns.ts';
import { decodeGroups } from '#lib/parquet/decode.ts';
import { type CurveIndex, curveIndex, type SharedKeys, sharedKeys } from './curve-index.ts';
import { type DataFilesOptions, dataFiles } from './data-files.ts';

/** Consecutive rows of a file, decoded: `table`'s row 0 is the file's row `start`. */
export interface Block {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly table: CurveTable;
  readonly ingest_ts: string;
}

/** Indexes that share their keys: what one slice sees from its beginning to its end. */
export interface Keys {
  readonly shared: SharedKeys;
  indexes(files: readonly string[]): Promise<readonly CurveIndex[]>;
}

export interface LoadedFiles {
  keys(): Keys;
  block(file: CurveIndex, row: number): Promise<Block>;
  clear(): void;
}

/** Three quarters of the memory for decoded row groups, an eighth each for indexes and for the keys they share. */
export interface LoadedFilesOptions extends DataFilesOptions {
  readonly memory_limit_mb: number;
}

/** Files read and decoded at the same time, over all slices: what is in flight beside the caches. */
const LOADS_AT_ONCE = 8;

export function loadedFiles(options: LoadedFilesOptions): LoadedFiles {
  const limit_bytes = options.memory_limit_mb * 1e6;
  const files = dataFiles(options);
  const turn = atMost(LOADS_AT_ONCE);
  const blocks = cached<Block>(limit_bytes * 0.75, blockBytes);
  let keys = freshKeys();

  function freshKeys(): Keys {
    const shared = sharedKeys();
    const indexes = cached<CurveIndex>(limit_bytes / 8, ({ bytes }) => bytes);
    const index = (key: string) => indexes.get(key, () => turn(() => loadIndex(key, shared)));
    return { shared, indexes: (wanted) => Promise.all(wanted.map(index)) };
  }

  /** A copy on disk that cannot be read is fetched again, once. */
  async function readable<Result>(key: string, read: () => Promise<Result>): Promise<Result> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof AurumError) || error.code !== 'parquet_unreadable') throw error;
      await files.forget(key);
      return read();
    }
  }

  function loadIndex(key: string, shared: SharedKeys): Promise<CurveIndex> {
    return readable(key, async () => curveIndex(key, await files.whole(key), shared));
  }

  function loadBlock(file: CurveIndex, number: number): Promise<Block> {
    const group = file.layout.groups[number]!;
    return readable(file.key, async () => {
      const bytes = await files.stretch(file.key, group.start, group.end);
      const { table, ingest_ts = '' } = decodeGroups({ bytes, offset: group.start }, file.layout, [group]);
      const start = file.groupStarts[number]!;
      return { key: file.key, start, end: start + group.rows, table, ingest_ts };
    });
  }

  return {
    keys: () => {
      if (keys.shared.bytes > limit_bytes / 8) keys = freshKeys();
      return keys;
    },
    block: (file, row) => {
      const number = file.groupStarts.findLastIndex((start) => start <= row);
      return blocks.get(`${number}|${file.key}`, () => turn(() => loadBlock(file, number)));
    },
    clear: () => {
      blocks.clear();
      keys = freshKeys();
    },
  };
}

// What V8 takes for a row (the typed arrays of a CurveTable) and for an entry of its dictionaries.
const ROW_BYTES = 57;
const SERIES_BYTES = 800;
const TENOR_BYTES = 200;

function blockBytes({ table }: Block): number {
  return table.length * ROW_BYTES + table.series.length * SERIES_BYTES + table.tenors.length * TENOR_BYTES;
}

interface Cached<Value extends object> {
  get(key: string, load: () => Promise<Value>): Promise<Value>;
  clear(): void;
}

function cached<Value extends object>(limit_bytes: number, bytesOf: (value: Value) => number): Cached<Value> {
  const held = new LRUCache<string, Value>({ maxSize: Math.ceil(limit_bytes), sizeCalculation: bytesOf });
  const loading = new Map<string, Promise<Value>>();
  return {
    get: async (key, load) => {
      const value = held.get(key);
      if (value !== undefined) return value;
      const running = loading.get(key);
      if (running !== undefined) return running;
      const started = load().finally(() => loading.delete(key));
      loading.set(key, started);
      const loaded = await started;
      held.set(key, loaded);
      return loaded;
    },
    clear: () => held.clear(),
  };
}
