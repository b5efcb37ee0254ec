/**
 * Immutable objects and the pointers that move between them, over an object store: an object is created once, a pointer
 * (`{"commit": id}`) is replaced only if nobody replaced it meanwhile. Knows nothing of tables, branches or releases.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { AurumError, refusal } from '#lib/domain/errors.ts';
import type { ObjectStore } from '#lib/ports/object-store.ts';

export interface Pointer {
  readonly commit: string;
  readonly etag: string;
}

const JSON_TYPE = { contentType: 'application/json' } as const;
const pointerBody = z.strictObject({ commit: z.string().min(1) });

/** Names of branches and tags: what lakeFS takes for a branch id, and dots for corrections (`release-2025-09-12.2`). */
const REF_NAME = /^\w[-.\w]{0,254}$/;

/** The same value gives the same text whatever the order its keys were set in. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** Identity of an immutable object: sha256 of its canonical content, hex. */
export function contentId(value: unknown): string {
  return hash('sha256', canonicalJson(value), 'hex');
}

export function checkedRefName(name: string): string {
  if (REF_NAME.test(name) && !name.includes('..')) return name;
  throw refusal('ref_name_invalid', `"${name}" cannot name a branch or tag`, {
    remedy: 'Use letters, digits, "_", "-" and "." only, and begin with a letter, a digit or "_".',
  });
}

/**
 * Creates an immutable object. One that is there already must be the same to the byte: whoever repeats a step after a
 * crash finds its own work, and two contents under one name are never taken for each other.
 */
export async function createOnce(objects: ObjectStore, key: string, body: Uint8Array): Promise<void> {
  const { outcome } = await objects.put(key, body, { expect: 'absent' });
  if (outcome === 'stored') return;
  const there = await objects.get(key);
  if (there !== undefined && Buffer.compare(there.body, body) === 0) return;
  throw new AurumError('fault', 'object_differs', `${key} exists with other content`, {
    remedy: 'Find out who wrote it; an immutable object is never replaced.',
  });
}

/** What could not be read back is refused before it is written. */
export function checkedRecord<Value>(schema: z.ZodType<Value>, name: string, value: unknown): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw new AurumError('fault', 'record_invalid', `${name}: ${first?.path.join('.')}: ${first?.message}`, {
    cause: parsed.error,
  });
}

export function createRecord(objects: ObjectStore, key: string, record: unknown): Promise<void> {
  return createOnce(objects, key, Buffer.from(canonicalJson(record)));
}

export async function readRecord<Value>(
  objects: ObjectStore,
  key: string,
  schema: z.ZodType<Value>,
): Promise<Value | undefined> {
  const stored = await objects.get(key);
  return stored && parsedRecord(schema, key, stored.body);
}

export async function readPointer(objects: ObjectStore, key: string): Promise<Pointer | undefined> {
  const stored = await objects.get(key);
  if (stored === undefined) return undefined;
  return { ...parsedRecord(pointerBody, key, stored.body), etag: stored.etag };
}

/**
 * Compare and swap; `from` undefined creates the pointer. A store client that repeats a put whose answer was lost is told
 * "refused" about its own success, so a refusal counts only when the pointer is not where it was to go.
 */
export async function movePointer(
  objects: ObjectStore,
  key: string,
  from: Pointer | undefined,
  to: string,
): Promise<boolean> {
  const expect = from === undefined ? 'absent' : { etag: from.etag };
  const { outcome } = await objects.put(key, canonicalJson({ commit: to }), { expect, ...JSON_TYPE });
  return outcome === 'stored' || (await readPointer(objects, key))?.commit === to;
}

/** A pointer that never moves: a tag. */
export async function createPointer(
  objects: ObjectStore,
  key: string,
  to: string,
): Promise<'created' | 'exists'> {
  const { outcome } = await objects.put(key, canonicalJson({ commit: to }), {
    expect: 'absent',
    ...JSON_TYPE,
  });
  return outcome === 'stored' ? 'created' : 'exists';
}

/** Pointers `{folder}{name}.json` whose name begins with `prefix`, ascending by name. */
export async function listPointers(
  objects: ObjectStore,
  folder: string,
  prefix: string,
): Promise<readonly { readonly name: string; readonly commit: string }[]> {
  const found: { name: string; commit: string }[] = [];
  for await (const { key } of objects.list(`${folder}${prefix}`)) {
    const pointer = await readPointer(objects, key);
    if (pointer !== undefined)
      found.push({ name: key.slice(folder.length, -'.json'.length), commit: pointer.commit });
  }
  // By name: by key, `release-2025-09-12.2.json` would come before `release-2025-09-12.json`.
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function parsedRecord<Value>(schema: z.ZodType<Value>, key: string, body: Uint8Array): Value {
  let record: unknown;
  try {
    record = JSON.parse(Buffer.from(body).toString());
  } catch (cause) {
    throw new AurumError('fault', 'record_invalid', `${key} is not JSON`, { cause });
  }
  return checkedRecord(schema, key, record);
}
