/** A service for the tests of starting and stopping: a small HTTP server that counts its starts in its data folder. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from '../../../stack/ask.ts';
import { HOST, type Service } from '../../../stack/service.ts';

/** A stack folder of the test's own. @returns its path and what takes it away */
export function ownStackHome(): { home: string; remove: () => void } {
  const home = mkdtempSync(join(tmpdir(), 'aurum-stack-'));
  const before = process.env.AURUM_STACK_HOME;
  process.env.AURUM_STACK_HOME = home;
  const remove = () => {
    rmSync(home, { recursive: true, force: true });
    if (before === undefined) delete process.env.AURUM_STACK_HOME;
    else process.env.AURUM_STACK_HOME = before;
  };
  return { home, remove };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Answers with the number of times it was started on its data. */
const PROGRAM = `
const { appendFileSync, readFileSync } = require('node:fs');
const [port, data] = process.argv.slice(1);
appendFileSync(data + '/starts', '.');
const starts = readFileSync(data + '/starts', 'utf8').length;
require('node:http').createServer((_, answer) => answer.end(String(starts))).listen(Number(port), '${HOST}');
`;

export function fakeService(name: string, port: number, more: Partial<Service> = {}): Service {
  return {
    name,
    version: '1',
    ports: [port],
    settings: { [`AURUM_${name.toUpperCase()}_URL`]: `http://${HOST}:${port}` },
    daemon: (site) => ({ argv: [process.execPath, '-e', PROGRAM, String(port), site.data] }),
    query: async () => void (await ask(`http://${HOST}:${port}`)),
    ...more,
  };
}
