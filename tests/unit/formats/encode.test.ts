import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type CurveBatch, rowsOf } from '#lib/domain/curve.ts';
import { batchesOfRows } from '#lib/domain/curve-batches.ts';
import type { ColumnField } from '#lib/formats/columns.ts';
import { curveFields } from '#lib/formats/curve-columns.ts';
import { encodeCurves, encodeRows, metaHeader } from '#lib/formats/encode.ts';
import { FORMATS } from '#lib/formats/negotiate.ts';
import { rowFields } from '#lib/parquet/fields.ts';
import { type CurveObservation, curveObservation } from '#schemas/curve-observation.ts';
import { curveTable } from '#tests/unit/parquet/curve-tables.ts';
import { csvFields, decoded, joined } from './decode.ts';

const INGEST_TS = '2025-09-12T20:15:01.123Z';

const FIELDS: readonly ColumnField[] = [
  { name: 'text', type: 'string', nullable: true },
  { name: 'cell', type: 'string', nullable: true, distinct: true },
  { name: 'price', type: 'double', nullable: true },
  { name: 'count', type: 'long', nullable: true },
  { name: 'flag', type: 'boolean', nullable: true },
  { name: 'day', type: 'date', nullable: true },
  { name: 'time', type: 'timestamptz', nullable: true },
  { name: 'parts', type: 'json', nullable: true },
];

const hostile = fc.constantFrom(
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\tx',
  '\rx',
  '\nx',
  "'x",
  "'=x",
  '＝1',
  '"',
  'a"b',
  'a,b',
  'a\r\nb',
  '',
  'NA',
  'null',
  '£ ☃ 𝄞',
);
const text = fc.oneof(hostile, fc.string({ unit: 'grapheme', maxLength: 12 }));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 3 });
const day = fc
  .integer({ min: -20_000, max: 40_000 })
  .map((days) => new Date(days * 86_400_000).toISOString().slice(0, 10));
const row = fc.record({
  text: maybe(text),
  cell: maybe(text),
  price: maybe(fc.double({ noNaN: true, noDefaultInfinity: true })),
  count: maybe(fc.maxSafeInteger()),
  flag: maybe(fc.boolean()),
  day: maybe(day),
  time: maybe(fc.integer({ min: -1e12, max: 4e12 }).map((ms) => new Date(ms).toISOString())),
  parts: maybe(fc.oneof(fc.array(text, { maxLength: 3 }), fc.record({ a: fc.integer(), b: maybe(text) }))),
});

/** More rows than an encoder takes at once, in two files; made once. */
const manyCurves = (() => {
  let made: { tables: ReturnType<typeof curveTable>[]; rows: CurveObservation[] } | undefined;
  return () => {
    if (made !== undefined) return made;
    const tables = [0, 1].map((seed) =>
      curveTable({ curves: 220, tenors: 40, seed, asof_date: `2025-09-1${seed}` }),
    );
    made = { tables, rows: tables.flatMap((table) => [...rowsOf(table, INGEST_TS)]) };
    return made;
  };
})();

describe.each(FORMATS)('rows as %s', (format) => {
  it('come back as they were, nulls, hostile texts and full doubles too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { maxLength: 12 }), { maxLength: 4 }), async (batches) => {
        const bytes = await joined(encodeRows(format, FIELDS, batches, { count: 1 }));
        expect(await decoded(format, FIELDS, bytes)).toEqual(batches.flat());
      }),
      { numRuns: 60 },
    );
  });

  it('of curves are the same from batches as from rows, over many files and batch sizes', async () => {
    const { tables, rows } = manyCurves();
    const shuffled = tables.flatMap((table) => pieces(table, 997));
    const fields = curveFields();
    const bytes = await joined(encodeCurves(format, fields, streamed(shuffled)));
    const found = await decoded(format, fields, bytes);
    expect(found).toHaveLength(rows.length);
    // Row by row: the matcher takes seconds for so many, and this differs from it in nothing but that.
    const wrong = rows.findIndex((one, at) => !isDeepStrictEqual(one, found[at]));
    expect([wrong, found[wrong]]).toEqual([-1, undefined]);
    const some = rows.slice(0, 50);
    const fromRows = await joined(encodeCurves(format, fields, streamed([...batchesOfRows(some)])));
    expect(await decoded(format, fields, fromRows)).toEqual(some);
  });

  it('without a row are a valid answer', async () => {
    for (const fields of [FIELDS, curveFields()]) {
      const bytes = await joined(encodeRows(format, fields, []));
      expect(await decoded(format, fields, bytes)).toEqual([]);
    }
  });
});

function pieces(table: ReturnType<typeof curveTable>, rows: number): CurveBatch[] {
  const all = Uint32Array.from({ length: table.length }, (_, at) => at);
  return Array.from({ length: Math.ceil(table.length / rows) }, (_, at) => ({
    table,
    ingest_ts: INGEST_TS,
    rows: all.subarray(at * rows, (at + 1) * rows),
  }));
}

async function* streamed<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

