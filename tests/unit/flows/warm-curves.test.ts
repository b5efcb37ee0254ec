/** What is made ready at the start, and in which order. */
import { expect, test } from 'vitest';
import { warmCurves } from '#lib/flows/warm-curves.ts';
import type { CurveQueries, CurveSlice, InventoryQuery } from '#lib/ports/curve-queries.ts';
import { release } from '#tests/fixtures/release.ts';

const days = ['2025-09-10', '2025-09-12', '2025-09-11'];
const releases = [
  ...days.map((asof_date) => release({ version: `a-${asof_date}`, asof_date, sequence: '1' })),
  release({ version: 'old', asof_date: '2025-09-12', sequence: '0' }),
  release({ version: 'b', asof_date: '2025-09-12', vendor: 'pw' }),
];
const tables = { releases: async () => releases } as never;
const named = (asked: Pick<CurveSlice, 'releases'>) => asked.releases.map(({ version }) => version);

test('rows of the newest day, then files from the newest day on, one by one; what is superseded is left alone', async () => {
  const asked: string[][] = [];
  const queries = {
    batches: async function* (query: CurveSlice) {
      asked.push(named(query));
      yield {};
    },
    dimensions: async (query: InventoryQuery) => asked.push(named(query)),
  };
  expect(await warmCurves({ tables, queries: queries as unknown as CurveQueries })).toBe(4);
  expect(asked).toEqual([['a-2025-09-12', 'b'], ['a-2025-09-12'], ['b'], ['a-2025-09-11'], ['a-2025-09-10']]);
});

test('nothing is asked where nothing is kept, or nothing is released', async () => {
  const refuse = () => Promise.reject(new Error('asked'));
  expect(await warmCurves({ tables, queries: { slice: refuse, dimensions: refuse } })).toBe(0);
  const none = { releases: async () => [] } as never;
  const batches = async function* () {};
  expect(await warmCurves({ tables: none, queries: { slice: refuse, dimensions: refuse, batches } })).toBe(0);
});
