import { expect, test } from 'vitest';
import { AurumProblem, aurum } from '../../../client/aurum.ts';

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

/** A client whose requests are kept and answered one after the other. */
function client(answers: readonly Response[], token?: string) {
  const sent: Sent[] = [];
  const waiting = [...answers];
  const fetching = (async (url: string, init: RequestInit) => {
    sent.push({ url, init });
    return waiting.shift()!;
  }) as unknown as typeof fetch;
  return { sent, api: aurum({ url: 'http://aurum', token: () => token, fetch: fetching }) };
}
const json = (value: unknown, status = 200, type = 'application/json') =>
  new Response(JSON.stringify(value), { status, headers: { 'content-type': type } });

test('path parameters go into the path, the others into the query, and what is undefined nowhere', async () => {
  const { api, sent } = client([json({}), json({})], 't');
  await api.get('/v1/releases/{version}', { version: '20250912-0123456789abcdef' });
  const more = { q: 'pjm & west', limit: 5 };
  await api.get('/v1/curves/dimensions', more);
  expect(sent.map(({ url }) => url)).toEqual([
    'http://aurum/v1/releases/20250912-0123456789abcdef',
    'http://aurum/v1/curves/dimensions?q=pjm+%26+west&limit=5',
  ]);
  expect(sent[0]!.init.headers).toMatchObject({ authorization: 'Bearer t', accept: 'application/json' });
});

test('without a token none is sent', async () => {
  const { api, sent } = client([json({})]);
  await api.get('/v1/me', {});
  expect(sent[0]!.init.headers).not.toHaveProperty('authorization');
});

test('a body is sent as JSON, a file as it is', async () => {
  const { api, sent } = client([json({}), json({}, 202)]);
  await api.post('/v1/session', {}, { role: 'analyst' });
  const file = new Uint8Array([0x50, 0x4b]);
  await api.post('/v1/workbooks', { name: 'a.xlsx', asof: '2025-09-12' }, file);
  expect(sent[0]!.init).toMatchObject({ method: 'POST', body: '{"role":"analyst"}' });
  expect(sent[0]!.init.headers).toMatchObject({ 'content-type': 'application/json' });
  expect(sent[1]!.init.body).toBe(file);
  expect(sent[1]!.init.headers).toMatchObject({ 'content-type': 'application/octet-stream' });
});

test('a problem is an error with its code, remedy and field', async () => {
  const problem = {
    type: 'about:blank',
    title: 't',
    status: 400,
    code: 'asof_missing',
    detail: 'no day',
    remedy: 'Give it.',
    field: 'asof',
    instance: '/',
  };
  const { api } = client([json(problem, 400, 'application/problem+json')]);
  const error = await api.get('/v1/me', {}).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AurumProblem);
  expect((error as AurumProblem).problem).toEqual(problem);
  expect((error as AurumProblem).message).toBe('no day');
});

test('what stands before the API may refuse in its own words', async () => {
  const page = new Response('<h1>Bad Gateway</h1>', { status: 502, statusText: 'Bad Gateway' });
  const { api } = client([page]);
  await expect(api.get('/v1/me', {})).rejects.toMatchObject({
    problem: { status: 502, code: 'answer_unexpected', detail: 'the server answered 502 Bad Gateway' },
  });
});

test('rows go on from page to page until there is no cursor', async () => {
  const pages = [
    json({ meta: { count: 2, next_cursor: 'c1' }, data: [{ value: 1 }, { value: 2 }] }),
    json({ meta: { count: 1, next_cursor: null }, data: [{ value: 3 }] }),
  ];
  const { api, sent } = client(pages);
  const values: number[] = [];
  for await (const { value } of api.rows('/v1/curves', { iso: 'PJM' })) values.push(value);
  expect(values).toEqual([1, 2, 3]);
  expect(sent.map(({ url }) => url)).toEqual([
    'http://aurum/v1/curves?iso=PJM',
    'http://aurum/v1/curves?iso=PJM&cursor=c1',
  ]);
});

test('what is not JSON is given as the response', async () => {
  const { api } = client([new Response('<p>map</p>', { headers: { 'content-type': 'text/html' } })]);
  const page = await api.get('/v1/ingest/coverage', { key: 'raw/vendor_curves/2025-09-12/a.xlsx' });
  expect(await page.text()).toBe('<p>map</p>');
});
