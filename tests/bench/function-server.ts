/** What the function server costs a request: CPU of its process, the callers being another one; beside bare node:http. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { functionServer } from '#lib/runtime/hosts/server.ts';
import type { ServedFunction } from '#lib/runtime/hosts/server-call.ts';
import { objectCreated } from '#lib/runtime/triggers.ts';
import { handler as health } from '../../functions/api/health.ts';

const route = (method: 'GET' | 'POST', path: string) => ({ kind: 'http', method, path }) as const;

const REQUESTS = 20_000;
const CONNECTIONS = 8;

/** The callers: each connection sends its next request when the last one is answered. */
async function call(port: number, request: string): Promise<void> {
  const one = async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    for (let sent = 0; sent < REQUESTS / CONNECTIONS; sent++) {
      socket.write(request);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      if (!answer.subarray(9, 12).toString().startsWith('20')) throw new Error(answer.toString());
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
}

const notification = (key: string) =>
  JSON.stringify({
    EventName: 's3:ObjectCreated:Put',
    Records: [
      {
        eventName: 's3:ObjectCreated:Put',
        eventTime: '2025-09-12T21:30:00Z',
        s3: { bucket: { name: 'aurum' }, object: { key } },
      },
    ],
  });

function eventRequest(): string {
  const body = notification('raw%2Fx');
  const attributes =
    'ce-specversion: 1.0\r\nce-id: 1\r\nce-source: /kafka\r\nce-type: dev.knative.kafka.event';
  return `POST / HTTP/1.1\r\nhost: x\r\n${attributes}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

const done = async () => ({ statusCode: 200, headers: {}, body: '{}' });
const hello: ServedFunction = { name: 'api/hello', trigger: route('GET', '/hello'), handler: done };
const probe: ServedFunction = {
  name: 'api/health',
  trigger: route('GET', '/health'),
  handler: health as never,
};
const stage: ServedFunction = { name: 'ingest/stage', trigger: objectCreated('raw/'), handler: done };
const GET = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;

async function measure(name: string, port: number, request: string): Promise<void> {
  const cost = async () => {
    const before = process.cpuUsage();
    const callers = fork(import.meta.filename, [String(port), request]);
    const [code] = (await once(callers, 'exit')) as [number];
    if (code !== 0) throw new Error(`${name}: the callers failed`);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / REQUESTS;
  };
  const value = Math.min(await cost(), await cost());
  const base = name === BARE ? {} : { ratio_to: BARE };
  process.stdout.write(`${JSON.stringify({ name, value, unit: 'us CPU', ...base })}\n`);
}

const BARE = 'bare node:http';

if (process.argv[2] === undefined) {
  const bare = createServer((_, response) =>
    response.writeHead(200, { 'content-length': 2 }).end('{}'),
  ).listen(0, '127.0.0.1');
  await once(bare, 'listening');
  await measure(BARE, (bare.address() as AddressInfo).port, GET('/'));
  bare.close();
  const server = functionServer({ functions: [hello, probe, stage] });
  const port = await server.listen(0, '127.0.0.1');
  await measure('a GET', port, GET('/hello'));
  await measure('a GET through the middleware (health)', port, GET('/health'));
  await measure('a CloudEvent', port, eventRequest());
  await server.drain(1_000);
} else {
  await call(Number(process.argv[2]), process.argv[3]!);
}
