/**
 * Values of a topic <-> Avro binary, batch by batch. Decoding gives the identical value: doubles bit for bit, dates and
 * instants back as the strings they were. Knows nothing of frames, registries or topics' transport.
 */
import avsc from 'avsc';
import { AurumError, refusal } from '#lib/domain/errors.ts';
import { type AvroRecord, schemaFingerprint } from './schema.ts';

export interface AvroBatch {
  /** The records one after the other. A view of the codec's buffer: valid until its next `encode`. */
  readonly bytes: Uint8Array;
  readonly count: number;
}

export interface AvroCodec<T> {
  readonly schema: AvroRecord;
  readonly fingerprint: string;
  /** @throws AurumError `avro_invalid` naming record and field; nothing of the batch counts then. */
  encode(values: Iterable<T>): AvroBatch;
  /**
   * Values of a batch that was written with `writer` (left out: this schema), in this schema: fields the writer did not
   * have get their default.
   * @throws AurumError `avro_unreadable` when the writer's schema or the bytes do not fit.
   */
  decode(batch: AvroBatch, writer?: AvroRecord): Generator<T>;
}

const DAY_MS = 86_400_000;
const FIRST_BUFFER_BYTES = 64 * 1024;
/** A larger buffer is given back once a batch needs less than a quarter of it: one huge batch costs its size only once. */
const KEPT_BUFFER_BYTES = 16 * 1024 * 1024;
const CACHED_DATES = 4096;

export function avroCodec<T>(schema: AvroRecord): AvroCodec<T> {
  const type = avscType(schema);
  const fingerprint = schemaFingerprint(schema);
  const resolvers = new Map<string, ReturnType<avsc.Type['createResolver']>>();
  let buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES);
  let used = 0;

  function append(value: T, index: number): void {
    try {
      let end = type.encode(value, buffer, used);
      while (end < 0) {
        const larger = Buffer.allocUnsafe((buffer.length - end) * 2);
        buffer.copy(larger, 0, 0, used);
        buffer = larger;
        end = type.encode(value, buffer, used);
      }
      used = end;
    } catch (error) {
      throw invalid(schema, type, value, index, error);
    }
  }

  function resolverFor(writer: AvroRecord | undefined) {
    if (writer === undefined) return undefined;
    const print = schemaFingerprint(writer);
    if (print === fingerprint) return undefined;
    const known = resolvers.get(print) ?? resolver(schema, type, writer);
    resolvers.set(print, known);
    return known;
  }

  return {
    schema,
    fingerprint,
    encode(values) {
      if (buffer.length > KEPT_BUFFER_BYTES && used < buffer.length / 4) {
        buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES);
      }
      used = 0;
      let count = 0;
      for (const value of values) append(value, count++);
      return { bytes: buffer.subarray(0, used), count };
    },
    *decode(batch, writer) {
      const bytes = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
      const resolve = resolverFor(writer);
      let position = 0;
      for (let index = 0; index < batch.count; index++) {
        const { value, offset } = type.decode(bytes, position, resolve);
        if (offset < 0) throw unreadable(schema, `its bytes end in record ${index}`);
        position = offset;
        yield value;
      }
      if (position !== bytes.length) throw unreadable(schema, `bytes remain after record ${batch.count - 1}`);
    },
  };
}

/** The avsc type of a schema: our strings for dates and instants, finite doubles only, plain objects for records. */
export function avscType(schema: AvroRecord): avsc.Type {
  const type = avsc.Type.forSchema(schema as avsc.Schema, {
    logicalTypes: { date: DateType, 'timestamp-millis': InstantType },
    omitRecordMethods: true,
    typeHook: (part) => (part === 'double' ? FINITE_DOUBLE : undefined) as avsc.Type | undefined,
  });
  plainRecords(type);
  return type;
}

/** Decoded records get `Object.prototype`, so that they equal the object literals they were. */
function plainRecords(type: avsc.Type): void {
  if (type instanceof avsc.types.RecordType) {
    type.recordConstructor.prototype = Object.prototype;
    for (const field of type.fields) plainRecords(field.type);
  }
  if (type instanceof avsc.types.ArrayType) plainRecords(type.itemsType);
  if (type instanceof avsc.types.MapType) plainRecords(type.valuesType);
  if (type instanceof avsc.types.UnwrappedUnionType) type.types.forEach(plainRecords);
}

