import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { compatible } from '#lib/avro/compatibility.ts';
import { avroSchema } from '#lib/avro/schema.ts';
import { curveObservation } from '#schemas/curve-observation.ts';

const TOPIC = 'aurum.curve.observation.v1';
const curve = avroSchema(TOPIC, curveObservation);
const change = (schema: z.ZodType) => compatible(curve, avroSchema(TOPIC, schema));
const extend = (fields: z.core.$ZodLooseShape) => curveObservation.extend(fields);

describe('a changed schema is compatible when it', () => {
  test.each([
    ['is the same', curveObservation],
    ['adds a nullable field', extend({ volume: z.number().nullable() })],
    ['adds a field with a default', extend({ source: z.string().default('eod') })],
    [
      'allows null where it was not',
      extend({ region: curveObservation.shape.region, tenor_label: z.string().nullable() }),
    ],
    ['adds an enum value', extend({ price_type: z.enum(['Mid', 'Bid', 'Ask', 'Settle']) })],
    ['only describes a field', extend({ market: curveObservation.shape.market.describe('Hub') })],
  ])('%s', (_, schema) => {
    expect(change(schema)).toEqual({ compatible: true, problems: [] });
  });
});

describe('a changed schema is refused, field by field, when it', () => {
  test.each([
    ['removes a field', curveObservation.omit({ units_raw: true }), ['units_raw', 'was removed or renamed']],
    [
      'renames a field',
      curveObservation.omit({ mid: true }).extend({ midpoint: z.number().nullable() }),
      ['mid', 'was removed or renamed'],
    ],
    [
      'adds a field that older records do not have',
      extend({ volume: z.number() }),
      ['volume', 'without a default'],
    ],
    ['forbids null', extend({ bid: z.number() }), ['bid', 'null is not allowed any more']],
    ['narrows a double to an integer', extend({ value: z.int() }), ['value', 'from double to long']],
    ['makes a text of a date', extend({ asof_date: z.string() }), ['asof_date', 'from date to string']],
    ['makes a number of a date', extend({ asof_date: z.int32() }), ['asof_date', 'from date to int']],
    [
      'makes a date of an instant',
      extend({ _ingest_ts: z.iso.date() }),
      ['_ingest_ts', 'from timestamp-millis to date'],
    ],
    [
      'drops an enum value',
      extend({ price_type: z.enum(['Mid', 'Bid']) }),
      ['price_type', 'Ask not allowed any more'],
    ],
    [
      'makes an enum of a text',
      extend({ block: z.enum(['PEAK']).nullable() }),
      ['block', 'from string to enum'],
    ],
    [
      'makes a list of a value',
      extend({ source_cell: z.array(z.string()) }),
      ['source_cell', 'from string to array'],
    ],
  ] as const)('%s', (_, schema, [field, message]) => {
    const { compatible: passes, problems } = change(schema);
    expect(passes).toBe(false);
    expect(problems).toContainEqual({ field, message: expect.stringContaining(message) });
  });

  test('is another record', () => {
    const renamed = { ...curve, name: 'Quote' };
    expect(compatible(curve, renamed).problems).toEqual([
      { field: '', message: 'The record is named aurum.curve.Quote, was aurum.curve.Observation.' },
    ]);
  });

  test('changes something deep inside', () => {
    const of = (inner: z.core.$ZodLooseShape) =>
      avroSchema(
        'aurum.a.b.v1',
        z.strictObject({ sheets: z.array(z.strictObject(inner)), by: z.record(z.string(), z.int()) }),
      );
    const { problems } = compatible(of({ name: z.string(), rows: z.int() }), of({ name: z.int() }));
    expect(problems.map(({ field }) => field)).toEqual(['sheets.name', 'sheets.rows']);
  });
});
