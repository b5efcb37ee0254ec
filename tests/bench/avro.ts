/** 100,000 curve rows to Avro and back, from objects and from the columnar table, beside JSON; and onto the event log. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { curveObservationTopic } from '#events/curve-observation.ts';
import { logEventBus } from '#lib/adapters/event-bus/log.ts';
import { avroCodec } from '#lib/avro/codec.ts';
import { avroSchema } from '#lib/avro/schema.ts';
import { type CurveTable, curveKey, rowsOf, type Series, versionHash } from '#lib/domain/curve.ts';
import { addMonths } from '#lib/domain/tenor.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';

const ROWS = 100_000;
const MONTHS = 200;
const INGEST_TS = '2025-09-12T21:30:00.000Z';

const print = (name: string, value: number, unit: string, rest: { ratio_to?: string; note?: string } = {}) =>
  process.stdout.write(`${JSON.stringify({ name, value, unit, ...rest })}\n`);

function best(runs: number, work: () => unknown): number {
  const times = Array.from({ length: runs }, () => {
    const began_ms = performance.now();
    work();
    return performance.now() - began_ms;
  });
  return Math.min(...times);
}

function series(index: number): Series {
  const identity = {
    asset_class: 'power',
    iso: 'PJM',
    region: 'US',
    location: `Location ${index}`,
    market: `Market ${index % 40}`,
    product: 'power',
    block: 'ON_PEAK',
    spark_location: null,
  };
  const units = { units_raw: 'USD/MWh', currency: 'USD', per_unit: 'MWh' };
  return { ...identity, ...units, curve_key: curveKey(identity) };
}

function curves(length: number): CurveTable {
  const source_file = 'EOD_RP_20250912_1430.xlsx';
  const sheet = (sheet_name: string) => ({
    sheet_name,
    version_hash: versionHash(source_file, sheet_name, '2025-09-12', ''),
  });
  const price = Float64Array.from({ length }, (_, row) => 40 + Math.sin(row) * 17);
  return {
    asof_date: '2025-09-12',
    source_file,
    length,
    series: Array.from({ length: length / MONTHS }, (_, index) => series(index)),
    tenors: Array.from({ length: MONTHS }, (_, index) => {
      const contract_month = addMonths('2025-10-01', index);
      return { tenor_type: 'MONTHLY', contract_month, tenor_label: contract_month.slice(0, 7) };
    }),
    sheets: [sheet('Fixed Prices - Mid'), sheet('Fixed Prices - BidAsk')],
    seriesCode: Uint32Array.from({ length }, (_, row) => Math.floor(row / MONTHS)),
    tenorCode: Uint32Array.from({ length }, (_, row) => row % MONTHS),
    sheetCode: new Uint16Array(length),
    priceType: new Uint8Array(length),
    value: price,
    bid: price.map((mid) => mid - 0.25),
    ask: price.map((mid) => mid + 0.25),
    mid: price,
    cellRow: Uint32Array.from({ length }, (_, row) => 12 + (row % MONTHS)),
    cellColumn: Uint16Array.from({ length }, (_, row) => 3 + Math.floor(row / MONTHS)),
    bidAskSheetCode: new Uint16Array(length).fill(1),
    bidAskRow: Uint32Array.from({ length }, (_, row) => 12 + (row % MONTHS)),
    bidAskColumn: Uint16Array.from({ length }, (_, row) => 3 + Math.floor(row / MONTHS)),
  };
}

const table = curves(ROWS);
const rows = [...rowsOf(table, INGEST_TS)];
const { name, schema } = curveObservationTopic;
const codec = avroCodec<CurveObservation>(avroSchema(name, schema));
const cold_ms = performance.now();
const { bytes, count } = codec.encode(rows);
const megabytes = `${count} rows, ${(bytes.length / 2 ** 20).toFixed(1)} MB`;
print('rows to Avro, first time', performance.now() - cold_ms, 'ms', { note: megabytes });
const json = 'rows to JSON';
print(
  json,
  best(5, () => rows.map((row) => JSON.stringify(row))),
  'ms',
);
print(
  'rows to Avro',
  best(9, () => codec.encode(rows)),
  'ms',
  { ratio_to: json },
);
print(
  'curve table to Avro',
  best(9, () => codec.encode(rowsOf(table, INGEST_TS))),
  'ms',
  { ratio_to: json },
);
const batch = codec.encode(rows);
print(
  'Avro to rows',
  best(5, () => [...codec.decode(batch)].length),
  'ms',
  { ratio_to: json },
);

const dir = mkdtempSync(join(tmpdir(), 'aurum-bench-'));
const bus = logEventBus({ dir });
for (const time of ['first', 'second']) {
  const began_ms = performance.now();
  await bus.publish(curveObservationTopic, time, rowsOf(table, INGEST_TS));
  print(`curve table published, durable, ${time} time`, performance.now() - began_ms, 'ms', {
    ratio_to: json,
  });
}
const read_ms = performance.now();
let records = 0;
for await (const _record of bus.read(curveObservationTopic)) records++;
print('read from the event log', performance.now() - read_ms, 'ms', {
  ratio_to: json,
  note: `${records} records`,
});
rmSync(dir, { recursive: true });
