/**
 * What every adapter of curve queries must do: the same rows, bit for bit and in the same order, as reading everything.
 * `open` gives an adapter over the store; the suite stages the data files itself.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#lib/adapters/object-store/memory.ts';
import type { Caller } from '#lib/domain/access.ts';
import { type CurveTable, rowAt, rowsOf } from '#lib/domain/curve.ts';
import { curveBatches } from '#lib/flows/curve-batches.ts';
import { encodeCurveTable } from '#lib/parquet/encode.ts';
import type { CurveFilter, CurveQueries, CurveSlice, InventoryQuery } from '#lib/ports/curve-queries.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { release } from '#tests/fixtures/release.ts';
import { curveTable, seriesOf } from '#tests/unit/parquet/curve-tables.ts';
import { inventoriedNaively, slicedNaively } from './oracle.ts';

export interface OpenedQueries {
  readonly queries: CurveQueries;
  readonly close: () => Promise<void>;
}

export interface CasesOptions {
  /** Questions asked at random: fewer where an answer costs a tenth of a second. */
  readonly questions?: number;
  /** Makes the rows known to an adapter that does not read the store by key; returns the object key of their file. */
  readonly stage?: (table: CurveTable, ingest_ts: string) => Promise<string>;
}

const DAYS = ['2025-08-29', '2025-09-10', '2025-09-11', '2025-09-12'];

/** Two vendors over four days, curves and tenors coming and going; a third of the curves is quoted by both. */
function tables(): CurveTable[] {
  return DAYS.flatMap((asof_date, day) => [
    curveTable({
      asof_date,
      curves: 30 + day,
      tenors: 24 - day,
      seed: day,
      source_file: `EOD_AA_${asof_date}.xlsx`,
    }),
    withoutFirst(
      curveTable({
        asof_date,
        curves: 45,
        tenors: 20,
        seed: 90 + day,
        source_file: `EOD_BB_${asof_date}.xlsx`,
      }),
      20,
    ),
  ]);
}

/** The table without its first `count` curves, so that two vendors share some and not all. */
function withoutFirst(table: CurveTable, count: number): CurveTable {
  const columns = Object.entries(table).map(([name, column]) => [
    name,
    ArrayBuffer.isView(column)
      ? (column as Float64Array).filter((_, row) => table.seriesCode[row]! >= count)
      : column,
  ]);
  const taken = Object.fromEntries(columns) as CurveTable;
  return { ...taken, length: taken.seriesCode.length };
}

const someCurve = fc.integer({ min: 0, max: 47 }).map(seriesOf);
const anyCase = fc.constantFrom(
  (text: string) => text,
  (text: string) => text.toLowerCase(),
  (text: string) => `  ${text.toUpperCase().replaceAll(' ', '   ')} `,
);
const identityFilter: fc.Arbitrary<CurveFilter> = fc
  .tuple(
    someCurve,
    anyCase,
    fc.subarray([
      'asset_class',
      'iso',
      'region',
      'location',
      'market',
      'block',
      'spark_location',
      'curve_key',
    ] as const),
  )
  .map(([series, written, fields]) =>
    Object.fromEntries(
      fields.flatMap((name) => (series[name] === null ? [] : [[name, written(series[name])]])),
    ),
  );
const rowFilter: fc.Arbitrary<CurveFilter> = fc.record(
  {
    tenor_type: fc.constantFrom('MONTHLY', 'CALENDAR', 'QUARTER'),
    price_type: fc.constantFrom('Mid', 'Bid', 'Ask'),
    contract_from: fc.constantFrom('2025-09-01', '2026-02-01', '2027-01-01'),
    contract_to: fc.constantFrom('2025-10-01', '2026-06-01', '2029-01-01'),
  },
  { requiredKeys: [] },
);

/** What a tenant may have bought, written in any way; a third has everything. */
const entitlements: fc.Arbitrary<Caller['entitlements']> = fc.option(
  fc.array(
    fc.record({
      vendor: fc.constantFrom(null, 'AA', 'bb', 'CC'),
      asset_class: fc.constantFrom(null, 'gas', ' Power'),
      region: fc.constantFrom(null, 'Region 4', 'region   7', 'Elsewhere'),
    }),
    { maxLength: 3 },
  ),
  { nil: 'all', freq: 2 },
);

