/**
 * The event bus as an append-only log per topic in a folder: a batch is one frame, durable before `publish` returns.
 * One process writes at a time (publications of one topic take turns in it); any number may read. Knows files, not Kafka.
 *
 * {dir}/{topic}/events.log              frames
 * {dir}/{topic}/schemas/{print}.avsc    each schema that wrote a frame: old frames stay readable
 * {dir}/{topic}/groups/{group}          position up to which the group has acknowledged
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Topic } from '#events/topic.ts';
import type { AvroRecord } from '#lib/avro/schema.ts';
import { AurumError, busy, refusal } from '#lib/domain/errors.ts';
import { inTurns } from '#lib/domain/turns.ts';
import type { EventBus, PublishedRecord } from '#lib/ports/event-bus.ts';
import { type Frame, framePrefix, frames, MAX_BODY_BYTES, readBody } from './frame.ts';
import { formatPosition, parsePosition } from './position.ts';
import { encodeBatch, requireCompatible, requireMarker, topicCodec } from './topic-codec.ts';

/** A group's position is written after this many records and at the end: after a crash at most so many come again. */
const ACKNOWLEDGE_EVERY = 256;
const FILE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}$/;

/** What this process knows of a topic's log. */
interface Tail {
  readonly markers: Set<string>;
  /** First byte after the last whole frame. */
  end: number;
}

/** By absolute path, whichever bus of this process writes: the end of the log is known to one at a time. */
const inTurn = inTurns();

export function logEventBus({ dir }: { dir: string }): EventBus {
  const tails = new Map<string, Tail>();
  const home = resolve(dir);
  const folderOf = ({ name }: { readonly name: string }) => join(home, fileName(name));

  return {
    async publish(topic, marker, values) {
      const folder = folderOf(topic);
      requireMarker(marker);
      return inTurn(folder, () => publish(folder, tails, topic, marker, values));
    },
    read: (topic, after) => read(folderOf(topic), topic, after),
    locate: (topic, marker, is) => locate(folderOf(topic), topic, marker, is),
    async drain(topic, group, handle) {
      const folder = folderOf(topic);
      const path = join(folder, 'groups', fileName(group));
      return inTurn(path, () => drain(path, (after) => read(folder, topic, after), handle));
    },
  };
}

async function publish<T>(
  folder: string,
  tails: Map<string, Tail>,
  topic: Topic<T>,
  marker: string,
  values: Iterable<T>,
) {
  await mkdir(join(folder, 'schemas'), { recursive: true });
  const file = await open(join(folder, 'events.log'), constants.O_RDWR | constants.O_CREAT);
  try {
    const tail = await tailOf(file, tails.get(folder));
    tails.set(folder, tail);
    if (tail.markers.has(marker)) return 'already';
    const codec = topicCodec(topic);
    const { bytes, count } = encodeBatch(topic, codec, values);
    await registerSchema(folder, topic.name, codec.fingerprint, codec.schema);
    if (tail.end === 0) await syncFolder(folder);
    await append(file, tail, framePrefix({ marker, schema: codec.fingerprint, count }, bytes), bytes);
    tail.markers.add(marker);
    return 'published';
  } finally {
    await file.close();
  }
}

async function* read<T>(
  folder: string,
  topic: Topic<T>,
  after: string | undefined,
): AsyncGenerator<PublishedRecord<T>> {
  const from = after === undefined ? { batch: 0, index: -1 } : parsePosition(after);
  const file = await open(join(folder, 'events.log'), 'r').catch(absent);
  if (file === undefined) return;
  try {
    for await (const frame of frames(file, from.batch)) {
      for await (const [index, value] of valuesOf(folder, file, frame, topic)) {
        if (frame.offset === from.batch && index <= from.index) continue;
        const position = formatPosition({ batch: frame.offset, index });
        yield { topic: topic.name, position, key: topic.key(value), value };
      }
    }
  } finally {
    await file.close();
  }
}

/** Only heads are read until the batch is found. */
async function locate<T>(
  folder: string,
  topic: Topic<T>,
  marker: string,
  is: (value: T) => boolean,
): Promise<string | undefined> {
  const file = await open(join(folder, 'events.log'), 'r').catch(absent);
  if (file === undefined) return undefined;
  try {
    for await (const frame of frames(file)) {
      if (frame.marker !== marker) continue;
      for await (const [index, value] of valuesOf(folder, file, frame, topic))
        if (is(value)) return formatPosition({ batch: frame.offset, index });
      return undefined;
    }
    return undefined;
  } finally {
    await file.close();
  }
}

