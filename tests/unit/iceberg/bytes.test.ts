import { deflateRawSync } from 'node:zlib';
import avro from 'avsc';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeAvro, encodeAvro } from '#lib/adapters/tables/iceberg/avro.ts';
import { parseJson, printJson } from '#lib/adapters/tables/iceberg/json.ts';
import { fromBinary, monthOf, toBinary } from '#lib/adapters/tables/iceberg/values.ts';

const SCHEMA = {
  type: 'record',
  name: 'entry',
  fields: [
    { name: 'snapshot_id', type: ['null', 'long'], default: null, 'field-id': 1 },
    { name: 'path', type: 'string', 'field-id': 100 },
  ],
};
const RECORDS = [
  { snapshot_id: 9_188_633_964_696_606_626n, path: 's3://aurum/ü' },
  { snapshot_id: null, path: '' },
];

describe('JSON of table metadata', () => {
  test('63-bit snapshot ids survive as numbers in the text and BigInt in memory', () => {
    const text =
      '{"current-snapshot-id":9188633964696606626,"last-updated-ms":1757714400000,"x":1.5,"s":"12345678901234567890"}';
    const parsed = parseJson(text);
    expect(parsed).toMatchObject({
      'current-snapshot-id': 9_188_633_964_696_606_626n,
      'last-updated-ms': 1757714400000,
    });
    expect(printJson(parsed)).toBe(text);
  });

  test('any long is the same after printing and reading', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (long) => {
        const { id } = parseJson(printJson({ id: long })) as { id: bigint | number };
        return BigInt(id) === long;
      }),
    );
  });
});

describe('Avro files', () => {
  test('the header keeps what the library would drop, and the records come back exact', () => {
    const file = encodeAvro(SCHEMA, { 'format-version': '2' }, RECORDS);
    const { meta, records } = decodeAvro(file);
    expect(JSON.parse(meta['avro.schema']!)).toEqual(SCHEMA);
    expect(meta['format-version']).toBe('2');
    expect(records.map((record) => ({ ...(record as object) }))).toEqual(RECORDS);
    expect(encodeAvro(SCHEMA, { 'format-version': '2' }, RECORDS)).toEqual(file);
    expect(decodeAvro(encodeAvro(SCHEMA, {}, [])).records).toEqual([]);
  });

  test('files of other writers are read: several blocks, deflate', async () => {
    const schema = { ...SCHEMA, fields: [{ name: 'path', type: 'string' as const }] } as const;
    const chunks: Buffer[] = [];
    const encoder = new avro.streams.BlockEncoder(schema as avro.Schema, {
      codec: 'deflate',
      codecs: { deflate: (data, done) => done(null, deflateRawSync(data)) },
      blockSize: 64,
    });
    encoder.on('data', (chunk: Buffer) => chunks.push(chunk));
    const ended = new Promise((resolve) => encoder.on('end', resolve));
    const paths = Array.from({ length: 50 }, (_, index) => ({ path: `s3://aurum/${index}` }));
    for (const path of paths) encoder.write(path);
    encoder.end();
    await ended;
    const { records } = decodeAvro(Buffer.concat(chunks));
    expect(records.map((record) => ({ ...(record as object) }))).toEqual(paths);
  });

  test('a file that is cut or no Avro at all is refused with its reason', () => {
    const file = encodeAvro(SCHEMA, {}, RECORDS);
    for (const bytes of [file.subarray(0, -20), file.subarray(0, 30), Buffer.from('{}'), Buffer.alloc(0)])
      expect(() => decodeAvro(bytes)).toThrow(expect.objectContaining({ code: 'manifest_unreadable' }));
  });
});

describe('single values', () => {
  test('have the bytes of the specification', () => {
    expect(toBinary('date', 20_343).toString('hex')).toBe('774f0000');
    expect(toBinary('timestamptz', 1_757_714_400_000_000n).toString('hex')).toBe('00b86dc6a13e0600');
    expect(toBinary('double', 52.5).toString('hex')).toBe('0000000000404a40');
    expect(toBinary('long', -1n).toString('hex')).toBe('ffffffffffffffff');
    expect(toBinary('string', '£/th').toString('hex')).toBe('c2a32f7468');
    expect(toBinary('boolean', true).toString('hex')).toBe('01');
  });

  test('come back exactly', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.string(), fc.integer(), (double, text, day) => {
        expect(fromBinary('double', toBinary('double', double))).toBe(double);
        expect(fromBinary('string', toBinary('string', text))).toBe(text);
        expect(fromBinary('date', toBinary('date', day))).toBe(day);
        expect(fromBinary('long', toBinary('long', BigInt(day)))).toBe(BigInt(day));
      }),
    );
  });

  test('the month of a date is counted from January 1970, before it too', () => {
    expect(['1970-01-31', '1969-12-31', '2025-09-12', '2025-12-31'].map(monthOf)).toEqual([0, -1, 668, 671]);
  });
});
