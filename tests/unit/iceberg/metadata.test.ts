import { describe, expect, test } from 'vitest';
import { type AppendPlan, planAppend } from '#lib/adapters/tables/iceberg/append.ts';
import { type DataFile, dataFile } from '#lib/adapters/tables/iceberg/manifest.ts';
import {
  checkLayout,
  newTable,
  type TableMetadata,
  withSnapshot,
} from '#lib/adapters/tables/iceberg/metadata.ts';

const TABLE = 'market.curve_observation';
const LOCATION = 's3://aurum/curated/iceberg/market/curve_observation';

const file = (name: string, month = 668): DataFile =>
  dataFile(TABLE, {
    path: `${LOCATION}/data/${name}`,
    rows: 10,
    bytes: 100,
    figures: { month, columns: [], split_offsets: [4] },
  });

/** Appends one file per time given, each on the state the one before left. */
async function history(times: readonly string[], name = (index: number) => `${index}.parquet`) {
  const store = new Map<string, Uint8Array>();
  const states: TableMetadata[] = [newTable(TABLE, LOCATION)];
  const plans: AppendPlan[] = [];
  for (const [index, committed_at] of times.entries()) {
    const metadata = states.at(-1)!;
    const request = {
      table: TABLE,
      metadata,
      files: [file(name(index))],
      summary: { 'aurum.version': `v${index}` },
      seed: `s${index}`,
      committed_at,
    } as const;
    const plan = await planAppend(request, async (location) => store.get(location)!);
    for (const { location, bytes } of plan.objects) store.set(location, bytes);
    plans.push(plan);
    states.push(withSnapshot(metadata, plan.snapshot, index === 0 ? undefined : `metadata-${index}`));
  }
  return { store, states, plans, last: states.at(-1)! };
}

describe('table metadata', () => {
  test('a snapshot is never older than its parent, whatever the clocks say', async () => {
    const { plans, last } = await history(['2025-09-12T22:00:00.000Z', '2025-09-12T20:00:00.000Z']);
    expect(plans.map(({ snapshot }) => snapshot['timestamp-ms'])).toEqual(
      Array(2).fill(Date.parse('2025-09-12T22:00:00.000Z')),
    );
    expect(last['last-updated-ms']).toBe(Date.parse('2025-09-12T22:00:00.000Z'));
  });

  test('snapshots follow each other: parent, sequence, totals, unique positive ids', async () => {
    const { plans, last } = await history(Array(5).fill('2025-09-12T22:00:00.000Z'));
    const ids = plans.map(({ snapshot }) => snapshot['snapshot-id']);
    expect(plans.map(({ snapshot }) => snapshot['parent-snapshot-id'])).toEqual([
      undefined,
      ...ids.slice(0, -1),
    ]);
    expect(plans.map(({ snapshot }) => snapshot['sequence-number'])).toEqual([1, 2, 3, 4, 5]);
    expect(plans.map(({ snapshot }) => snapshot.summary['total-records'])).toEqual([
      '10',
      '20',
      '30',
      '40',
      '50',
    ]);
    expect(new Set(ids).size).toBe(5);
    expect(ids.every((id) => id > 0n && id < 2n ** 63n)).toBe(true);
    expect(last['current-snapshot-id']).toBe(ids[4]);
    expect(last['metadata-log']).toHaveLength(4);
  });

  test('the same requests give the same bytes; another version or time gives other names', async () => {
    const times = ['2025-09-12T22:00:00.000Z', '2025-09-12T23:00:00.000Z'];
    const [first, second] = [await history(times), await history(times)];
    expect([...first.store]).toEqual([...second.store]);
    expect(first.last).toEqual(second.last);
  });

  test('a table with other columns is not written to', () => {
    const metadata = newTable(TABLE, LOCATION);
    expect(() => checkLayout(TABLE, metadata)).not.toThrow();
    const [schema] = metadata.schemas;
    const older = { ...metadata, schemas: [{ ...schema!, fields: schema!.fields.slice(0, -1) }] };
    expect(() => checkLayout(TABLE, older)).toThrow(
      expect.objectContaining({ code: 'table_layout_differs' }),
    );
  });

  test('what another engine put into the metadata stays', async () => {
    const { last, plans } = await history(['2025-09-12T22:00:00.000Z']);
    const theirs = {
      ...last,
      'partition-statistics': [{ x: 1 }],
      refs: { ...last.refs, audit: { 'snapshot-id': 1n, type: 'tag' } },
    };
    const next = withSnapshot(theirs, plans[0]!.snapshot, 'm');
    expect(next['partition-statistics']).toEqual([{ x: 1 }]);
    expect(Object.keys(next.refs)).toEqual(['main', 'audit']);
  });
});
