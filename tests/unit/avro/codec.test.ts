import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { avroCodec } from '#lib/avro/codec.ts';
import { type AvroRecord, avroSchema } from '#lib/avro/schema.ts';
import {
  type CurveObservation,
  curveObservation,
  PRICE_TYPES,
  TENOR_TYPES,
} from '#schemas/curve-observation.ts';
import { row } from '#tests/fixtures/rows.ts';

const curves = () => avroCodec<CurveObservation>(avroSchema('aurum.curve.observation.v1', curveObservation));
const day = fc
  .date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const instant = fc
  .date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString());
const text = fc.string({ unit: 'grapheme', minLength: 1 });
const price = fc.double({ noNaN: true, noDefaultInfinity: true });
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

const anyRow: fc.Arbitrary<CurveObservation> = fc
  .record({
    asof_date: day,
    contract_month: day,
    location: orNull(text),
    units_raw: orNull(fc.string({ unit: 'binary' })),
    price_type: fc.constantFrom(...PRICE_TYPES),
    tenor_type: fc.constantFrom(...TENOR_TYPES),
    tenor_label: text,
    value: price,
    bid: orNull(price),
    ask: orNull(price),
    _ingest_ts: instant,
  })
  .map((part) => row(part));

describe('Avro codec', () => {
  test('any rows come back identical, doubles bit for bit', () => {
    const codec = curves();
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 20 }), (rows) => {
        const read = [...codec.decode(codec.encode(rows))];
        expect(read).toStrictEqual(rows);
        expect(read.map(({ value }) => Object.is(value, -0))).toEqual(
          rows.map(({ value }) => Object.is(value, -0)),
        );
      }),
      { numRuns: 200 },
    );
  });

  test('a batch larger than any buffer before it is whole', () => {
    const codec = curves();
    const rows = Array.from({ length: 3000 }, (_, index) =>
      row({ value: index, location: 'L'.repeat(index % 700) }),
    );
    expect([...codec.decode(codec.encode(rows))]).toStrictEqual(rows);
    const long = row({ location: 'x'.repeat(300_000) });
    expect([...codec.decode(codec.encode([long, row({})]))]).toStrictEqual([long, row({})]);
  });

  test('nested records, arrays and maps come back as plain objects', () => {
    const nested = z.strictObject({
      sheets: z.array(z.strictObject({ name: z.string(), roles: z.record(z.string(), z.int()) })),
      first: z.strictObject({ day: z.iso.date().nullable() }).nullable(),
      tags: z.record(z.string(), z.strictObject({ ok: z.boolean() })),
    });
    const codec = avroCodec<z.infer<typeof nested>>(avroSchema('aurum.a.b.v1', nested));
    const values = [
      {
        sheets: [{ name: 'Mid', roles: { price: 3 } }],
        first: { day: '2025-09-12' },
        tags: { a: { ok: true } },
      },
      { sheets: [], first: null, tags: {} },
    ];
    expect([...codec.decode(codec.encode(values))]).toStrictEqual(values);
  });

  test('a refusal names record and field and never the value', () => {
    const codec = curves();
    const refusalOf = (bad: Partial<CurveObservation>) => {
      try {
        codec.encode([row({}), { ...row({}), ...bad }]);
      } catch (error) {
        return error as Error;
      }
      return undefined;
    };
    expect(refusalOf({ bid: Number.NaN })).toMatchObject({ code: 'avro_invalid', place: { field: 'bid' } });
    expect(refusalOf({ bid: Number.NaN })?.message).toContain('record 1: bid has NaN');
    const leaking = refusalOf({ tenor_label: 47.113 as never });
    expect(leaking).toMatchObject({ place: { field: 'tenor_label' } });
    expect(leaking?.message).not.toContain('47.113');
    expect(refusalOf({ contract_month: '2025-13-01' })).toMatchObject({ place: { field: 'contract_month' } });
    expect(refusalOf({ contract_month: 'Jan 2025' })).toMatchObject({ place: { field: 'contract_month' } });
    expect(refusalOf({ _ingest_ts: '2025-09-12T21:30:00.000+00:00' })).toMatchObject({
      place: { field: '_ingest_ts' },
    });
    expect(refusalOf({ market: undefined as never })).toBeUndefined();
  });

  test('a batch cut short or with bytes to spare is not read as something else', () => {
    const codec = curves();
    const { bytes, count } = codec.encode([row({}), row({ value: 1 })]);
    const copy = new Uint8Array(bytes);
    const read = (part: Uint8Array, records: number) => () => [
      ...codec.decode({ bytes: part, count: records }),
    ];
    expect(read(copy.subarray(0, -1), count)).toThrow(expect.objectContaining({ code: 'avro_unreadable' }));
    expect(read(copy, count - 1)).toThrow(expect.objectContaining({ code: 'avro_unreadable' }));
    expect(read(copy, count)()).toHaveLength(2);
  });

  test('what an older schema wrote is read in the new one, widened and completed', () => {
    const older = avroSchema(
      'aurum.a.b.v1',
      z.strictObject({ count: z.int32(), day: z.iso.date(), gone: z.string() }),
    );
    const newer = avroSchema(
      'aurum.a.b.v1',
      z.strictObject({ day: z.iso.date().nullable(), count: z.number(), added: z.string().nullable() }),
    );
    const { bytes, count } = avroCodec(older).encode([{ count: 7, day: '2025-09-12', gone: 'x' }]);
    expect([...avroCodec(newer).decode({ bytes, count }, older)]).toStrictEqual([
      { day: '2025-09-12', count: 7, added: null },
    ]);
    const stranger: AvroRecord = { type: 'record', name: 'B', namespace: 'aurum.a', fields: [] };
    expect(() => [...avroCodec(newer).decode({ bytes, count }, stranger)]).toThrow(
      expect.objectContaining({ code: 'avro_unreadable' }),
    );
  });
});
