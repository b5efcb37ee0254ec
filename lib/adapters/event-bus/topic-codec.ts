/** The Avro codec of a topic, compiled once, and a batch of its values. Shared by the buses that hold records themselves. */
import type { Topic } from '#events/topic.ts';
import { type AvroBatch, type AvroCodec, avroCodec } from '#lib/avro/codec.ts';
import { compatible } from '#lib/avro/compatibility.ts';
import { type AvroRecord, avroSchema } from '#lib/avro/schema.ts';
import { refusal } from '#lib/domain/errors.ts';

const MAX_MARKER_CHARACTERS = 1024;
const codecs = new WeakMap<object, AvroCodec<unknown>>();

export function topicCodec<T>(topic: Topic<T>): AvroCodec<T> {
  const known = codecs.get(topic);
  if (known !== undefined) return known as AvroCodec<T>;
  const codec = avroCodec<T>(avroSchema(topic.name, topic.schema, topic.description));
  codecs.set(topic, codec as AvroCodec<unknown>);
  return codec;
}

/**
 * All values or an error. The first is parsed by the topic's schema, the others only as far as Avro sees (types, dates,
 * finite numbers): parsing each of a workbook's 28,000 rows costs more than all else in publishing them.
 */
export function encodeBatch<T>(topic: Topic<T>, codec: AvroCodec<T>, values: Iterable<T>): AvroBatch {
  return codec.encode(firstParsed(topic, values));
}

function* firstParsed<T>(topic: Topic<T>, values: Iterable<T>): Generator<T> {
  let first = true;
  for (const value of values) {
    if (first) requireValid(topic, value);
    first = false;
    yield value;
  }
}

function requireValid<T>(topic: Topic<T>, value: T): void {
  const { success, error } = topic.schema.safeParse(value);
  if (success) return;
  const [issue] = error.issues;
  const field = issue?.path.join('.') ?? '';
  throw refusal(
    'event_invalid',
    `A record of ${topic.name} is not what its schema says: ${issue?.message}.`,
    {
      field,
      remedy: 'Publish values of the topic’s schema only.',
    },
  );
}

/** Every record of the topic must stay readable, with all its fields, before a new schema may write the first one. */
export function requireCompatible(topic: string, older: AvroRecord, newer: AvroRecord): void {
  const { problems } = compatible(older, newer);
  if (problems.length === 0) return;
  throw refusal('schema_incompatible', `${topic}: ${problems.map(({ message }) => message).join(' ')}`, {
    field: problems[0]!.field,
    remedy: 'Keep the old fields and add nullable ones, or publish to a new topic version.',
  });
}

export function requireMarker(marker: string): void {
  if (marker.length > 0 && marker.length <= MAX_MARKER_CHARACTERS) return;
  const message = `A marker has 1 to ${MAX_MARKER_CHARACTERS} characters, not ${marker.length}.`;
  throw refusal('marker_invalid', message, { remedy: 'Name the batch by its version.' });
}