export function curveQueriesCases(
  name: string,
  open: (objects: ReturnType<typeof memoryObjectStore>) => OpenedQueries,
  options: CasesOptions = {},
): void {
  describe(`curve queries: ${name}`, () => {
    const objects = memoryObjectStore();
    const stage = options.stage ?? inMemory(objects);
    const rows = new Map<string, readonly CurveObservation[]>();
    const releases: CurveRelease[] = [];
    let opened: OpenedQueries;

    beforeAll(async () => {
      for (const table of tables()) {
        const ingest_ts = `${table.asof_date}T20:15:01.123Z`;
        const data_file = await stage(table, ingest_ts);
        rows.set(data_file, [...rowsOf(table, ingest_ts)]);
        const { asof_date, source_file, length: row_count } = table;
        releases.push(
          release({
            version: `v-${source_file}`,
            vendor: source_file.slice(4, 6),
            asof_date,
            source_file,
            row_count,
            data_file,
          }),
        );
      }
      opened = open(objects);
    });
    afterAll(() => opened.close());

    const expected = (query: CurveSlice) => slicedNaively(query, (data_file) => rows.get(data_file)!);
    const slice = (part: Partial<CurveSlice> = {}): CurveSlice => ({
      releases,
      latest: false,
      entitlements: 'all',
      filter: {},
      limit: 100_000,
      ...part,
    });

    it('answers any question as reading everything would', async () => {
      const question = fc.record({
        releases: fc.subarray(DAYS.flatMap((_, day) => [2 * day, 2 * day + 1])),
        latest: fc.boolean(),
        entitlements,
        filter: fc.tuple(identityFilter, rowFilter).map(([identity, row]) => ({ ...identity, ...row })),
        limit: fc.constantFrom(1, 7, 100, 100_000),
      });
      await fc.assert(
        fc.asyncProperty(question, async ({ releases: chosen, ...rest }) => {
          const query = slice({ ...rest, releases: chosen.map((at) => releases[at]!) });
          expect(await opened.queries.slice(query)).toStrictEqual(expected(query));
        }),
        { numRuns: options.questions ?? 150 },
      );
    });

    it('finds text as the curve key compares it: any case, blanks folded', async () => {
      const found = await opened.queries.slice(slice({ filter: { iso: ' pJm', location: 'hub   8' } }));
      expect(found.length).toBeGreaterThan(0);
      expect(new Set(found.map(({ iso, location }) => `${iso} ${location}`))).toEqual(new Set(['PJM Hub 8']));
      expect(await opened.queries.slice(slice({ filter: { location: 'Hub' } }))).toEqual([]);
    });

    it('pages through a slice without losing or repeating a row', async () => {
      for (const latest of [false, true]) {
        const filter = { market: 'west', block: 'on_peak' };
        const paged: CurveObservation[] = [];
        for (let page = 0; page === paged.length / 13; page++) {
          const after = paged.at(-1);
          paged.push(
            ...(await opened.queries.slice(
              slice({ latest, filter, limit: 13, ...(after === undefined ? {} : { after }) }),
            )),
          );
        }
        expect(paged).toStrictEqual(expected(slice({ latest, filter })));
        expect(paged.length).toBeGreaterThan(100);
      }
    });

    it('gives of each curve and tenor the newest day that has it, older tenors too', async () => {
      const found = await opened.queries.slice(
        slice({ latest: true, filter: { curve_key: seriesOf(3).curve_key } }),
      );
      expect(new Set(found.map(({ asof_date }) => asof_date))).toEqual(new Set(DAYS));
      expect(new Set(found.map(({ tenor_type, contract_month }) => tenor_type + contract_month)).size).toBe(
        found.length,
      );
    });

    it('shows of a curve two vendors quote only the entitled one’s rows, also where the other’s are newer', async () => {
      const ofAA = releases.filter(({ vendor, asof_date }) => vendor === 'AA' && asof_date < DAYS[3]!);
      const ofBB = releases.filter(({ vendor, asof_date }) => vendor === 'BB' && asof_date === DAYS[3]);
      const query = slice({
        releases: [...ofAA, ...ofBB],
        latest: true,
        filter: { curve_key: seriesOf(25).curve_key },
      });
      const all = await opened.queries.slice(query);
      expect(new Set(all.map(({ source_file }) => source_file.slice(4, 6)))).toEqual(new Set(['AA', 'BB']));
      const any = { asset_class: null, region: null };
      const seen = await opened.queries.slice({ ...query, entitlements: [{ vendor: 'aa', ...any }] });
      expect(seen).toStrictEqual(await opened.queries.slice({ ...query, releases: ofAA }));
      expect(seen.length).toBeGreaterThan(0);
      expect(await opened.queries.slice({ ...query, entitlements: [] })).toEqual([]);
    });

    it('answers many slices at once', async () => {
      const queries = Array.from({ length: 60 }, (_, curve) =>
        slice({ filter: { curve_key: seriesOf(curve % 48).curve_key } }),
      );
      const answers = await Promise.all(queries.map((query) => opened.queries.slice(query)));
      answers.forEach((answer, index) => {
        expect(answer).toStrictEqual(expected(queries[index]!));
      });
    });

    it('finds nothing where nothing is, and takes hostile text as text', async () => {
      expect(await opened.queries.slice(slice({ releases: [] }))).toEqual([]);
      for (const iso of ["' or 1=1 --", '%', '$1', '\u0000', '__proto__']) {
        expect(await opened.queries.slice(slice({ filter: { iso } }))).toEqual([]);
      }
    });

    it('gives the same rows in batches as in slices', async () => {
      const batches = async (query: CurveSlice) => {
        const found: CurveObservation[] = [];
        for await (const { table, ingest_ts, rows: taken } of curveBatches(opened.queries, query)) {
          expect(taken.length).toBeGreaterThan(0);
          for (const row of taken) found.push(rowAt(table, row, ingest_ts));
        }
        return found;
      };
      const question = fc.record({
        latest: fc.boolean(),
        entitlements,
        filter: fc.tuple(identityFilter, rowFilter).map(([identity, row]) => ({ ...identity, ...row })),
        limit: fc.constantFrom(1, 700, 100_000),
        from: fc.nat({ max: 5_000 }),
      });
      const ask = fc.asyncProperty(question, async ({ from, ...rest }) => {
        const after = expected(slice({ ...rest, limit: from })).at(-1);
        const query = slice({ ...rest, ...(after === undefined ? {} : { after }) });
        expect(await batches(query)).toStrictEqual(expected(query));
      });
      await fc.assert(ask, { numRuns: Math.min(20, options.questions ?? 20) });
      expect(await batches(slice())).toStrictEqual(expected(slice()));
    });

    it('counts what exists as reading everything would', async () => {
      const question = fc.record({
        releases: fc.subarray(DAYS.flatMap((_, day) => [2 * day, 2 * day + 1])),
        filter: fc.tuple(identityFilter, rowFilter).map(([identity, row]) => ({ ...identity, ...row })),
        choice: fc.constantFrom('all', 'gas', 'BB'),
        entitlements,
      });
      const accepts = {
        all: () => true,
        gas: ({ asset_class }: { asset_class: string }) => asset_class === 'gas',
        BB: (_: unknown, vendor: string) => vendor === 'BB',
      };
      const count = async (part: Partial<InventoryQuery>) => {
        const query = { releases, entitlements: 'all' as const, filter: {}, ...part };
        const counted = await opened.queries.dimensions(query);
        expect(counted).toEqual(inventoriedNaively(query, (data_file) => rows.get(data_file)!));
        return counted;
      };
      const ask = fc.asyncProperty(question, async ({ releases: chosen, choice, ...rest }) => {
        await count({ ...rest, releases: chosen.map((at) => releases[at]!), accept: accepts[choice] });
      });
      await fc.assert(ask, { numRuns: Math.min(60, options.questions ?? 60) });
      const everything = await count({});
      expect(everything.days).toHaveLength(releases.length);
      expect(everything.curves.length).toBeGreaterThan(48);
    });

    it('says which data file is missing, and that trying again may help', async () => {
      const gone = release({ version: 'v-gone', data_file: 'data/gone.parquet' });
      await expect(opened.queries.slice(slice({ releases: [gone] }))).rejects.toMatchObject({
        code: 'data_file_missing',
        kind: 'busy',
        message: expect.stringContaining('data/gone.parquet'),
      });
      expect(await opened.queries.slice(slice({ limit: 1 }))).toHaveLength(1);
    });
  });
}

function inMemory(objects: ReturnType<typeof memoryObjectStore>) {
  return async (table: CurveTable, ingest_ts: string) => {
    const data_file = `data/${table.source_file}.parquet`;
    await objects.put(data_file, encodeCurveTable(table, { ingest_ts }).bytes);
    return data_file;
  };
}
