/** Strips and curves in formats other than JSON: whole without a limit, with one a page that names the next. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Caller } from '#lib/domain/access.ts';
import { queryCurves } from '#lib/flows/query-curves.ts';
import { queryStrips } from '#lib/flows/query-strips.ts';
import { encodedCurves } from '#lib/flows/stream-curves.ts';
import { encodedStrips } from '#lib/flows/stream-strips.ts';
import { metaHeader } from '#lib/formats/encode.ts';
import { curveQuery, stripQuery } from '#schemas/curve-query.ts';
import { type ReleasedDays, releasedDays, STAFF, tenantWith } from '#tests/fixtures/released-days.ts';

let ports: ReleasedDays['ports'];
beforeAll(async () => {
  const days = [
    { vendor: 'pw', day: '2025-09-11', seed: 1 },
    { vendor: 'pw', day: '2025-09-12', seed: 2 },
    { vendor: 'eugp', day: '2025-09-12', seed: 1 },
  ];
  ports = (await releasedDays(days)).ports;
});

const textOf = async (bytes: AsyncIterable<Uint8Array>) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};
const rowsOf = async (bytes: AsyncIterable<Uint8Array>): Promise<unknown[]> =>
  (await textOf(bytes)).split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
const plain = (rows: unknown) => JSON.parse(JSON.stringify(rows));
const strips = (query: Record<string, string> = {}, caller: Caller = STAFF) =>
  encodedStrips('ndjson', stripQuery.parse(query), ports, caller);
const page = (query: Record<string, string>, caller: Caller = STAFF) =>
  queryStrips(stripQuery.parse(query), ports, caller);

async function allPages(query: Record<string, string>, caller: Caller): Promise<unknown[]> {
  const rows: unknown[] = [];
  let cursor: string | null = null;
  do {
    const next = await page({ ...query, limit: '900', ...(cursor === null ? {} : { cursor }) }, caller);
    rows.push(...next.data);
    cursor = next.meta.next_cursor;
  } while (cursor !== null);
  return plain(rows);
}

describe('strips', () => {
  test.each([
    [{}],
    [{ asof: '2025-09-12' }],
    [{ asof: '2025-09-12', source: 'derived', rule: 'hour_weighted', tenor_type: 'SEASON' }],
    [{ source: 'vendor', contract_from: '2027-01' }],
  ])('of %j are all there, in the order of the pages', async (query: Record<string, string>) => {
    const some = tenantWith({ vendor: 'pw', asset_class: null, region: null });
    for (const caller of [STAFF, some]) {
      const { bytes, meta } = await strips(query, caller);
      const rows = await rowsOf(bytes);
      expect(rows).toEqual(await allPages(query, caller));
      expect(rows.length).toBeGreaterThan(query.source === undefined ? 500 : 20);
      expect(meta.next_cursor).toBeUndefined();
      expect(new Set(meta.releases.map(({ vendor }) => vendor)).size).toBe(caller === STAFF ? 2 : 1);
    }
  });

  test('go on after a cursor to the end', async () => {
    const first = await page({ asof: '2025-09-12', limit: '700' });
    const { bytes } = await strips({ asof: '2025-09-12', cursor: first.meta.next_cursor! });
    const rest = await rowsOf(bytes);
    expect([...plain(first.data), ...rest]).toEqual(await allPages({ asof: '2025-09-12' }, STAFF));
  });

  test('with a limit are a page, whose header has its count and the next cursor', async () => {
    const { bytes, meta } = await strips({ limit: '7' });
    const json = await page({ limit: '7' });
    expect(await rowsOf(bytes)).toEqual(plain(json.data));
    expect(JSON.parse(metaHeader(meta))).toMatchObject({ count: 7, next_cursor: json.meta.next_cursor });
  });

  test('in JSON are a page of 500 where no limit is asked for', async () => {
    expect((await page({})).data).toHaveLength(500);
  });
});

describe('curves', () => {
  const curves = (format: 'ndjson' | 'csv', query: Record<string, string>) =>
    encodedCurves(format, curveQuery.parse(query), ports, STAFF);

  test('with a limit are a page, whose header has its count and the next cursor, and the pages are the whole', async () => {
    const whole = await rowsOf((await curves('ndjson', { asof: '2025-09-11' })).bytes);
    const rows: unknown[] = [];
    let cursor: string | null | undefined;
    do {
      const asked = { asof: '2025-09-11', limit: '1000', ...(cursor == null ? {} : { cursor }) };
      const { bytes, meta } = await curves('ndjson', asked);
      const told = JSON.parse(metaHeader(meta));
      const part = await rowsOf(bytes);
      expect(told.count).toBe(part.length);
      rows.push(...part);
      cursor = told.next_cursor;
    } while (cursor !== null);
    expect(rows).toEqual(whole);
    expect(rows.length).toBeGreaterThan(1_000);
  });

  test('of a page have the columns of the whole, and those asked for', async () => {
    const head = async (query: Record<string, string>) =>
      (await textOf((await curves('csv', query)).bytes)).split('\n').slice(0, 3);
    expect(await head({ limit: '10' })).toEqual(await head({}));
    const mids = { prices: 'mid' };
    expect(await head({ ...mids, limit: '10' })).toEqual(await head(mids));
    const json = await queryCurves(curveQuery.parse({ limit: '2', ...mids }), ports, STAFF);
    const { bytes } = await curves('ndjson', { limit: '2', ...mids });
    expect(await rowsOf(bytes)).toEqual(plain(json.data));
  });
});