/** Values of a batch with their index in it. */
async function* valuesOf<T>(
  folder: string,
  file: FileHandle,
  frame: Frame,
  topic: Topic<T>,
): AsyncGenerator<readonly [number, T]> {
  const codec = topicCodec(topic);
  const bytes = await readBody(file, frame);
  const writer = frame.schema === codec.fingerprint ? undefined : await writerSchema(folder, frame.schema);
  let index = 0;
  for (const value of codec.decode({ bytes, count: frame.count }, writer)) yield [index++, value];
}

/** `path` holds the position the group has acknowledged. */
async function drain<T>(
  path: string,
  readAfter: (after: string | undefined) => AsyncIterable<PublishedRecord<T>>,
  handle: (record: PublishedRecord<T>) => Promise<void>,
): Promise<number> {
  const after = (await readFile(path, 'utf8').catch(absent))?.trim();
  let delivered = 0;
  let handled = after;
  let written = after;
  const acknowledge = async () => {
    if (handled !== undefined && handled !== written) await replaceFile(path, `${handled}\n`);
    written = handled;
  };
  try {
    for await (const record of readAfter(after)) {
      await handle(record);
      handled = record.position;
      if (++delivered % ACKNOWLEDGE_EVERY === 0) await acknowledge();
    }
  } finally {
    await acknowledge();
  }
  return delivered;
}

/** Scans what is new since `known` and cuts off a torn end, so that the next frame begins where the last whole one ends. */
async function tailOf(file: FileHandle, known: Tail | undefined): Promise<Tail> {
  const { size } = await file.stat();
  const tail = known === undefined || size < known.end ? { markers: new Set<string>(), end: 0 } : known;
  if (size === tail.end) return tail;
  for await (const frame of frames(file, tail.end)) {
    tail.markers.add(frame.marker);
    tail.end = frame.end;
  }
  if (tail.end < size) await file.truncate(tail.end);
  return tail;
}

/** Durable when it returns; when it fails the log ends where it did. */
async function append(file: FileHandle, tail: Tail, prefix: Uint8Array, body: Uint8Array): Promise<void> {
  if (body.length > MAX_BODY_BYTES) {
    throw refusal('batch_too_large', `A batch of ${body.length} bytes is more than ${MAX_BODY_BYTES}.`, {
      remedy: 'Publish it in several batches with a marker each.',
    });
  }
  try {
    await writeAll(file, prefix, tail.end);
    await writeAll(file, body, tail.end + prefix.length);
    await file.datasync();
  } catch (cause) {
    await file.truncate(tail.end);
    throw busy('event_log_unwritable', 'The event log cannot be written.', {
      cause,
      remedy: 'Free space on the disk that holds AURUM_HOME.',
    });
  }
  tail.end += prefix.length + body.length;
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

/** A schema is written once, before its first frame, and only if every older frame can be read by it. */
async function registerSchema(
  folder: string,
  topic: string,
  fingerprint: string,
  schema: AvroRecord,
): Promise<void> {
  const known = await readdir(join(folder, 'schemas'));
  if (known.includes(`${fingerprint}.avsc`)) return;
  for (const file of known.filter((name) => name.endsWith('.avsc'))) {
    requireCompatible(topic, await writerSchema(folder, file.slice(0, -'.avsc'.length)), schema);
  }
  await replaceFile(
    join(folder, 'schemas', `${fingerprint}.avsc`),
    `${JSON.stringify(schema, undefined, 2)}\n`,
  );
}

async function writerSchema(folder: string, fingerprint: string): Promise<AvroRecord> {
  const text = await readFile(join(folder, 'schemas', `${fingerprint}.avsc`), 'utf8').catch(absent);
  if (text !== undefined) return JSON.parse(text) as AvroRecord;
  throw new AurumError('fault', 'event_schema_missing', `The log ${folder} has no schema ${fingerprint}.`, {
    remedy: 'Restore its schemas folder from a copy.',
  });
}

/** The file has the old content or the new, whenever the process or the machine stops. */
async function replaceFile(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}.partial`;
  const file = await open(partial, 'w');
  try {
    await file.writeFile(content);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(partial, path);
  await syncFolder(dirname(path));
}

/** Makes the folder's entries durable: without it a new file may be gone after a power loss. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function fileName(name: string): string {
  if (FILE_NAME.test(name)) return name;
  throw refusal('topic_invalid', `${JSON.stringify(name.slice(0, 80))} cannot name a topic or a group.`, {
    remedy: 'Use letters, digits, dots, dashes and underscores.',
  });
}
