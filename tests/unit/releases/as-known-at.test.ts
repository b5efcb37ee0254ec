/**
 * `as_known_at` against a replay that knows nothing of releases in view: a history of inserts and corrections is applied
 * one by one to a plain table, up to the instant, and the table is read.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Caller } from '#lib/domain/access.ts';
import { type QueryPorts, queryCurves } from '#lib/flows/query-curves.ts';
import type { CurveQueries } from '#lib/ports/curve-queries.ts';
import type { Tables } from '#lib/ports/tables.ts';
import type { CurveObservation } from '#schemas/curve-observation.ts';
import { type CurveQuery, curveQuery } from '#schemas/curve-query.ts';
import type { CurveRelease } from '#schemas/lake.ts';
import { comparePositions, slicedNaively } from '#tests/contract/curve-queries/oracle.ts';
import { release } from '#tests/fixtures/release.ts';
import { row } from '#tests/fixtures/rows.ts';

/** A delivery: an insert, or a correction when its slot was delivered before. */
interface Delivery {
  readonly vendor: string;
  readonly asof_date: string;
  /** Uploads of a slot may be released in another order than they came. */
  readonly upload: number;
  readonly rows: readonly CurveObservation[];
}

const delivery = fc.record({
  vendor: fc.constantFrom('pw', 'rp'),
  day: fc.integer({ min: 1, max: 3 }),
  upload: fc.integer({ min: 0, max: 99 }),
  points: fc.uniqueArray(
    fc.record({ hub: fc.constantFrom('West', 'East'), month: fc.constantFrom('10', '11', '12') }),
    {
      minLength: 1,
      maxLength: 5,
      selector: ({ hub, month }) => hub + month,
    },
  ),
});
const history = fc.array(delivery, { minLength: 1, maxLength: 12 });

/** Every price of the history is another one, so a row of the wrong version shows. */
type Draft = typeof delivery extends fc.Arbitrary<infer Value> ? Value : never;

function deliveriesOf(drafts: readonly Draft[]): Delivery[] {
  return drafts.map(({ vendor, day, upload, points }, index) => {
    const asof_date = `2025-09-0${day}`;
    const source_file = `EOD_${vendor}_${asof_date}.xlsx`;
    const rows = points.map(({ hub, month }, point) =>
      row({
        asof_date,
        source_file,
        location: hub,
        contract_month: `2025-${month}-01`,
        tenor_label: `2025-${month}`,
        value: index * 100 + point,
      }),
    );
    return { vendor, asof_date, upload, rows };
  });
}

const knownAt = (index: number) => new Date(Date.UTC(2025, 8, 5, 0, 0, index)).toISOString();
const dataFile = (index: number) => `data/${index}.parquet`;

function releaseOf({ vendor, asof_date, upload, rows }: Delivery, index: number): CurveRelease {
  const number = String(index).padStart(6, '0');
  return release({
    vendor,
    asof_date,
    version: `${asof_date.replaceAll('-', '')}-${number.padStart(16, '0')}`,
    sequence: `${String(upload).padStart(10, '0')}${number}`,
    known_at: knownAt(index),
    source_file: rows[0]!.source_file,
    row_count: rows.length,
    data_file: dataFile(index),
  });
}

/** The deliveries applied in the order they became known; a slot keeps what was uploaded last. */
function replayed(deliveries: readonly Delivery[], until: string, asof: string): CurveObservation[] {
  const table = new Map<string, { upload: number; rows: readonly CurveObservation[] }>();
  for (const [index, { vendor, asof_date, upload, rows }] of deliveries.entries()) {
    if (knownAt(index) > until) break;
    const slot = `${vendor} ${asof_date}`;
    if (upload >= (table.get(slot)?.upload ?? 0)) table.set(slot, { upload, rows });
  }
  const rows = [...table.values()].flatMap((slot) => slot.rows);
  const place = (one: CurveObservation) =>
    `${one.curve_key} ${one.tenor_type} ${one.contract_month} ${one.tenor_label}`;
  const newest = (one: CurveObservation) =>
    rows.every((other) => place(other) !== place(one) || other.asof_date <= one.asof_date);
  return rows
    .filter((one) => (asof === 'latest' ? newest(one) : one.asof_date === asof))
    .sort(comparePositions);
}

/** The ports over a history of which the first `released` deliveries have happened. */
function portsOf(deliveries: readonly Delivery[], released: () => number) {
  const tables: Partial<Tables> = {
    releases: async () => deliveries.slice(0, released()).map(releaseOf),
  };
  const queries: Partial<CurveQueries> = {
    slice: async (query) =>
      slicedNaively(query, (data_file) => deliveries.find((_, index) => dataFile(index) === data_file)!.rows),
  };
  return { tables: tables as Tables, queries: queries as CurveQueries };
}

const STAFF: Caller = { subject: 'test', roles: ['admin'], tenant: 'house', entitlements: 'all' };
const ask: (query: CurveQuery, ports: QueryPorts, caller: Caller) => ReturnType<typeof queryCurves> =
  queryCurves;
const asofDay = fc.constantFrom('latest', '2025-09-01', '2025-09-02', '2025-09-03');

test('equals a naive replay on 1,000 random histories of inserts and corrections', async () => {
  let corrections = 0;
  const property = fc.asyncProperty(history, fc.nat(12), asofDay, async (drafts, at, asof) => {
    const deliveries = deliveriesOf(drafts);
    corrections +=
      deliveries.length - new Set(deliveries.map(({ vendor, asof_date }) => vendor + asof_date)).size;
    const ports = portsOf(deliveries, () => deliveries.length);
    const query = curveQuery.parse({ asof, as_known_at: knownAt(at), limit: '10000' });
    const answer = await ask(query, ports, STAFF);
    expect(answer.data).toEqual(replayed(deliveries, knownAt(at), asof));
  });
  await fc.assert(property, { numRuns: 1_000 });
  expect(corrections).toBeGreaterThan(1_000);
});

test('pages keep to what the first one saw while corrections come in', async () => {
  const property = fc.asyncProperty(history, fc.nat(12), asofDay, async (drafts, first, asof) => {
    const deliveries = deliveriesOf(drafts);
    let released = Math.min(first, deliveries.length);
    const ports = portsOf(deliveries, () => released);
    const began = released === 0 ? '1970-01-01T00:00:00.000Z' : knownAt(released - 1);
    const rows: unknown[] = [];
    let cursor: string | null | undefined;
    do {
      const query = curveQuery.parse({ asof, limit: '2', ...(cursor == null ? {} : { cursor }) });
      const page = await ask(query, ports, STAFF);
      rows.push(...page.data);
      cursor = page.meta.next_cursor;
      released = Math.min(released + 1, deliveries.length);
    } while (cursor !== null);
    expect(rows).toEqual(replayed(deliveries, began, asof));
  });
  await fc.assert(property, { numRuns: 200 });
});
