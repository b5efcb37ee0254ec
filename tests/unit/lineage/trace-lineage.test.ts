/** From a value to its cell and on to its strips, over workbooks that went through the whole chain. */
import ExcelJS from 'exceljs';
import { beforeAll, describe, expect, test } from 'vitest';
import { curveObservationTopic } from '#events/curve-observation.ts';
import type { Caller } from '#lib/domain/access.ts';
import { traceLineage } from '#lib/flows/trace-lineage.ts';
import type { ObjectStore, StoredObject } from '#lib/ports/object-store.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { type Lineage, lineageAnswer, lineageQuery } from '#schemas/lineage.ts';
import { type ReleasedDays, releasedDays, STAFF, tenantWith } from '#tests/fixtures/released-days.ts';
import { sampleFile } from '#tests/fixtures/samples.ts';

const DAY = '2025-09-12';
let released: ReleasedDays;
let rows: readonly CurveObservation[];
beforeAll(async () => {
  released = await releasedDays([
    { vendor: 'pw', day: DAY, seed: 1 },
    { vendor: 'pw', day: DAY, seed: 2 },
  ]);
  const releases = (await released.ports.tables.releases('main')).slice(1);
  rows = await released.ports.queries.slice({
    releases,
    latest: false,
    entitlements: 'all',
    filter: {},
    limit: 100_000,
  });
});

const ask = (query: Record<string, string>, caller: Caller = STAFF) =>
  traceLineage(lineageQuery.parse(query), released.ports, caller);
const placeOf = ({ curve_key, tenor_type, contract_month, tenor_label }: CurveObservation) => ({
  curve_key,
  tenor_type,
  contract_month,
  tenor_label,
});
const lineageOf = async (row: CurveObservation, query: Record<string, string> = {}) => {
  const { data } = await ask({ ...placeOf(row), asof: DAY, ...query });
  expect(data).toHaveLength(1);
  return data[0]!;
};
const west = () =>
  rows.find(
    ({ iso, market, block, tenor_type }) =>
      iso === 'PJM' && market === 'West' && block === 'ON_PEAK' && tenor_type === 'MONTHLY',
  )!;

test('names release, lake commit, workbook, cells, gate and log', async () => {
  const row = west();
  const answer = await ask({ ...placeOf(row), asof: DAY });
  expect(() => lineageAnswer.parse(answer)).not.toThrow();
  const [lineage] = answer.data as [Lineage];
  const [, release] = await released.ports.tables.releases('main');
  expect(lineage.value).toMatchObject({
    value: row.value,
    bid: row.bid,
    ask: row.ask,
    currency: row.currency,
  });
  expect(lineage.release).toMatchObject({
    vendor: 'pw',
    version: released.versions[1],
    current: true,
    superseded_by: null,
  });
  expect(lineage.workbook).toEqual({
    file: release!.source_file,
    key: release!.source_key,
    version_id: release!.source_version_id,
    sha256: release!.source_sha256,
  });
  expect(lineage.cells.mid).toEqual({
    address: row.source_cell,
    sheet: row.sheet_name,
    cell: row.source_cell.slice(row.sheet_name.length + 1),
  });
  expect(lineage.cells.bid_ask?.address).toBe(row.source_cell_bid_ask);
  expect(lineage.gate).toMatchObject({ verdict: 'green' });
  expect(lineage.event_log).toMatchObject({
    topic: 'aurum.curve.observation.v1',
    marker: released.versions[1],
  });
  expect(lineage.event_log.published_at).not.toBeNull();
});

test('the record of the event log is the one of the value, by key and position', async () => {
  const row = west();
  const { event_log } = await lineageOf(row);
  const records: unknown[] = [];
  for await (const { key, position, value } of released.ports.bus.read(curveObservationTopic)) {
    if (value.source_cell === row.source_cell && value.version_hash === row.version_hash)
      records.push({ key, position });
  }
  expect(records).toEqual([{ key: event_log.key, position: event_log.position }]);
});

