import { zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { type CurveTable, rowAt, rowsOf } from '#lib/domain/curve.ts';
import { decodeCurveTable } from '#lib/parquet/decode.ts';
import { encodeCurveTable } from '#lib/parquet/encode.ts';
import { CURVE_FIELDS } from '#lib/parquet/fields.ts';
import { compareTenors, compareText, rowOrder } from '#lib/parquet/order.ts';
import { CURVE_COLUMNS } from '#schemas/curve-observation.ts';
import { curveTable } from './curve-tables.ts';

const INGEST_TS = '2025-09-12T20:15:01.123Z';
const wide = curveTable({ curves: 150, tenors: 70 });

const rowsInFileOrder = (table: CurveTable) =>
  Array.from(rowOrder(table), (row) => rowAt(table, row, INGEST_TS));
const decodedRows = (bytes: Uint8Array) => [...rowsOf(decodeCurveTable(bytes), INGEST_TS)];

/** The same file through hyparquet, an implementation that knows nothing of ours. */
async function readByHyparquet(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  const rows = await parquetReadObjects({
    file: new Uint8Array(bytes).buffer,
    compressors: { ZSTD: (page) => zstdDecompressSync(page) },
  });
  const shown = (value: unknown, name: string) =>
    value instanceof Date
      ? name === '_ingest_ts'
        ? value.toISOString()
        : value.toISOString().slice(0, 10)
      : (value ?? null);
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, shown(value, name)])),
  );
}

