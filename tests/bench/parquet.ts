/**
 * 100,000 rows x 25 columns to Parquet and 28,000 rows back, beside hyparquet-writer and hyparquet on the same table.
 * hyparquet-writer is given the columns ready as arrays: turning rows into columns is not counted.
 */
import { zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { rowsOf } from '#lib/domain/curve.ts';
import { decodeCurveTable } from '#lib/parquet/decode.ts';
import { encodeCurveTable } from '#lib/parquet/encode.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { curveTable } from '#tests/unit/parquet/curve-tables.ts';

const print = (name: string, value: number, unit: string, rest: { ratio_to?: string; note?: string } = {}) =>
  process.stdout.write(`${JSON.stringify({ name, value: Math.round(value * 100) / 100, unit, ...rest })}\n`);

async function median(runs: number, work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const began_ms = performance.now();
    await work();
    times.push(performance.now() - began_ms);
  }
  return times.sort((a, b) => a - b)[runs >> 1]!;
}

const large = curveTable({ curves: 400, tenors: 250 });
const cold_ms = performance.now();
const file = encodeCurveTable(large);
print('rows to Parquet, first time', performance.now() - cold_ms, 'ms', {
  note: `${file.rows} rows x ${file.columns.length} columns`,
});
print('rows to Parquet', await median(15, () => encodeCurveTable(large)), 'ms');
print('rows to Parquet, size', file.bytes.length / 1e6, 'MB');

const rows = [...rowsOf(large, '')];
const columnData = file.columns.map(({ name }) => {
  const data = rows.map((row) => row[name as keyof CurveObservation]);
  const type = ['value', 'bid', 'ask', 'mid'].includes(name) ? ('DOUBLE' as const) : ('STRING' as const);
  return { name, data, type, nullable: true };
});
const theirs = () => parquetWriteBuffer({ columnData });
print('hyparquet-writer', await median(3, theirs), 'ms', {
  ratio_to: 'rows to Parquet',
  note: 'unsorted, Snappy',
});
print('hyparquet-writer, size', theirs().byteLength / 1e6, 'MB', { ratio_to: 'rows to Parquet, size' });

const { bytes } = encodeCurveTable(curveTable({ curves: 373, tenors: 75 }));
print('Parquet to a table', await median(30, () => decodeCurveTable(bytes)), 'ms', { note: '27,975 rows' });
const compressors = { ZSTD: (page: Uint8Array) => zstdDecompressSync(page) };
const buffer = new Uint8Array(bytes).buffer;
print('hyparquet', await median(3, () => parquetReadObjects({ file: buffer, compressors })), 'ms', {
  ratio_to: 'Parquet to a table',
  note: 'to row objects',
});
