/**
 * Callers of a server, in a process of their own so that the server's CPU is the server's: each connection sends its next
 * request when the last one is answered. The job comes as JSON in the first argument, the outcome goes to stdout as JSON.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export type Job =
  /** Requests of the file, a line each as JSON text, round and round until `count` are answered. */
  | {
      readonly kind: 'ask';
      readonly port: number;
      readonly file: string;
      readonly connections: number;
      readonly count: number;
    }
  /** One answer, read as fast as it comes. */
  | { readonly kind: 'drain'; readonly port: number; readonly path: string; readonly headers: Headers }
  /** Answers that are read 64 kB at a time, five times a second, until the process is ended. */
  | {
      readonly kind: 'slow-readers';
      readonly port: number;
      readonly path: string;
      readonly headers: Headers;
      readonly count: number;
    }
  /** Sockets that send a byte of their headers a second, until the process is ended. */
  | { readonly kind: 'slowloris'; readonly port: number; readonly count: number };

type Headers = Readonly<Record<string, string>>;

export interface Outcome {
  readonly wall_ms: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly bytes: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

interface Answered {
  readonly status: string;
  readonly bytes: number;
}

/** One request, and its answer read to the length it states. */
function exchange(socket: Socket, request: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    let head = '';
    let missing = Number.POSITIVE_INFINITY;
    let bytes = 0;
    const take = (chunk: Buffer) => {
      bytes += chunk.length;
      if (missing === Number.POSITIVE_INFINITY) {
        head += chunk.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        missing = end + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head.slice(0, end))?.[1] ?? 0) - bytes;
      } else missing -= chunk.length;
      if (missing > 0) return;
      socket.off('data', take);
      socket.off('close', cut);
      resolve({ status: head.slice(9, 12), bytes });
    };
    const cut = () => reject(new Error(`cut after ${bytes} bytes: ${request.slice(0, 200)}`));
    socket.on('data', take);
    socket.once('close', cut);
    socket.write(request);
  });
}

async function ask({ port, file, connections, count }: Extract<Job, { kind: 'ask' }>): Promise<Outcome> {
  const requests = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => JSON.parse(line) as string);
  const times = new Float64Array(count);
  const statuses: Record<string, number> = {};
  let [sent, done, bytes] = [0, 0, 0];
  const one = async () => {
    const socket = await connected(port);
    while (sent < count) {
      const request = requests[sent++ % requests.length]!;
      const began_ms = performance.now();
      const answer = await exchange(socket, request);
      times[done++] = performance.now() - began_ms;
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      bytes += answer.bytes;
    }
    socket.destroy();
  };
  const began_ms = performance.now();
  await Promise.all(Array.from({ length: connections }, one));
  const wall_ms = performance.now() - began_ms;
  times.sort();
  const [p50_ms, p99_ms] = [times[count >> 1]!, times[Math.floor(count * 0.99)]!];
  return { wall_ms, p50_ms, p99_ms, bytes, statuses };
}

async function drain({ port, path, headers }: Extract<Job, { kind: 'drain' }>): Promise<Outcome> {
  const began_ms = performance.now();
  const [response] = await once(get({ port, host: '127.0.0.1', path, headers }), 'response');
  let bytes = 0;
  for await (const chunk of response) bytes += chunk.length;
  const wall_ms = performance.now() - began_ms;
  return { wall_ms, p50_ms: wall_ms, p99_ms: wall_ms, bytes, statuses: { [response.statusCode]: 1 } };
}

async function readSlowly({ port, path, headers }: Extract<Job, { kind: 'slow-readers' }>): Promise<void> {
  const [response] = await once(get({ port, host: '127.0.0.1', path, headers, agent: false }), 'response');
  response.pause();
  for (;;) {
    response.read(65_536);
    await delay(200);
  }
}

async function sendSlowly(port: number): Promise<void> {
  for (;;) {
    const socket = await connected(port);
    socket.on('error', () => {});
    socket.write('GET /v1/curves HTTP/1.1\r\nhost: localhost\r\nx-slow: ');
    while (!socket.destroyed) {
      await delay(1_000);
      socket.write('x');
    }
  }
}

if (process.argv[1] === import.meta.filename) {
  const job = JSON.parse(process.argv[2]!) as Job;
  if (job.kind === 'ask') process.stdout.write(JSON.stringify(await ask(job)));
  else if (job.kind === 'drain') process.stdout.write(JSON.stringify(await drain(job)));
  else {
    const one = () => (job.kind === 'slowloris' ? sendSlowly(job.port) : readSlowly(job));
    await Promise.all(Array.from({ length: job.count }, one));
  }
}