test('an old version says what replaced it', async () => {
  const [old, current] = released.versions as [string, string];
  const { data } = await ask({ ...placeOf(west()), version: old });
  expect(data[0]?.release).toMatchObject({ version: old, current: false, superseded_by: current });
});

describe('read again from the raw workbook', () => {
  test('cells say what the row says, and what exceljs reads', async () => {
    const book = new ExcelJS.Workbook();
    await book.xlsx.load((await sampleFile('pw', DAY, { seed: 2 })).bytes as never);
    for (let at = 0; at < rows.length; at += Math.floor(rows.length / 12)) {
      const { cells, workbook } = await lineageOf(rows[at]!, { verify: 'true' });
      expect(workbook.unchanged).toBe(true);
      for (const cell of [cells.mid, cells.bid_ask]) {
        if (cell === null) continue;
        expect(cell.raw?.agrees).toBe(true);
        expect(cell.raw?.text).toBe(String(book.getWorksheet(cell.sheet)!.getCell(cell.cell).value));
      }
    }
  });

  /** The raw area as it answers after somebody was at it. */
  const askWith = (raw: (stored: StoredObject | undefined) => StoredObject | undefined) => {
    const { ports } = released;
    const get: ObjectStore['get'] = async (key, options) => {
      const stored = await ports.objects.get(key, options);
      return key.startsWith('raw/') ? raw(stored) : stored;
    };
    const query = lineageQuery.parse({ ...placeOf(west()), asof: DAY, verify: 'true' });
    return traceLineage(query, { ...ports, objects: { ...ports.objects, get } }, STAFF);
  };

  test('bytes that were replaced are told, with the cells that do not agree', async () => {
    const { bytes: body } = await sampleFile('pw', DAY, { seed: 1 });
    const { data } = await askWith((stored) => stored && { ...stored, body });
    const { workbook, cells } = data[0]!;
    expect(workbook.unchanged).toBe(false);
    expect([cells.mid.raw?.agrees, cells.bid_ask?.raw?.agrees]).toEqual([false, false]);
  });

  test('a workbook that is gone is said to be gone', async () => {
    await expect(askWith(() => undefined)).rejects.toMatchObject({ code: 'raw_workbook_not_found' });
  });
});

test('strips that hold the month are named, quoted and derived', async () => {
  const months = rows.filter((row) => row.curve_key === west().curve_key && row.tenor_type === 'MONTHLY');
  const month = months.find(({ contract_month }) => contract_month === '2026-07-01')!;
  const { downstream } = await lineageOf(month);
  const derived = downstream.strips.filter(({ strip_source }) => strip_source === 'derived');
  expect(derived.map(({ tenor_label, months }) => [tenor_label, months])).toEqual(
    expect.arrayContaining([
      ['Calendar 2026', 12],
      ['Summer 2026', 7],
      ['Q3 2026', 3],
    ]),
  );
  expect(derived).toHaveLength(3);
  const strip = rows.find((row) => row.curve_key === month.curve_key && row.tenor_type === 'CALENDAR')!;
  expect((await lineageOf(strip)).downstream.strips).toEqual([]);
});

test('what is not there and what is not yours are the same answer', async () => {
  const place = placeOf(west());
  const eugp = tenantWith({ vendor: 'eugp', asset_class: null, region: null });
  const gas = tenantWith({ vendor: null, asset_class: 'gas', region: null });
  const absent = { ...place, contract_month: '2099-01' };
  for (const asked of [ask(absent), ask(place, eugp), ask(place, gas), ask({ ...place, tenor_label: 'x' })]) {
    await expect(asked).rejects.toMatchObject({ code: 'value_not_found' });
  }
  const version = released.versions[0]!;
  await expect(ask({ ...place, version }, eugp)).rejects.toMatchObject({ code: 'version_not_found' });
});
