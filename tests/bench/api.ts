/**
 * The API over 10 M released rows on the server of Knative, asked by callers in another process: slices made anew, answers
 * from the cache and 304, a million rows in every format, slow callers beside others; then FastAPI and DuckDB over the same
 * files, where AURUM_PYTHON names an interpreter that has them. CPU is that of the server's process, all threads.
 * `node tests/bench/api.ts [rows] [--home FOLDER] [--only PART,..] [--profile FOLDER]`
 */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FORMATS, MEDIA_TYPES } from '#lib/formats/negotiate.ts';
import { testToken } from '#tests/fixtures/token.ts';
import { randomNumbers, seriesOf } from '#tests/unit/parquet/curve-tables.ts';
import type { Job } from './api/load.ts';
import {
  asked,
  callers,
  cpu_ms,
  HELLO,
  print,
  printQuick,
  printSlices,
  rss_mb,
  run,
  scratch,
} from './api/measure.ts';
import { type Child, CURVES, LARGE_DAY, openSite, type Site, startApi, started, TENORS } from './api/site.ts';

/** The least a server can do: a constant body. */
const CONSTANT = `const body = Buffer.alloc(Number(process.argv[1]), 'x');
require('node:http').createServer((_, response) => response.writeHead(200, { 'content-length': body.length }).end(body))
  .listen(0, '127.0.0.1', function () { process.stdout.write('port ' + this.address().port + '\\n'); });`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { home: { type: 'string' }, only: { type: 'string' }, profile: { type: 'string' } },
});
const rows = Number(positionals[0] ?? 10_000_000);
const home = values.home ?? join(scratch, 'home');
const parts = values.only?.split(',');
const isWanted = (part: string) => parts?.includes(part) ?? true;
const random = randomNumbers(7);
const pick = (count: number) => Math.floor(random() * count);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** One curve of one day. */
function question(asof: string, curve = pick(CURVES)): URLSearchParams {
  const { location, market } = seriesOf(curve);
  return new URLSearchParams({ asof, location: location!, market: market! });
}

const request = (target: string, headers: Readonly<Record<string, string>>) =>
  `GET ${target} HTTP/1.1\r\nhost: localhost\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;

/** No two alike, so that none is answered from the cache: all ask for the whole curve, each with a limit of its own. */
let limit = TENORS;
function fresh(asof: string, headers: Readonly<Record<string, string>>): string {
  limit = limit >= 10_000 ? TENORS + 1 : limit + 1;
  return request(`/v1/curves?${question(asof)}&limit=${limit}`, headers);
}

async function slices({ days }: Site, api: Child, headers: Record<string, string>): Promise<void> {
  const newest = () => fresh(days.at(-1)!, headers);
  const any = () => fresh(days[pick(days.length)]!, headers);
  const list = (count: number, one: () => string) => Array.from({ length: count }, one);
  const began_ms = performance.now();
  await asked(api, list(1, newest), { connections: 1 });
  print('first slice after the start', performance.now() - began_ms, 'ms', 'with the start of the callers');
  await api.said(/curves_warm/);
  print('all days indexed', performance.now() - began_ms, 'ms', `${days.length} files, in the background`);
  await asked(api, list(500, newest));
  printSlices('newest day, made anew,', await asked(api, list(3_000, newest)), 3_000);
  await asked(api, list(800, any));
  printSlices('any day, made anew,', await asked(api, list(3_000, any)), 3_000);
  printSlices('any day, made anew, one caller,', await asked(api, list(500, any), { connections: 1 }), 500);
  const zipped = { ...headers, 'accept-encoding': 'gzip' };
  printSlices(
    'newest day, made anew, gzip,',
    await asked(
      api,
      list(500, () => fresh(days.at(-1)!, zipped)),
    ),
    500,
  );
}

async function quick({ days }: Site, api: Child, headers: Record<string, string>): Promise<void> {
  const count = 20_000;
  const many = { connections: 32, count };
  const constant = async (name: string, size: number) => {
    const hello = await started(process.execPath, ['-e', CONSTANT, String(size)], {}, /port (\d+)/);
    await asked(hello, [request('/', {})], many);
    printQuick(name, await asked(hello, [request('/', {})], many), count);
    await hello.stop();
  };
  await constant(HELLO, 2);
  await constant('89 kB by node:http', 89_000);
  const targets = Array.from({ length: 50 }, (_, curve) => `/v1/curves?${question(days.at(-1)!, curve)}`);
  const cached = targets.map((target) => request(target, headers));
  await asked(api, cached, many);
  printQuick('from the cache', await asked(api, cached, many), count);
  const zipped = targets.map((target) => request(target, { ...headers, 'accept-encoding': 'br' }));
  await asked(api, zipped, many);
  printQuick('from the cache, br', await asked(api, zipped, many), count);
  printQuick('from the cache, one caller', await asked(api, cached, { connections: 1, count: 3_000 }), 3_000);
  const held = await Promise.all(
    targets.map(async (target) => {
      const answer = await fetch(`http://localhost:${api.port}${target}`, {
        headers: { ...headers, 'accept-encoding': 'identity' },
      });
      await answer.arrayBuffer();
      return request(target, { ...headers, 'if-none-match': answer.headers.get('etag')! });
    }),
  );
  await asked(api, held, { ...many, status: '304' });
  printQuick('304', await asked(api, held, { ...many, status: '304' }), count);
  printQuick(
    '304, one caller',
    await asked(api, held, { connections: 1, count: 3_000, status: '304' }),
    3_000,
  );
  for (const coding of ['identity', 'gzip', 'br']) {
    const { bytes } = await asked(api, [request(targets[0]!, { ...headers, 'accept-encoding': coding })], {
      connections: 1,
    });
    print(`an answer of ${TENORS} rows, ${coding}`, bytes / 1e3, 'kB', 'with its headers');
  }
}

