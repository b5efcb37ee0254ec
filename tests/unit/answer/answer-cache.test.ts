/** Answers and their tags: exact, per caller, never kept beyond the state they are of. */
import { gunzipSync } from 'node:zlib';
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { lruCache } from '#lib/adapters/cache/lru.ts';
import type { Caller } from '#lib/domain/access.ts';
import type { RefHead, Tables } from '#lib/ports/tables.ts';
import { type AnswerCache, answerCache } from '#lib/runtime/answer/answer-cache.ts';
import type { HttpResponse } from '#lib/runtime/http-event.ts';
import type { RouteContract } from '#lib/runtime/triggers.ts';

const row = z.strictObject({ name: z.string(), price: z.number() });
const contract: RouteContract<unknown, unknown, unknown> = {
  summary: 'Rows',
  permission: 'curves:read',
  query: z.strictObject({}),
  rows: row,
  of: 'curves',
};
const staff: Caller = { subject: 'a', roles: ['analyst'], tenant: 'house', entitlements: 'all' };
const page = { meta: { count: 1 }, data: [{ name: '=1+1', price: 52.25 }] };

let commit: string;
let made: number;
let answers: AnswerCache;
beforeEach(() => {
  commit = 'c1';
  made = 0;
  const tables = { head: async () => ({ ref: 'main', commit }), releases: releasesAt } as never;
  answers = answerCache({ cache: lruCache({ max_bytes: 1e6 }), tables });
});

/** Each commit a release, but for one whose name says it is none. */
const releasesAt = async (at: string | RefHead) => [
  (typeof at === 'string' ? commit : at.commit).replace(' and a run', ''),
];

const maker = {
  value: async () => {
    made++;
    return page;
  },
  rows: undefined,
};

function ask(headers: Record<string, string> = {}, caller = staff, query = 'a=1'): Promise<HttpResponse> {
  return answers.respond(contract, { rawPath: '/v1/x', rawQueryString: query, headers }, caller, maker);
}

test('the same question is made once, and whoever has the answer is told so', async () => {
  const first = await ask();
  const again = await ask();
  expect([await text(again), again.headers.etag]).toEqual([await text(first), first.headers.etag]);
  const held = await ask({ 'if-none-match': `"other", ${first.headers.etag}` });
  expect([held.statusCode, held.body]).toEqual([304, '']);
  expect(made).toBe(1);
});

test('what is committed beside the releases changes no tag', async () => {
  const { etag } = (await ask()).headers;
  commit = 'c1 and a run';
  expect((await ask()).headers.etag).toBe(etag);
  expect(made).toBe(1);
});

test('a wildcard holds nothing: a question is answered, or refused, for itself', async () => {
  expect((await ask({ 'if-none-match': '*' })).statusCode).toBe(200);
});

test('a release, another question, format, coding or caller is another answer', async () => {
  const { etag } = (await ask()).headers;
  const acme = { ...staff, tenant: 'acme', entitlements: [] };
  const others = [
    await ask({}, staff, 'a=2'),
    await ask({ accept: 'text/csv' }),
    await ask({ 'accept-encoding': 'gzip' }),
    await ask({}, acme),
    await ask({}, { ...acme, entitlements: [{ vendor: 'pw', asset_class: null, region: null }] }),
  ];
  commit = 'c2';
  others.push(await ask());
  expect(new Set([etag, ...others.map(({ headers }) => headers.etag)]).size).toBe(7);
});

test('an answer is of the state its tag names, whatever is released while it is made', async () => {
  const moving = { head: async () => ({ ref: 'main', commit }), releases: releasesAt } as never;
  const cached = answerCache({ cache: lruCache({ max_bytes: 1e6 }), tables: moving });
  const seen = async (tables: Tables) => {
    const [first, head] = [String(await tables.releases('main')), await tables.head('main')];
    commit = 'c2';
    return { meta: { first, head: head?.commit, after: String(await tables.releases('main')) }, data: [] };
  };
  const event = { rawPath: '/v1/x', rawQueryString: '', headers: {} };
  const asked = async (accept: string) =>
    cached.respond(contract, { ...event, headers: { accept } }, staff, { ...maker, value: seen });
  const old = { first: 'c1', head: 'c1', after: 'c1' };
  const answer = await asked('application/json');
  expect(JSON.parse(await text(answer)).meta).toEqual(old);
  commit = 'c1';
  const streamed = await asked('text/csv');
  expect(JSON.parse(streamed.headers['aurum-meta']!)).toEqual(old);
  expect((await asked('application/json')).headers.etag).not.toBe(answer.headers.etag);
  commit = 'c1';
  expect((await asked('application/json')).headers.etag).toBe(answer.headers.etag);
});

async function text({ body }: HttpResponse): Promise<string> {
  if (typeof body === 'string' || body instanceof Uint8Array) return Buffer.from(body as never).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test('rows come in the format that is asked for, safe in a spreadsheet, or 406', async () => {
  expect(JSON.parse(await text(await ask()))).toEqual(page);
  const csv = await ask({ accept: 'text/csv' });
  expect(csv.headers['content-type']).toMatch(/^text\/csv/);
  expect(await text(csv)).toBe("name,price\r\n'=1+1,52.25\r\n");
  const ndjson = await ask({ accept: 'application/x-ndjson' });
  expect(JSON.parse(await text(ndjson))).toEqual(page.data[0]);
  await expect(ask({ accept: 'image/png' })).rejects.toMatchObject({ code: 'not_acceptable' });
});

test('what no release decides is never kept by anybody', async () => {
  const { of: _, ...plain } = contract;
  const event = { rawPath: '/v1/log', rawQueryString: '', headers: { 'accept-encoding': 'gzip' } };
  const big = { ...maker, value: async () => ({ ...page, meta: { text: 'x'.repeat(5_000) } }) };
  const answer = await answers.respond(plain, event, staff, big);
  expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'content-encoding': 'gzip' });
  expect(JSON.parse(gunzipSync(answer.body as Uint8Array).toString()).data).toEqual(page.data);
});
