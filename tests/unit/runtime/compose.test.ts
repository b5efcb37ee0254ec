/** The ports of one process: chosen by its settings, let go of together and in time. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { compose } from '#lib/runtime/compose.ts';
import { readConfig } from '#lib/runtime/config.ts';

const home = mkdtempSync(join(tmpdir(), 'aurum-compose-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const bytes = Buffer.from('a curve');
const closed = async (ports: { close(): Promise<void> }) => {
  const began_ms = performance.now();
  await ports.close();
  return performance.now() - began_ms;
};

test('closing lets go of the local database, which another process may then open', async () => {
  const ports = await compose(readConfig({ AURUM_HOME: home }));
  await ports.sql.transaction('aurum_api', (tx) => tx.query('SELECT 1 AS one'));
  expect(existsSync(join(home, 'postgres.lock'))).toBe(true);
  await closed(ports);
  expect(existsSync(join(home, 'postgres.lock'))).toBe(false);
});

test('without Redis the cache is in this process', async () => {
  const ports = await compose(readConfig({ AURUM_HOME: home }));
  await ports.cache.set('key', bytes, 60_000);
  expect(Buffer.from((await ports.cache.get('key'))!)).toEqual(bytes);
  await closed(ports);
});

test('stores that take connections and answer nothing hold up neither a miss nor the end', async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const place = `127.0.0.1:${(silent.address() as { port: number }).port}`;
  const ports = await compose(
    readConfig({
      AURUM_HOME: home,
      AURUM_REDIS_URL: `redis://${place}`,
      AURUM_POSTGRES_URL: `postgres://aurum:aurum@${place}/aurum`,
    }),
  );
  const asked = ports.sql.transaction('aurum_api', (tx) => tx.query('SELECT 1'));
  asked.catch(() => {});
  expect(await ports.cache.get('key')).toBeUndefined();
  expect(await closed(ports)).toBeLessThan(3_000);
  for (const socket of sockets) socket.destroy();
  silent.close();
  await expect(asked).rejects.toThrow();
});
