/**
 * Values <-> records in the Confluent wire format: a zero byte, the schema's id in the registry, the value as Avro. Knows
 * no connection.
 */
import type { Message } from 'kafkajs';
import type { Topic } from '#events/topic.ts';
import type { AvroCodec } from '#lib/avro/codec.ts';
import type { AvroRecord } from '#lib/avro/schema.ts';
import { AurumError, refusal } from '#lib/domain/errors.ts';
import type { KafkaMessage } from './kafka-log.ts';
import { encodeBatch } from './topic-codec.ts';

const MAGIC = 0;
const HEADER_BYTES = 5;

export interface WireMessage extends Message {
  readonly key: string;
  readonly value: Buffer;
}

/** All values or an error: the first is parsed by the topic's schema, the others as far as Avro sees. */
export function toWire<T>(
  topic: Topic<T>,
  codec: AvroCodec<T>,
  schema_id: number,
  values: Iterable<T>,
): WireMessage[] {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(MAGIC);
  header.writeUInt32BE(schema_id, 1);
  const messages: WireMessage[] = [];
  for (const value of values) {
    try {
      const { bytes } = messages.length === 0 ? encodeBatch(topic, codec, [value]) : codec.encode([value]);
      messages.push({ key: topic.key(value), value: Buffer.concat([header, bytes]) });
    } catch (error) {
      throw inBatch(error, messages.length);
    }
  }
  return messages;
}

/** Each value is a batch to the codec; its place in ours is what helps. */
function inBatch(error: unknown, index: number): unknown {
  if (!(error instanceof AurumError) || error.code !== 'avro_invalid') return error;
  const { code, message, remedy, ...place } = error.detail();
  return refusal(code, message.replace('record 0', `record ${index}`), {
    ...place,
    cause: error,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/**
 * Values of records that follow each other, in today's schema: a run that one schema wrote is decoded at once.
 * @throws AurumError `event_unreadable` for a record that is not in this format.
 */
export async function fromWire<T>(
  topic: string,
  codec: AvroCodec<T>,
  messages: readonly KafkaMessage[],
  writerOf: (schema_id: number) => Promise<AvroRecord | undefined>,
): Promise<T[]> {
  const values: T[] = [];
  for (let at = 0; at < messages.length; ) {
    const schema_id = schemaId(topic, messages[at]!);
    const run: Buffer[] = [];
    for (; at < messages.length && schemaId(topic, messages[at]!) === schema_id; at++) {
      run.push(messages[at]!.value!.subarray(HEADER_BYTES));
    }
    const batch = { bytes: Buffer.concat(run), count: run.length };
    for (const value of codec.decode(batch, await writerOf(schema_id))) values.push(value);
  }
  return values;
}

function schemaId(topic: string, { value, offset }: KafkaMessage): number {
  if (value !== null && value.length >= HEADER_BYTES && value[0] === MAGIC) return value.readUInt32BE(1);
  throw new AurumError(
    'fault',
    'event_unreadable',
    `The record of ${topic} at offset ${offset} has no schema id.`,
    {
      remedy: 'Find what wrote it: only values of the topic’s registered schemas belong there.',
    },
  );
}