describe('a curve table as a Parquet file', () => {
  it('comes back with every row equal, sorted by curve, tenor type, month and label', () => {
    const { bytes, rows } = encodeCurveTable(wide);
    const decoded = decodedRows(bytes);
    expect(rows).toBe(wide.length);
    expect(decoded).toEqual(rowsInFileOrder(wide));
    for (const [index, row] of decoded.slice(1).entries()) {
      const before = decoded[index]!;
      expect(compareText(before.curve_key, row.curve_key) || compareTenors(before, row)).toBeLessThanOrEqual(
        0,
      );
    }
  });

  it('reads the same through another implementation', async () => {
    const { bytes } = encodeCurveTable(wide, { ingest_ts: INGEST_TS });
    expect(await readByHyparquet(bytes)).toEqual(rowsInFileOrder(wide));
  });

  it('keeps the bits of every double, the sign of zero too', () => {
    const odd = [0, -0, 5e-324, -1.7976931348623157e308, 0.1 + 0.2, 1 / 3];
    const table = curveTable({ curves: 1, tenors: odd.length });
    table.value.set(odd);
    table.bid.set(odd);
    const decoded = decodedRows(encodeCurveTable(table).bytes);
    const written = rowsInFileOrder(table);
    decoded.forEach((row, index) => {
      expect(Object.is(row.value, written[index]!.value)).toBe(true);
      expect(Object.is(row.bid, written[index]!.bid)).toBe(true);
    });
  });

  it('makes the same bytes of the same table, and has no time of release unless given one', () => {
    const once = encodeCurveTable(wide, { ingest_ts: INGEST_TS });
    expect(Buffer.compare(once.bytes, encodeCurveTable(wide, { ingest_ts: INGEST_TS }).bytes)).toBe(0);
    expect(once.columns.map(({ name }) => name)).toEqual(CURVE_COLUMNS);
    expect(encodeCurveTable(wide).columns.map(({ name }) => name)).toEqual(CURVE_COLUMNS.slice(0, -1));
  });

  it('holds a table without rows', () => {
    const empty = curveTable({ curves: 0, tenors: 0 });
    const decoded = decodeCurveTable(encodeCurveTable(empty, { ingest_ts: INGEST_TS }).bytes);
    expect([decoded.length, decoded.asof_date, decoded.source_file]).toEqual([
      0,
      empty.asof_date,
      empty.source_file,
    ]);
  });

  it('reads back cells of any address on sheets of any name', () => {
    const names = fc.string({ minLength: 1, maxLength: 20 }).filter((name) => name.isWellFormed());
    const cell = fc.record({
      row: fc.integer({ min: 1, max: 1_048_576 }),
      column: fc.integer({ min: 1, max: 16_384 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(names, { minLength: 3, maxLength: 3 }),
        fc.array(cell, { minLength: 8, maxLength: 8 }),
        (sheets, cells) => {
          const table = curveTable({ curves: 2, tenors: 4 });
          for (const [code, sheet] of table.sheets.entries())
            Object.assign(sheet, { sheet_name: sheets[code] });
          cells.forEach(({ row, column }, index) => {
            table.cellRow[index] = row;
            table.cellColumn[index] = column;
            if (index > 4) table.bidAskRow[index] = index === 5 ? 0 : row;
          });
          expect(decodedRows(encodeCurveTable(table).bytes)).toEqual(rowsInFileOrder(table));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('keeps series and tenors in any mixture of rows, nulls and equal names', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer(),
        (curves, tenors, seed) => {
          const table = curveTable({ curves, tenors, seed });
          // Any row may be of any series: runs as short as they get.
          table.seriesCode.forEach((_, row) => {
            table.seriesCode[row] = (row * 7 + seed) % curves < 0 ? 0 : Math.abs(row * 7 + seed) % curves;
          });
          expect(decodedRows(encodeCurveTable(table).bytes)).toEqual(rowsInFileOrder(table));
        },
      ),
      { numRuns: 15 },
    );
  });

  it('refuses bytes that are no such file, or are cut short', () => {
    const { bytes } = encodeCurveTable(wide);
    const code = (broken: Uint8Array) => {
      try {
        decodeCurveTable(broken);
        return 'decoded';
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    expect(code(new Uint8Array(0))).toBe('parquet_unreadable');
    expect(code(bytes.subarray(0, 5_000))).toBe('parquet_unreadable');
    expect(
      code(Buffer.concat([bytes.subarray(0, 20_000), Buffer.alloc(20_000), bytes.subarray(40_000)])),
    ).toBe('parquet_unreadable');
  });
});

describe('what a curve file says about itself', () => {
  const file = encodeCurveTable(wide, { ingest_ts: INGEST_TS });
  const footer = parquetMetadata(file.bytes);

  it('has ids 1 to 27 in canonical order, required where the row may not be null', () => {
    expect(CURVE_FIELDS.map(({ id, name }) => `${id} ${name}`).join()).toBe(
      '1 asof_date,2 source_file,3 sheet_name,4 asset_class,5 region,6 iso,7 location,8 market,9 product,10 block,' +
        '11 spark_location,12 price_type,13 units_raw,14 currency,15 per_unit,16 tenor_type,17 contract_month,' +
        '18 tenor_label,19 value,20 bid,21 ask,22 mid,23 curve_key,24 version_hash,25 source_cell,' +
        '26 source_cell_bid_ask,27 _ingest_ts',
    );
    const elements = footer.schema.slice(1);
    expect(elements.map(({ field_id }) => field_id)).toEqual(CURVE_FIELDS.map(({ id }) => id));
    expect(elements.map(({ repetition_type }) => repetition_type === 'REQUIRED')).toEqual(
      CURVE_FIELDS.map(({ required }) => required),
    );
    expect(elements.at(-1)).toMatchObject({
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
    });
  });

  it('counts values and nulls and bounds them as the rows have it', () => {
    const rows = rowsInFileOrder(wide);
    for (const { name, value_count, null_count, lower, upper } of file.columns) {
      const values = rows.map((row) => row[name as keyof typeof row]).filter((value) => value !== null);
      expect([name, value_count, null_count]).toEqual([name, rows.length, rows.length - values.length]);
      if (name.startsWith('source_cell') || values.length === 0)
        expect([lower, upper]).toEqual([undefined, undefined]);
      else if (typeof values[0] === 'number') {
        expect([lower, upper]).toEqual([
          Math.min(...(values as number[])),
          Math.max(...(values as number[])),
        ]);
      } else if (name === 'asof_date' || name === 'contract_month') {
        const days = values.map((date) => Date.parse(String(date)) / 86_400_000);
        expect([lower, upper]).toEqual([Math.min(...days), Math.max(...days)]);
      } else if (name === '_ingest_ts')
        expect([lower, upper]).toEqual([1757708101123000n, 1757708101123000n]);
      else {
        const sorted = values.map(String).sort(compareText);
        expect([lower, upper]).toEqual([sorted[0], sorted.at(-1)]);
      }
    }
  });

  it('prunes: each curve is in the bounds of one row group, or of two neighbours', () => {
    const column = CURVE_FIELDS.findIndex(({ name }) => name === 'curve_key');
    const bounds = footer.row_groups.map(({ columns }) => columns[column]!.meta_data!.statistics!);
    expect(bounds.length).toBe(3);
    for (const [at, { min_value }] of bounds.slice(1).entries())
      expect(String(bounds[at]!.max_value) <= String(min_value)).toBe(true);
    expect(file.split_offsets).toEqual(footer.row_groups.map(({ file_offset }) => Number(file_offset)));
    expect(file.split_offsets[0]).toBe(4);
    expect(
      footer.row_groups[0]!.sorting_columns?.map(({ column_idx }) => CURVE_FIELDS[column_idx]!.name),
    ).toEqual(['curve_key', 'tenor_type', 'contract_month', 'tenor_label']);
  });

  it('gives the compressed bytes of each column, which with the footer are the file', () => {
    const held = file.columns.reduce((sum, { compressed_bytes }) => sum + compressed_bytes, 0);
    expect(held + 4 + footer.metadata_length + 8).toBe(file.bytes.length);
  });
});

describe('order of text', () => {
  it('is that of UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(Math.sign(compareText(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });
});
