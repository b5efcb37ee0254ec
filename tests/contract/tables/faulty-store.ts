/** A store whose process dies: after so many writes every call fails, the last write done or just not done. */
import { busy } from '#lib/domain/errors.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';

export interface Death {
  readonly after_writes: number;
  /** The write that the process dies in reaches the store; its answer never arrives. */
  readonly last_write_arrives: boolean;
}

export function dyingStore(store: ObjectStore, death: Death): ObjectStore {
  let left = death.after_writes;
  const died = () => busy('killed', 'The process was killed');
  const alive = () => {
    if (left < 0) throw died();
  };
  return {
    async put(key, body, options) {
      alive();
      left--;
      if (left >= 0) return store.put(key, body, options);
      if (death.last_write_arrives) await store.put(key, body, options);
      throw died();
    },
    async get(key, options) {
      alive();
      return store.get(key, options);
    },
    async head(key) {
      alive();
      return store.head(key);
    },
    async *list(prefix) {
      alive();
      yield* store.list(prefix);
    },
    async delete(key) {
      alive();
      await store.delete(key);
    },
  };
}

/** Key and content of every object. */
export async function contents(store: ObjectStore): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for await (const { key } of store.list('')) {
    all[key] = Buffer.from((await store.get(key))!.body).toString('base64');
  }
  return all;
}
