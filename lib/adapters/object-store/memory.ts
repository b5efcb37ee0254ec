/**
 * Objects in memory, as strict as S3: conditional writes, versions below the versioned prefixes, keys in byte order.
 * For tests and dry runs; nothing outlives the process.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { PutOptions, StoredObject, VersionedObjectStore } from '#lib/ports/object-store.ts';
import { checkedMetadata, checkKey } from './key.ts';

export interface MemoryObjectStoreOptions {
  /** Keys below these keep every version, as the bucket's raw area does. `raw/` when left out. */
  readonly versioned_prefixes?: readonly string[];
  readonly now?: () => Date;
}

const NULL_VERSION = 'null';

export function memoryObjectStore(options: MemoryObjectStoreOptions = {}): VersionedObjectStore {
  const { versioned_prefixes = ['raw/'], now = () => new Date() } = options;
  /** Newest version last; undefined is a deletion that older versions lie below. */
  const objects = new Map<string, (StoredObject | undefined)[]>();
  const newest = (key: string) => objects.get(key)?.at(-1);
  const isVersioned = (key: string) => versioned_prefixes.some((prefix) => key.startsWith(prefix));

  return {
    async put(key, body, put = {}) {
      checkKey(key);
      const metadata = checkedMetadata(put.metadata);
      if (!expectationHolds(put.expect, newest(key))) return { outcome: 'refused' };
      const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body);
      const object: StoredObject = {
        key,
        body: bytes,
        etag: createHash('md5').update(bytes).digest('hex'),
        version_id: isVersioned(key) ? randomUUID() : undefined,
        last_modified: now().toISOString(),
        metadata,
      };
      objects.set(key, isVersioned(key) ? [...(objects.get(key) ?? []), object] : [object]);
      return { outcome: 'stored', etag: object.etag };
    },
    async get(key, { version_id, etag } = {}) {
      checkKey(key);
      const object =
        version_id === undefined
          ? newest(key)
          : objects.get(key)?.find((one) => one && (one.version_id ?? NULL_VERSION) === version_id);
      if (object === undefined || (etag !== undefined && etag !== object.etag)) return undefined;
      return { ...object, body: object.body.slice() };
    },
    async head(key) {
      checkKey(key);
      const object = newest(key);
      if (object === undefined) return undefined;
      const { body: _, ...facts } = object;
      return facts;
    },
    async *list(prefix) {
      const live = [...objects.values()].map((versions) => versions.at(-1));
      const found = live.filter((one) => one !== undefined).filter((one) => one.key.startsWith(prefix));
      for (const { key, etag, body, last_modified } of found.sort((a, b) => compareKeys(a.key, b.key))) {
        yield { key, etag, size: body.byteLength, last_modified };
      }
    },
    async *listVersions(prefix) {
      const below = [...objects].filter(([key]) => key.startsWith(prefix));
      for (const [, versions] of below.sort(([a], [b]) => compareKeys(a, b))) {
        for (const { key, etag, body, last_modified, version_id } of versions.filter(
          (one) => one !== undefined,
        ))
          yield { key, etag, size: body.byteLength, last_modified, version_id };
      }
    },
    async delete(key) {
      checkKey(key);
      if (isVersioned(key)) objects.get(key)?.push(undefined);
      else objects.delete(key);
    },
  };
}

function expectationHolds(expect: PutOptions['expect'], current: StoredObject | undefined): boolean {
  if (expect === undefined) return true;
  return expect === 'absent' ? current === undefined : current?.etag === expect.etag;
}

/** UTF-8 order, which differs from JavaScript's own above U+FFFF. */
function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
