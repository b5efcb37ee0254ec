/**
 * Avro object container files as Iceberg writes its manifests: the schema goes into the header as given, because the
 * library drops `field-id` when it prints one, and longs are BigInt. Knows nothing of what the records mean.
 */
import { hash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import avro from 'avsc';
import { AurumError } from '#lib/domain/errors.ts';
import { parseJson, printJson } from './json.ts';

const MAGIC = Buffer.from('Obj\u0001');

const LONG = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint | number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint' || Number.isSafeInteger(value),
  compare: (a: bigint, b: bigint) => (a < b ? -1 : Number(a > b)),
});

const HEADER = avro.Type.forSchema({
  type: 'record',
  name: 'Header',
  fields: [
    { name: 'magic', type: { type: 'fixed', name: 'Magic', size: 4 } },
    { name: 'meta', type: { type: 'map', values: 'bytes' } },
    { name: 'sync', type: { type: 'fixed', name: 'Sync', size: 16 } },
  ],
});
const BLOCK = avro.Type.forSchema({
  type: 'record',
  name: 'Block',
  fields: [
    { name: 'count', type: 'long' },
    { name: 'data', type: 'bytes' },
    { name: 'sync', type: { type: 'fixed', name: 'Sync', size: 16 } },
  ],
});

export interface AvroFile {
  readonly meta: Readonly<Record<string, string>>;
  readonly records: readonly unknown[];
}

/** One block, not compressed; the sync marker comes from the content, so equal input gives equal bytes. */
export function encodeAvro(
  schema: object,
  meta: Readonly<Record<string, string>>,
  records: readonly object[],
): Buffer {
  const schemaText = printJson(schema);
  const type = typeOf(schemaText);
  const data = Buffer.concat(records.map((record) => type.toBuffer(record)));
  const sync = hash('sha256', data, 'buffer').subarray(0, 16);
  const entries = Object.entries({ 'avro.schema': schemaText, 'avro.codec': 'null', ...meta });
  const header = {
    magic: MAGIC,
    meta: Object.fromEntries(entries.map(([key, text]) => [key, Buffer.from(text)])),
    sync,
  };
  const block = records.length === 0 ? [] : [BLOCK.toBuffer({ count: records.length, data, sync })];
  return Buffer.concat([HEADER.toBuffer(header), ...block]);
}

/** Reads by the writer's schema, whoever wrote it; codecs `null` and `deflate`. */
export function decodeAvro(bytes: Uint8Array): AvroFile {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { value: header, offset } = HEADER.decode(buffer);
  if (header === undefined || !MAGIC.equals(header.magic)) throw unreadable('is not an Avro container file');
  const meta = Object.fromEntries(
    Object.entries(header.meta as Record<string, Buffer>).map(([key, value]) => [key, value.toString()]),
  );
  const expand = expander(meta['avro.codec'] ?? 'null');
  const type = typeOf(meta['avro.schema'] ?? '');
  const records: unknown[] = [];
  for (let at = offset; at < buffer.length; ) {
    const block = BLOCK.decode(buffer, at);
    if (block.value === undefined) throw unreadable('ends in the middle of a block');
    const data = expand(block.value.data);
    for (let count = 0, from = 0; count < block.value.count; count++) {
      const record = type.decode(data, from);
      if (record.value === undefined) throw unreadable('ends in the middle of a record');
      records.push(record.value);
      from = record.offset;
    }
    at = block.offset;
  }
  return { meta, records };
}

/** Every manifest of a table has the same schema: making the type costs more than reading the records. */
const types = new Map<string, avro.Type>();

function typeOf(schemaText: string): avro.Type {
  const known = types.get(schemaText);
  if (known !== undefined) return known;
  if (types.size > 100) types.clear();
  const type = avro.Type.forSchema(parseJson(schemaText) as avro.Schema, { registry: { long: LONG } });
  types.set(schemaText, type);
  return type;
}

function expander(codec: string): (data: Buffer) => Buffer {
  if (codec === 'null') return (data) => data;
  if (codec === 'deflate') return (data) => inflateRawSync(data);
  throw unreadable(`is compressed by "${codec}"`);
}

function unreadable(what: string): AurumError {
  return new AurumError('fault', 'manifest_unreadable', `A manifest ${what}`, {
    remedy: 'Restore the object from the bucket\'s versions, or set write.avro.compression-codec to "gzip".',
  });
}
