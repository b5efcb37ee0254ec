import { expect, test } from 'vitest';
import { AurumError, busy } from '#lib/domain/errors.ts';
import type { ServedFunction } from '#lib/runtime/hosts/server-call.ts';
import { jsonResponse } from '#lib/runtime/http-event.ts';
import { problem } from '#lib/runtime/middleware/problem-json.ts';
import { every, objectCreated } from '#lib/runtime/triggers.ts';
import { gate, running } from './running-server.ts';

const CE = {
  'ce-specversion': '1.0',
  'ce-id': '1',
  'ce-source': '/kafka',
  'ce-type': 'dev.knative.kafka.event',
};
const record = (key: string, eventName = 's3:ObjectCreated:Put') => ({
  eventName,
  eventTime: '2025-09-12T21:30:00Z',
  s3: { bucket: { name: 'aurum' }, object: { key: encodeURIComponent(key).replaceAll('%20', '+') } },
});
const notification = (...keys: string[]) =>
  JSON.stringify({ EventName: 's3:ObjectCreated:Put', Records: keys.map((key) => record(key)) });
const post = (url: string, body: string | undefined, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });

/** A stage that keeps what it was given and answers as told. */
function stage(answer: () => unknown = () => jsonResponse(200, { stage: 's', outcomes: ['done'] })) {
  const taken: string[] = [];
  const served: ServedFunction = {
    name: 'ingest/parse-workbook',
    trigger: objectCreated('raw/', '.xlsx'),
    handler: async (event) => {
      taken.push(
        ...(event as { Records: ReturnType<typeof record>[] }).Records.map(({ s3 }) => s3.object.key),
      );
      return answer();
    },
  };
  return { served, taken };
}

test('a broker gets an empty answer, for it takes any other body as a failed delivery; a webhook is told the outcome', async () => {
  const { served, taken } = stage();
  const { url } = await running({ functions: [served] });
  const broker = await post(url, notification('raw/EOD PW+é.xlsx'), CE);
  expect([broker.status, await broker.text()]).toEqual([204, '']);
  const webhook = await post(`${url}/events/parse-workbook`, notification('raw/a.xlsx'));
  expect([webhook.status, await webhook.json()]).toEqual([200, { stage: 's', outcomes: ['done'] }]);
  expect(taken).toEqual(['raw%2FEOD+PW%2B%C3%A9.xlsx', 'raw%2Fa.xlsx']);
});

test('an object of another stage is taken and left alone', async () => {
  const { served, taken } = stage();
  const { url } = await running({ functions: [served] });
  expect((await post(url, notification('staged/1/report.json', 'raw/notes.txt'), CE)).status).toBe(204);
  expect(
    (await post(url, JSON.stringify({ Records: [record('raw/a.xlsx', 's3:ObjectAccessed:Get')] }), CE))
      .status,
  ).toBe(204);
  expect(taken).toEqual([]);
  await post(url, notification('staged/1/report.json', 'raw/b.xlsx'), CE);
  expect(taken).toEqual(['raw%2Fb.xlsx']);
});

const RETRIED_BY_KNATIVE = new Set([404, 408, 409, 429]);
const isRetried = (status: number) => status >= 500 || RETRIED_BY_KNATIVE.has(status);

test.each([
  ['a store that is away', () => Promise.reject(busy('kafka_unavailable', 'away')), 503, true],
  ['our own fault', () => Promise.reject(new Error('bug')), 500, true],
  ["a webhook handler's problem", () => problem(busy('object_store_unavailable', 'away'), '/'), 503, true],
  ['a refusal', () => Promise.reject(new AurumError('refused', 'stage_key_invalid', 'no')), 400, false],
  ['done', () => jsonResponse(200, {}), 204, false],
] as const)('%s is sent again by Knative exactly when that helps', async (_, answer, status, again) => {
  const { url } = await running({ functions: [stage(answer).served] });
  const response = await post(url, notification('raw/a.xlsx'), CE);
  expect([response.status, isRetried(response.status)]).toEqual([status, again]);
  if (status === 503) expect(response.headers.get('retry-after')).toBe('1');
});

test.each([
  ['no JSON', 'nonsense'],
  ['no notification', '{"Records":[]}'],
  ['nothing', undefined],
  [
    'a key that is not form-encoded',
    JSON.stringify({
      Records: [{ ...record('x'), s3: { bucket: { name: 'b' }, object: { key: '%E0%A4%A' } } }],
    }),
  ],
  ['nesting without end', '['.repeat(10_000) + ']'.repeat(10_000)],
  ['a poisoned prototype', '{"__proto__":{"Records":[1]},"rawPath":"/"}'],
])('%s is 400, which nobody sends again', async (_, body) => {
  const { served, taken } = stage();
  const { url } = await running({ functions: [served] });
  for (const headers of [CE, {}]) {
    const response = await post(url, body, headers);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      400,
      'event_invalid',
    ]);
  }
  expect(taken).toEqual([]);
});

test('where a token is set, an event without it is 401', async () => {
  const { served, taken } = stage();
  const { url } = await running({ functions: [served], event_token: 'right-token' });
  for (const headers of [{}, { authorization: 'Bearer wrong-token' }, { authorization: 'right-token' }]) {
    const response = await post(url, notification('raw/a.xlsx'), headers);
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  }
  expect(taken).toEqual([]);
  expect((await post(url, notification('raw/a.xlsx'), { authorization: 'Bearer right-token' })).status).toBe(
    200,
  );
});

test('a tick during a run joins it, a failed run is 500', async () => {
  const slow = gate();
  let runs = 0;
  let ok = true;
  const sweep: ServedFunction = {
    name: 'ingest/sweep',
    trigger: every('1 minute'),
    handler: async () => {
      runs++;
      await slow.opened;
      return { ok };
    },
  };
  const { url } = await running({ functions: [sweep] });
  const ticks = [post(url, '{}', CE), post(url, undefined, CE), post(`${url}/events/sweep`, undefined)];
  await expect.poll(() => runs).toBe(1);
  slow.open();
  expect((await Promise.all(ticks)).map(({ status }) => status).sort()).toEqual([200, 204, 204]);
  expect(runs).toBe(1);
  ok = false;
  expect((await post(url, '{}', CE)).status).toBe(500);
  expect(runs).toBe(2);
});

test('a server of several stages has no root, each has its own path', async () => {
  const { served, taken } = stage();
  const { url } = await running({ functions: [served, { ...served, name: 'ingest/run-gate' }] });
  expect((await post(url, notification('raw/a.xlsx'), CE)).status).toBe(404);
  expect((await post(`${url}/events/run-gate`, notification('raw/a.xlsx'), CE)).status).toBe(204);
  expect(taken).toHaveLength(1);
});
