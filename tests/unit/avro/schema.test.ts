import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { alertTopic } from '#events/alert.ts';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { avroSchema, schemaFingerprint } from '#lib/avro/schema.ts';
import { CURVE_COLUMNS } from '#schemas/curve-observation.ts';

const { name, schema, description } = curveObservationTopic;

describe('Avro schema of a topic', () => {
  test('a curve row has the columns of the canonical row, in their order', () => {
    const record = avroSchema(name, schema, description);
    expect(record).toMatchObject({
      type: 'record',
      name: 'Observation',
      namespace: 'aurum.curve',
      doc: description,
    });
    expect(record.fields.map((field) => field.name)).toEqual(CURVE_COLUMNS);
    const fields = Object.fromEntries(record.fields.map((field) => [field.name, field]));
    expect(fields.asof_date).toEqual({
      name: 'asof_date',
      type: { type: 'int', logicalType: 'date' },
      doc: 'Market day of the quotation',
    });
    expect(fields.price_type!.type).toEqual({
      type: 'enum',
      name: 'PriceType',
      symbols: ['Mid', 'Bid', 'Ask'],
    });
    expect(fields.value!.type).toBe('double');
    expect(fields.bid).toEqual({ name: 'bid', type: ['null', 'double'], default: null });
    expect(fields._ingest_ts!.type).toEqual({ type: 'long', logicalType: 'timestamp-millis' });
  });

  test('each zod type has its Avro type', () => {
    const typeOf = (field: z.ZodType) => avroSchema('aurum.a.b.v1', z.strictObject({ field })).fields[0];
    expect(typeOf(z.int().nonnegative())).toMatchObject({ type: 'long' });
    expect(typeOf(z.int32())).toMatchObject({ type: 'int' });
    expect(typeOf(z.number().positive())).toMatchObject({ type: 'double' });
    expect(typeOf(z.boolean())).toMatchObject({ type: 'boolean' });
    expect(typeOf(z.string().min(1))).toMatchObject({ type: 'string' });
    expect(typeOf(z.array(z.iso.date()))).toMatchObject({
      type: { type: 'array', items: { type: 'int', logicalType: 'date' } },
    });
    expect(typeOf(z.record(z.string(), z.int()))).toMatchObject({ type: { type: 'map', values: 'long' } });
    expect(typeOf(z.string().default('n/a'))).toMatchObject({ type: 'string', default: 'n/a' });
  });

  test('types inside the record are named by their path', () => {
    const role = z.enum(['header', 'price']);
    const record = avroSchema(
      'aurum.qa.sheet.v2',
      z.strictObject({ role, sheets: z.array(z.strictObject({ role })) }),
    );
    expect(record.fields).toMatchObject([
      { type: { name: 'Role' } },
      { type: { items: { type: 'record', name: 'Sheets', fields: [{ type: { name: 'SheetsRole' } }] } } },
    ]);
  });

  test('the name follows the topic, whatever an operator calls it', () => {
    const named = (topic: string) => {
      const { namespace, name: record } = avroSchema(topic, z.strictObject({}));
      return [namespace, record];
    };
    expect(named('aurum.alert.v1')).toEqual(['aurum', 'Alert']);
    expect(named('aurum.ingest.error.v1')).toEqual(['aurum.ingest', 'Error']);
    expect(named('dead-letters')).toEqual([undefined, 'DeadLetters']);
  });

  test.each([
    ['an optional field', z.strictObject({ field: z.string().optional() }), 'B.field'],
    ['a union', z.strictObject({ field: z.union([z.string(), z.number()]) }), 'B.field'],
    ['anything', z.strictObject({ deep: z.strictObject({ field: z.unknown() }) }), 'B.deep.field'],
    ['an enum value that is no name', z.strictObject({ field: z.enum(['on peak']) }), 'B.field'],
    ['a field name with a dash', z.strictObject({ 'a-b': z.string() }), 'B.a-b'],
  ])('%s is refused with its place', (_, bad, field) => {
    expect(() => avroSchema('aurum.a.b.v1', bad)).toThrow(
      expect.objectContaining({ code: 'avro_unsupported', place: { field } }),
    );
  });

  test('the fingerprint is of what is written, not of the words about it', () => {
    const print = (fields: z.core.$ZodLooseShape, doc?: string) =>
      schemaFingerprint(avroSchema('aurum.a.b.v1', z.strictObject(fields), doc));
    const base = print({ day: z.iso.date(), side: z.enum(['bid', 'ask']) });
    expect(base).toMatch(/^[0-9a-f]{64}$/);
    expect(print({ day: z.iso.date().describe('Market day'), side: z.enum(['bid', 'ask']) }, 'doc')).toBe(
      base,
    );
    for (const other of [
      { day: z.int32(), side: z.enum(['bid', 'ask']) },
      { day: z.iso.date().nullable(), side: z.enum(['bid', 'ask']) },
      { day: z.iso.date(), side: z.enum(['bid', 'ask', 'mid']) },
      { side: z.enum(['bid', 'ask']), day: z.iso.date() },
    ]) {
      expect(print(other)).not.toBe(base);
    }
    const { namespace, ...rest } = avroSchema(alertTopic.name, alertTopic.schema);
    expect(schemaFingerprint({ ...rest, namespace: namespace! })).toBe(
      schemaFingerprint(avroSchema(alertTopic.name, alertTopic.schema)),
    );
  });
});
