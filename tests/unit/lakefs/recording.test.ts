/** The stand-in answers as the recorded server: same status, type and body, but for ids and times, which keep their places. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conflict, type Exchange, workingDay } from '#tests/fixtures/lakefs/recorded.ts';
import { ACCESS_KEY, type LakefsServer, SECRET_KEY, startLakefs } from '#tests/fixtures/lakefs/server.ts';

let server: LakefsServer;
beforeAll(async () => {
  server = await startLakefs();
});
afterAll(() => server.close());

/** Ids become #1, #2 .. in the order in which they are first seen, times become 0. */
function comparable() {
  const ids = new Map<string, string>();
  return (text: string) =>
    text
      .replaceAll(/\b[0-9a-f]{64}\b/g, (id) => {
        if (!ids.has(id)) ids.set(id, `#${ids.size + 1}`);
        return ids.get(id)!;
      })
      .replaceAll(/"(creation_date|mtime)":\d{10}/g, '"$1":0');
}
const ofRecording = comparable();
const ofServer = comparable();

async function ask({ method, path, body, form, anonymous }: Omit<Exchange, 'status' | 'answer'>) {
  const login = Buffer.from(`${ACCESS_KEY}:${SECRET_KEY}`).toString('base64');
  const headers: Record<string, string> = anonymous ? {} : { Authorization: `Basic ${login}` };
  let content: string | FormData | undefined;
  if (form === 'multipart') {
    content = new FormData();
    content.set('content', new Blob([body as string]), 'upload');
  } else if (typeof body === 'string') {
    headers['Content-Type'] = 'application/octet-stream';
    content = body;
  } else if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    content = JSON.stringify(body);
  }
  const answer = await fetch(server.endpoint + path, {
    method,
    headers,
    ...(content === undefined ? {} : { body: content }),
  });
  return { status: answer.status, type: answer.headers.get('content-type'), answer: await answer.text() };
}

async function replay(exchange: Exchange): Promise<void> {
  const live = await ask(exchange);
  expect(live.status).toBe(exchange.status);
  if (exchange.type !== undefined) expect(live.type).toBe(exchange.type);
  expect(ofServer(live.answer)).toBe(ofRecording(exchange.answer));
}

describe('the stand-in for lakeFS', () => {
  test.each(
    workingDay.map((exchange, place) => [place + 1, exchange.method, exchange.path, exchange] as const),
  )('%i %s %s', (_place, _method, _path, exchange) => replay(exchange));

  test('what the recording left out: the same object changed on two branches', async () => {
    const R = '/api/v1/repositories/aurum';
    const steps = [
      ['/branches', { name: 'hotfix_1', source: 'main' }],
      ['/branches/hotfix_1/objects?path=raw/b.csv', 'theirs'],
      ['/branches/hotfix_1/commits', { message: 'theirs' }],
      ['/branches/main/objects?path=raw/b.csv', 'ours'],
      ['/branches/main/commits', { message: 'ours' }],
    ] as const;
    for (const [path, body] of steps)
      expect((await ask({ method: 'POST', path: R + path, body })).status).toBe(201);
  });

  test.each(
    conflict.map((exchange, place) => [place + 1, exchange.method, exchange.path, exchange] as const),
  )('then %i %s %s', (_place, _method, _path, exchange) => replay(exchange));
});