/** Undefined from `_toValue` or `_resolve` is avsc's way to say no. */
class DateType extends avsc.types.LogicalType {
  readonly #days = new Map<string, number>();
  readonly #dates = new Map<number, string>();

  protected override _toValue(date: unknown): number | undefined {
    if (typeof date !== 'string') return undefined;
    const known = this.#days.get(date);
    if (known !== undefined) return known;
    const days = Date.parse(date) / DAY_MS;
    // Date.parse takes February 30th for March 2nd, and much that is no date at all.
    if (!Number.isInteger(days) || isoDay(days) !== date) return undefined;
    remember(this.#days, date, days);
    return days;
  }

  protected override _fromValue(days: number): string {
    const known = this.#dates.get(days);
    if (known !== undefined) return known;
    const date = isoDay(days);
    remember(this.#dates, days, date);
    return date;
  }

  protected override _resolve(writer: avsc.Type) {
    return writer instanceof DateType ? same : undefined;
  }
}

/** One instant is on every row of a release: the last one is kept, both ways. */
class InstantType extends avsc.types.LogicalType {
  #text = '1970-01-01T00:00:00.000Z';
  #millis = 0;

  protected override _toValue(text: unknown): number | undefined {
    if (text === this.#text) return this.#millis;
    if (typeof text !== 'string') return undefined;
    const millis = Date.parse(text);
    if (Number.isNaN(millis) || new Date(millis).toISOString() !== text) return undefined;
    this.#text = text;
    this.#millis = millis;
    return millis;
  }

  protected override _fromValue(millis: number): string {
    if (millis !== this.#millis) {
      this.#text = new Date(millis).toISOString();
      this.#millis = millis;
    }
    return this.#text;
  }

  protected override _resolve(writer: avsc.Type) {
    return writer instanceof InstantType ? same : undefined;
  }
}

/** A missing price is null, never NaN: zod refuses NaN and infinities, so does the wire. */
class FiniteDouble extends avsc.types.LogicalType {
  protected override _toValue(value: unknown): number | undefined {
    return Number.isFinite(value) ? (value as number) : undefined;
  }

  protected override _fromValue(value: number): number {
    return value;
  }

  protected override _resolve(writer: avsc.Type) {
    return writer instanceof FiniteDouble || avsc.Type.isType(writer, 'int', 'long') ? same : undefined;
  }
}

const FINITE_DOUBLE = new FiniteDouble({ type: 'double', logicalType: 'finite' } as avsc.Schema);

const same = <V>(value: V): V => value;
const isoDay = (days: number): string => new Date(days * DAY_MS).toISOString().slice(0, 10);

function remember<K, V>(cache: Map<K, V>, key: K, value: V): void {
  if (cache.size >= CACHED_DATES) cache.clear();
  cache.set(key, value);
}

function resolver(schema: AvroRecord, type: avsc.Type, writer: AvroRecord) {
  try {
    return type.createResolver(avscType(writer));
  } catch (error) {
    throw unreadable(schema, 'it was written with a schema that this one cannot read', error);
  }
}

function invalid(schema: AvroRecord, type: avsc.Type, value: unknown, index: number, cause: unknown): Error {
  const faults: { field: string; message: string }[] = [];
  type.isValid(value, {
    errorHook: (path, part, expected) => {
      faults.push({ field: path.join('.'), message: `has ${kindOf(part)}, needs ${expected.typeName}` });
    },
  });
  const [first] = faults;
  const field = first?.field ?? '';
  const message = first === undefined ? String(cause) : `${field} ${first.message}`;
  return refusal('avro_invalid', `${schema.name} record ${index}: ${message}.`, {
    cause,
    ...(field === '' ? {} : { field }),
    remedy: 'Publish values of the topic’s schema only.',
  });
}

/** What the value is, never the value: it may be a price. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : typeof value;
}

function unreadable(schema: AvroRecord, why: string, cause?: unknown): Error {
  return new AurumError('fault', 'avro_unreadable', `A batch of ${schema.name} cannot be read: ${why}.`, {
    cause,
    remedy: 'Restore the log from its copy, or read it with the version that wrote it.',
  });
}
