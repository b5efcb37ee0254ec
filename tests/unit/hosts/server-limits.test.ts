/** Connections that do nothing, readers that do not read, what is no request: nobody else is hurt, and all are answered. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import type { ServedFunction } from '#lib/runtime/hosts/server-call.ts';
import { running } from './running-server.ts';

const serving = (path: string, handler: () => unknown): ServedFunction => ({
  name: 'api/x',
  trigger: { kind: 'http', method: 'GET', path },
  handler: async () => handler(),
});
const short = serving('/short', () => ({ statusCode: 200, headers: {}, body: 'ok' }));

async function connected(url: string, sent = ''): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  if (sent !== '') socket.write(sent);
  return socket;
}

const asked = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n`;

test('connections that wait after their answer make room for others', async () => {
  const { url } = await running({ functions: [short], max_connections: 20 });
  for (let at = 0; at < 60; at++) {
    const socket = await connected(url, asked('/short'));
    await Promise.race([once(socket, 'data'), once(socket, 'close')]);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const answer = await fetch(`${url}/short`, { headers: { connection: 'close' } });
  expect(await answer.text()).toBe('ok');
});

test('a reader that takes nothing of its answer is let go, and the making of it ends', async () => {
  const ended = Promise.withResolvers<void>();
  const endless = serving('/endless', () => ({
    statusCode: 200,
    headers: {},
    body: (async function* () {
      try {
        for (;;) yield Buffer.alloc(65_536);
      } finally {
        ended.resolve();
      }
    })(),
  }));
  const { url } = await running({ functions: [endless], stalled_ms: 300 });
  const socket = await connected(url, asked('/endless'));
  socket.pause();
  await ended.promise;
});

test.each([
  ['no HTTP at all', 'hello\r\n\r\n', 400, 'request_invalid'],
  ['headers without end', asked('/short', `x: ${'y'.repeat(20_000)}\r\n`), 431, 'headers_too_large'],
  ['an expectation', asked('/short', 'expect: wonders\r\n'), 417, 'expectation_unsupported'],
  [
    'an unknown path',
    asked('/nowhere', 'connection: close\r\nx-request-id: abc\r\n'),
    404,
    'route_not_found',
  ],
])(
  '%s is answered with what is wrong, an id and the headers of every answer',
  async (_what, sent, status, code) => {
    const { url } = await running({ functions: [short] });
    const socket = await connected(url, sent);
    setTimeout(() => socket.end(), 200);
    const answer = await text(socket);
    const [head, body] = answer.split('\r\n\r\n') as [string, string];
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(head).toMatch(/x-request-id: [\w-]+/);
    expect(head).toContain('x-content-type-options: nosniff');
    expect(JSON.parse(body)).toMatchObject({ status, code });
    if (sent.includes('abc')) expect(head).toContain('x-request-id: abc');
  },
);

test('a page of an allowed origin may read the answer; what it varies by is all said', async () => {
  const headers = { vary: 'accept', 'cross-origin-resource-policy': 'same-origin' };
  const varied = serving('/varied', () => ({ statusCode: 200, headers, body: 'ok' }));
  const { url } = await running({ functions: [varied], cors_origins: ['https://desk.example'] });
  const ask = async (origin: string) =>
    Object.fromEntries((await fetch(`${url}/varied`, { headers: { origin } })).headers);
  expect(await ask('https://desk.example')).toMatchObject({
    vary: 'accept, origin',
    'access-control-allow-origin': 'https://desk.example',
    'cross-origin-resource-policy': 'cross-origin',
  });
  const other = await ask('https://other.example');
  expect(other).toMatchObject({ vary: 'accept, origin', 'cross-origin-resource-policy': 'same-origin' });
  expect(other).not.toHaveProperty('access-control-allow-origin');
});
