/**
 * Objects by key, created and replaced conditionally. Every stage's input and output, every pointer that moves.
 */
export interface StoredObject {
  readonly key: string;
  readonly body: Uint8Array;
  readonly etag: string;
  readonly version_id: string | undefined;
  /** When the store took it, RFC 3339 UTC. */
  readonly last_modified: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ObjectEntry {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly last_modified: string;
}

export interface PutOptions {
  /** `absent`: create only. `{etag}`: replace only that content. Left out: write whatever is there. */
  readonly expect?: 'absent' | { readonly etag: string };
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** `refused`: the expectation did not hold (HTTP 412 or 409); the store is unchanged. */
export type PutResult =
  | { readonly outcome: 'stored'; readonly etag: string }
  | { readonly outcome: 'refused' };

/** Etags are without quotes. Failures of the store itself are thrown as AurumError `busy`. */
export interface ObjectStore {
  put(key: string, body: Uint8Array | string, options?: PutOptions): Promise<PutResult>;
  /** Undefined when there is no such object, or `etag` is given and is not the object's any more. */
  get(key: string, options?: { version_id?: string; etag?: string }): Promise<StoredObject | undefined>;
  head(key: string): Promise<Omit<StoredObject, 'body'> | undefined>;
  /** Ascending by key (UTF-8 bytes), all pages. */
  list(prefix: string): AsyncIterable<ObjectEntry>;
  /** No error when it is absent. */
  delete(key: string): Promise<void>;
}

/** One version of an object that the store keeps, the current one or an older one. */
export interface ObjectVersionEntry extends ObjectEntry {
  /** Undefined where the store keeps one version only. */
  readonly version_id: string | undefined;
}

/** A store that can tell what it keeps of objects that were replaced or deleted. */
export interface VersionedObjectStore extends ObjectStore {
  /** Every version below the prefix, deletions left out: ascending by key, of one key the oldest first. */
  listVersions(prefix: string): AsyncIterable<ObjectVersionEntry>;
}
