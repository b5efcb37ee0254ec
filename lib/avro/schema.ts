/**
 * Zod schema of a topic's values -> Avro schema. Knows zod and Avro; nothing of topics' transport, files or registries.
 * What Avro cannot say (a regular expression, a minimum) stays with zod; what this cannot say in Avro is refused.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { refusal } from '#lib/domain/errors.ts';

export type AvroPrimitive = 'null' | 'boolean' | 'int' | 'long' | 'double' | 'string';

export interface AvroEnum {
  readonly type: 'enum';
  readonly name: string;
  readonly symbols: readonly string[];
}

export interface AvroField {
  readonly name: string;
  readonly type: AvroSchema;
  readonly doc?: string;
  readonly default?: unknown;
}

export interface AvroRecord {
  readonly type: 'record';
  readonly name: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly fields: readonly AvroField[];
}

export type AvroSchema =
  | AvroPrimitive
  | { readonly type: 'int'; readonly logicalType: 'date' }
  | { readonly type: 'long'; readonly logicalType: 'timestamp-millis' }
  | AvroEnum
  | { readonly type: 'array'; readonly items: AvroSchema }
  | { readonly type: 'map'; readonly values: AvroSchema }
  | AvroRecord
  | readonly AvroSchema[];

const AVRO_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * @param topic `aurum.{domain}.{entity}.v{n}`: the entity is the record's name, what stands before it the namespace, so
 *   `aurum.curve.observation.v1` holds `aurum.curve.Observation`.
 * @throws AurumError `avro_unsupported` naming the field whose type has no Avro form here.
 */
export function avroSchema(topic: string, schema: z.ZodType, doc?: string): AvroRecord {
  const parts = topic
    .replace(/\.v\d+$/, '')
    .split('.')
    .map((part) => part.replace(/[^A-Za-z0-9]+/g, '_'));
  const record = avroType(schema, [pascal(parts.at(-1)!)]);
  if (!isRecord(record)) throw unsupported([topic], 'a value that is no object');
  return {
    type: 'record',
    name: record.name,
    ...(parts.length === 1 ? {} : { namespace: parts.slice(0, -1).join('.') }),
    ...(doc === undefined ? {} : { doc }),
    fields: record.fields,
  };
}

/** sha256, hex, of the schema without its docs: equal for schemas that write equal bytes with equal meaning. */
export function schemaFingerprint(schema: AvroSchema): string {
  return hash('sha256', JSON.stringify(canonical(schema)), 'hex');
}

export function isRecord(schema: AvroSchema): schema is AvroRecord {
  return typeof schema === 'object' && 'fields' in schema;
}

/** Types that have a zod form of their own go by their definition; `path` names nested types and the place of an error. */
function avroType(schema: z.core.$ZodType, path: readonly string[]): AvroSchema {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'string':
      return stringType(def);
    case 'number':
      return numberType(def);
    case 'boolean':
      return 'boolean';
    case 'nullable':
      return ['null', avroType(def.innerType, path)];
    case 'default':
      return avroType(def.innerType, path);
    case 'enum':
      return enumType(Object.values(def.entries), path);
    case 'array':
      return { type: 'array', items: avroType(def.element, path) };
    case 'record':
      return { type: 'map', values: avroType(def.valueType, path) };
    case 'object':
      return { type: 'record', name: typeName(path), fields: fieldsOf(def.shape, path) };
    default:
      throw unsupported(path, `zod type ${def.type}`);
  }
}

function fieldsOf(shape: z.core.$ZodShape, path: readonly string[]): readonly AvroField[] {
  return Object.entries(shape).map(([name, field]) => {
    const at = [...path, name];
    if (!AVRO_NAME.test(name)) throw unsupported(at, `field name ${JSON.stringify(name)}`);
    const { def } = (field as z.core.$ZodTypes)._zod;
    const doc = z.globalRegistry.get(field)?.description;
    return {
      name,
      type: avroType(field, at),
      ...(doc === undefined ? {} : { doc }),
      ...(def.type === 'nullable' ? { default: null } : {}),
      ...(def.type === 'default' ? { default: def.defaultValue } : {}),
    };
  });
}

function stringType(def: z.core.$ZodStringDef): AvroSchema {
  const format = 'format' in def ? def.format : undefined;
  if (format === 'date') return { type: 'int', logicalType: 'date' };
  if (format === 'datetime') return { type: 'long', logicalType: 'timestamp-millis' };
  return 'string';
}

function numberType(def: z.core.$ZodNumberDef): AvroSchema {
  const format = 'format' in def ? def.format : undefined;
  if (format === 'int32') return 'int';
  return format === 'safeint' ? 'long' : 'double';
}

function enumType(entries: readonly z.core.util.EnumValue[], path: readonly string[]): AvroEnum {
  const symbols = entries.map(String);
  const bad = symbols.find((symbol) => !AVRO_NAME.test(symbol));
  if (bad !== undefined) throw unsupported(path, `enum value ${JSON.stringify(bad)}`);
  return { type: 'enum', name: typeName(path), symbols };
}

/** `PriceType` for a field of the record itself, `SheetsRole` for a field of its field `sheets`. */
function typeName(path: readonly string[]): string {
  return (path.length === 1 ? path : path.slice(1)).map(pascal).join('');
}

function pascal(name: string): string {
  return name.replace(/(?:^|_)+([a-z0-9])/gi, (_, first: string) => first.toUpperCase());
}

function canonical(schema: AvroSchema): unknown {
  if (typeof schema === 'string') return schema;
  if (Array.isArray(schema)) return schema.map(canonical);
  return Object.entries(schema)
    .filter(([key]) => key !== 'doc')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => {
      if (key === 'fields') return [key, value.map((field: AvroField) => canonicalField(field))];
      return [key, key === 'items' || key === 'values' ? canonical(value) : value];
    });
}

function canonicalField(field: AvroField): unknown {
  return [field.name, canonical(field.type), 'default' in field ? [field.default] : []];
}

function unsupported(path: readonly string[], what: string): Error {
  return refusal('avro_unsupported', `${path.join('.')}: ${what} has no Avro form.`, {
    field: path.join('.'),
    remedy:
      'Use string, int, number, boolean, enum, date, datetime, array, record, object, nullable or default.',
  });
}