async function large(api: Child, headers: Record<string, string>): Promise<void> {
  const path = `/v1/curves?asof=${LARGE_DAY}`;
  for (const format of FORMATS.filter((one) => one !== 'json')) {
    const job: Job = {
      kind: 'drain',
      port: api.port,
      path,
      headers: { ...headers, accept: MEDIA_TYPES[format], host: 'localhost' },
    };
    if (format === 'ndjson') await run(job);
    const before_mb = rss_mb(api.pid);
    let highest_mb = before_mb;
    const watch = setInterval(() => {
      highest_mb = Math.max(highest_mb, rss_mb(api.pid));
    }, 50);
    const before_ms = cpu_ms(api.pid);
    const { wall_ms, bytes, statuses } = await run(job);
    clearInterval(watch);
    if (statuses['200'] !== 1) throw new Error(JSON.stringify(statuses));
    const cost_ms = cpu_ms(api.pid) - before_ms;
    const note = `${(bytes / 1e6).toFixed(0)} MB, ${Math.round(1e9 / cost_ms)} rows a CPU second, RSS ${before_mb.toFixed(0)} MB, highest ${highest_mb.toFixed(0)}`;
    print(`1 M rows as ${format}`, 1e9 / wall_ms, 'rows/s', note);
  }
}

async function slow({ days }: Site, api: Child, headers: Record<string, string>): Promise<void> {
  const ask = () =>
    asked(
      api,
      Array.from({ length: 1_500 }, () => fresh(days.at(-1)!, headers)),
    );
  await ask();
  printSlices('alone,', await ask(), 1_500);
  const beside = async (name: string, job: Job) => {
    const child = callers(job);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const before_mb = rss_mb(api.pid);
    printSlices(`beside ${name},`, await ask(), 1_500);
    print(`beside ${name}, RSS grown`, rss_mb(api.pid) - before_mb, 'MB');
    child.kill();
    await once(child, 'exit');
  };
  await beside('500 slowloris sockets', { kind: 'slowloris', port: api.port, count: 500 });
  const reader = { ...headers, accept: MEDIA_TYPES.csv, host: 'localhost' };
  const path = `/v1/curves?asof=${LARGE_DAY}`;
  await beside('20 slow readers of 1 M rows', {
    kind: 'slow-readers',
    port: api.port,
    path,
    headers: reader,
    count: 20,
  });
}

async function compared({ days, parquet }: Site): Promise<void> {
  const python = process.env.AURUM_PYTHON;
  if (python === undefined) {
    process.stderr.write('bench: without AURUM_PYTHON nothing is compared with FastAPI and DuckDB\n');
    return;
  }
  const port = await freePort();
  const program = join(import.meta.dirname, 'api/fastapi_duckdb.py');
  const server = {
    ...(await started(python, [program, parquet, String(port)], {}, /listens on (\d+)/)),
    port,
  };
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const slice = (path: string, asof: string) => request(`/${path}?${question(asof)}`, {});
  const measure = async (name: string, count: number, one: () => string) => {
    const requests = Array.from({ length: count }, one);
    await asked(server, requests.slice(0, count / 5));
    printSlices(`FastAPI + DuckDB, ${name},`, await asked(server, requests), count);
  };
  await measure('native table, newest day', 500, () => slice('native', days.at(-1)!));
  await measure('native table, any day', 500, () => slice('native', days[pick(days.length)]!));
  await measure('the file of any day', 200, () => slice('file', days[pick(days.length)]!));
  await measure(`all ${days.length} files`, 20, () => slice('files', days[pick(days.length)]!));
  const hello = await asked(server, [request('/hello', {})], { connections: 32, count: 3_000 });
  printQuick('hello of FastAPI', hello, 3_000);
  print('FastAPI + DuckDB, RSS', rss_mb(server.pid), 'MB');
  await server.stop();
}

const site = await openSite(home, rows, await freePort());
try {
  const profile = values.profile && ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
  const api = await startApi(site, profile || []);
  const headers = { authorization: `Bearer ${await testToken(home, 'analyst')}` };
  if (isWanted('slices')) await slices(site, api, headers);
  await api.said(/curves_warm/);
  if (isWanted('quick')) await quick(site, api, headers);
  if (isWanted('large')) await large(api, headers);
  if (isWanted('slow')) await slow(site, api, headers);
  print('RSS of the server', rss_mb(api.pid), 'MB');
  await api.stop();
  if (isWanted('compare')) await compared(site);
} finally {
  await site.gateway.stop();
  rmSync(scratch, { recursive: true, force: true });
}