it('DuckDB reads the Parquet file with its types and nulls', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'aurum-formats-'));
  const table = curveTable({ curves: 70, tenors: 60 });
  const rows = [...rowsOf(table, INGEST_TS)];
  const path = join(folder, 'curves.parquet');
  writeFileSync(path, await joined(encodeCurves('parquet', curveFields(), streamed(pieces(table, 1_000)))));
  const db = await (await DuckDBInstance.create(':memory:')).connect();
  const answer = await db.runAndReadAll(
    `SELECT typeof(asof_date), typeof(value), typeof(_ingest_ts), count(*)::int, count(bid)::int, sum(value), max(curve_key) FROM '${path}' GROUP BY ALL`,
  );
  expect(answer.getRowsJson()[0]).toEqual([
    'DATE',
    'DOUBLE',
    'TIMESTAMP WITH TIME ZONE',
    rows.length,
    rows.filter(({ bid }) => bid !== null).length,
    expect.closeTo(
      rows.reduce((sum, { value }) => sum + value, 0),
      3,
    ),
    rows
      .map(({ curve_key }) => curve_key)
      .sort()
      .at(-1),
  ]);
  db.closeSync();
  rmSync(folder, { recursive: true });
});

describe('the metadata of an answer', () => {
  const meta = {
    count: 3,
    as_known_at: INGEST_TS,
    next_cursor: null,
    note: 'für',
    releases: [{ version: 'v' }],
  };

  it('travels in the schema of Arrow, the footer of Parquet, the body of JSON, and a header elsewhere', async () => {
    const arrow = tableFromIPC(await joined(encodeRows('arrow', FIELDS, [], meta)));
    expect(JSON.parse(arrow.schema.metadata.get('aurum.meta')!)).toEqual(meta);
    const parquet = await joined(encodeRows('parquet', FIELDS, [], meta));
    const footer = parquetMetadata(new Uint8Array(parquet).buffer);
    expect(JSON.parse(footer.key_value_metadata![0]!.value!)).toEqual(meta);
    const json = JSON.parse((await joined(encodeRows('json', FIELDS, [], meta))).toString());
    expect(json).toEqual({ meta, data: [] });
    const header = metaHeader(meta);
    expect(header).toMatch(/^[\x20-\x7e]*$/);
    const { releases: _lists, ...scalars } = meta;
    expect(JSON.parse(header)).toEqual(scalars);
  });
});

describe('CSV', () => {
  const csv = async (rows: object[], fields = FIELDS) =>
    (await joined(encodeRows('csv', fields, [rows]))).toString();

  it('gives a text that a spreadsheet would run a leading apostrophe, and leaves numbers alone', async () => {
    const only = (type: ColumnField['type']): ColumnField[] => [{ name: 'v', type, nullable: false }];
    const starts = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', "'"];
    const lines = csvFields(
      await csv(
        starts.map((start) => ({ v: `${start}cmd|' /C calc'!A0` })),
        only('string'),
      ),
    );
    for (const [field] of lines.slice(1)) expect(field!.text).toMatch(/^'/);
    expect(lines).toHaveLength(starts.length + 1);
    expect(await csv([{ v: -12.5 }, { v: -0 }, { v: 1e-7 }], only('double'))).toBe(
      'v\r\n-12.5\r\n-0\r\n1e-7\r\n',
    );
  });

  it('tells null from the empty text, and ends its lines as RFC 4180 says', async () => {
    const fields: ColumnField[] = [
      { name: 'a', type: 'string', nullable: true },
      { name: 'b', type: 'string', nullable: true },
    ];
    expect(
      await csv(
        [
          { a: null, b: '' },
          { a: 'x"y', b: 'p,q' },
        ],
        fields,
      ),
    ).toBe('a,b\r\n,""\r\n"x""y","p,q"\r\n');
  });
});

describe('fields of a schema', () => {
  it('are those of the canonical row for the canonical row', () => {
    const plain = curveFields().map(({ name, type, nullable }) => ({ name, type, nullable }));
    expect(rowFields(curveObservation)).toEqual(plain);
  });

  it('say what is nested, whole and optional', () => {
    const schema = z.strictObject({
      count: z.int(),
      ok: z.boolean().optional(),
      cells: z.array(z.string()),
      either: z.union([z.string(), z.number()]),
      kind: z.enum(['a', 'b']).nullable(),
    });
    expect(rowFields(schema)).toEqual([
      { name: 'count', type: 'long', nullable: false },
      { name: 'ok', type: 'boolean', nullable: true },
      { name: 'cells', type: 'json', nullable: false },
      { name: 'either', type: 'json', nullable: false },
      { name: 'kind', type: 'string', nullable: true },
    ]);
  });
});

it('memory does not grow with the answer: batches are taken one at a time', async () => {
  const table = curveTable({ curves: 100, tenors: 100 });
  let made = 0;
  async function* endless(): AsyncGenerator<CurveBatch> {
    for (;;) {
      made++;
      yield pieces(table, 10_000)[0]!;
    }
  }
  for (const format of FORMATS) {
    made = 0;
    const bytes = encodeCurves(format, curveFields(), endless());
    for (let chunk = 0; chunk < 4; chunk++) await bytes.next();
    expect(made).toBeLessThan(12);
    await bytes.return(undefined);
  }
});
