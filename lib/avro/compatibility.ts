/**
 * May a topic's schema become another one? Stricter than Avro's BACKWARD, which lets a field vanish: consumers of a
 * governed topic rely on every field, so additions and widenings pass; removals, renames and narrowings do not.
 */
import { avscType } from './codec.ts';
import { type AvroField, type AvroRecord, type AvroSchema, isRecord } from './schema.ts';

export interface SchemaProblem {
  /** `sheets.role`; empty for the record itself. */
  readonly field: string;
  readonly message: string;
}

export interface Compatibility {
  readonly compatible: boolean;
  readonly problems: readonly SchemaProblem[];
}

/** Whether every value written with `older` can be read with `newer`, and still has all it had. */
export function compatible(older: AvroRecord, newer: AvroRecord): Compatibility {
  const problems = recordProblems(older, newer, []);
  return { compatible: problems.length === 0, problems };
}

function recordProblems(older: AvroRecord, newer: AvroRecord, path: readonly string[]): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  if (fullName(older) !== fullName(newer)) {
    problems.push(at(path, `is named ${fullName(newer)}, was ${fullName(older)}`));
  }
  const before = fieldsByName(older);
  const after = fieldsByName(newer);
  for (const [name, field] of before) {
    const now = after.get(name);
    if (now === undefined) problems.push(at([...path, name], 'was removed or renamed'));
    else problems.push(...typeProblems(field.type, now.type, [...path, name]));
  }
  for (const [name, field] of after) {
    if (!before.has(name) && !('default' in field)) {
      problems.push(at([...path, name], 'was added without a default: make it nullable or give it one'));
    }
  }
  return problems;
}

function typeProblems(older: AvroSchema, newer: AvroSchema, path: readonly string[]): SchemaProblem[] {
  if (nullable(older) && !nullable(newer)) return [at(path, 'was narrowed: null is not allowed any more')];
  const was = present(older);
  const now = present(newer);
  if (isRecord(was) && isRecord(now)) return recordProblems(was, now, path);
  const [wasInner, nowInner] = [innerOf(was), innerOf(now)];
  if (wasInner && nowInner && kind(was) === kind(now)) return typeProblems(wasInner, nowInner, path);
  const lost = symbols(was).filter((symbol) => symbols(now).length > 0 && !symbols(now).includes(symbol));
  if (lost.length > 0) return [at(path, `was narrowed: ${lost.join(', ')} not allowed any more`)];
  // avsc, as the specification has it, reads a date as the bare number of its days: that is another meaning.
  const meaningKept = logical(was) === undefined || kind(was) === kind(now);
  return meaningKept && readable(was, now) ? [] : [at(path, `was changed from ${kind(was)} to ${kind(now)}`)];
}

/** Whether avsc can read a value of type `was` as `now`: the Avro specification's promotions, no more. */
function readable(was: AvroSchema, now: AvroSchema): boolean {
  const holder = (type: AvroSchema): AvroRecord => ({
    type: 'record',
    name: 'Holder',
    fields: [{ name: 'value', type }],
  });
  try {
    avscType(holder(now)).createResolver(avscType(holder(was)));
    return true;
  } catch {
    return false;
  }
}

const at = (path: readonly string[], message: string): SchemaProblem => {
  const field = path.join('.');
  return { field, message: `${field === '' ? 'The record' : `Field ${field}`} ${message}.` };
};
const fullName = (record: AvroRecord) => [record.namespace, record.name].filter(Boolean).join('.');
const fieldsByName = (record: AvroRecord) =>
  new Map(record.fields.map((field): [string, AvroField] => [field.name, field]));
const isUnion = (schema: AvroSchema): schema is readonly AvroSchema[] => Array.isArray(schema);
const nullable = (schema: AvroSchema) => isUnion(schema) && schema.includes('null');
/** The one type beside null. */
const present = (schema: AvroSchema): AvroSchema =>
  isUnion(schema) ? (schema.find((branch) => branch !== 'null') ?? 'null') : schema;
/** What an array or a map holds. */
function innerOf(schema: AvroSchema): AvroSchema | undefined {
  if (typeof schema === 'string' || isUnion(schema)) return undefined;
  if (schema.type === 'array') return schema.items;
  return schema.type === 'map' ? schema.values : undefined;
}
const symbols = (schema: AvroSchema) =>
  typeof schema === 'object' && 'symbols' in schema ? schema.symbols : [];
const logical = (schema: AvroSchema) =>
  typeof schema === 'object' && 'logicalType' in schema ? schema.logicalType : undefined;
function kind(schema: AvroSchema): string {
  if (typeof schema === 'string' || isUnion(schema)) return String(schema);
  return logical(schema) ?? schema.type;
}
