/** JSON objects in the store, checked by their schema on the way in. */
import type { z } from 'zod';
import { AurumError } from '#lib/domain/errors.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';

/** The object parsed by its schema, or undefined when it is absent. */
export async function readJson<T>(
  objects: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const stored = await objects.get(key);
  if (stored === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(stored.body)));
  } catch (cause) {
    throw new AurumError('fault', 'stage_object_invalid', `${key} is not what its stage writes`, {
      file: key,
      cause,
    });
  }
}

/** Like `readJson`, for an object that an event said is there: absent means the store lags or lost it. */
export async function requireJson<T>(objects: ObjectStore, key: string, schema: z.ZodType<T>): Promise<T> {
  const value = await readJson(objects, key, schema);
  if (value === undefined) {
    throw new AurumError('busy', 'stage_object_missing', `${key} is not in the store yet`, { file: key });
  }
  return value;
}

/** Writes an object once; one that is there already is kept, since a stage's output derives from its content. */
export async function writeOnce(objects: ObjectStore, key: string, body: Uint8Array | string): Promise<void> {
  const contentType = key.endsWith('.json') ? 'application/json' : 'application/octet-stream';
  await objects.put(key, body, { expect: 'absent', contentType });
}

export const toJson = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;
