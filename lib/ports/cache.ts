/**
 * Bytes that can be had again, kept for a while. A miss is always right: nothing may depend on a value being there, and
 * `delete` may be lost with a store that is away, so a key names the version of what it keeps, and its tenant where it
 * has one.
 */
export interface Cache {
  /** Undefined when there is none, it has expired, or the store is away. The bytes may be the kept ones: to be read only. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** The bytes stay the writer's own. @param ttl_ms how long it may be given out; a whole number above 0. */
  set(key: string, value: Uint8Array, ttl_ms: number): Promise<void>;
  delete(key: string): Promise<void>;
  close(): Promise<void>;
}
