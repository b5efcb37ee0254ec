/** `aurum verify` while another process has the database for itself: the API is asked, and what nobody proves is no proof. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lockFolder } from '#lib/adapters/sql/folder-lock.ts';
import { command } from '#lib/runtime/cli/commands/verify.ts';
import { type LocalStores, localStores } from '#tests/fixtures/local-stores.ts';
import { DAY } from '#tests/fixtures/rebuild-site.ts';

const HASH = 'a'.repeat(64);
let stores: LocalStores;
let api: Server;
let url: string;
let unlock: () => void;
/** What the API says of the one stored valuation, of the tenant acme. */
let replayed: { identical: boolean; bytes: number; differences: { path: string }[] };

beforeAll(async () => {
  stores = await localStores();
  const ports = await stores.open();
  await stores.deliver(ports, 'pw', DAY);
  await ports.close();
  unlock = lockFolder(join(stores.home, 'postgres'));
  api = createServer((request, response) => {
    const path = new URL(request.url!, 'http://localhost').pathname;
    const isAcme = tokenOf(request.headers.authorization).includes('tenant-acme');
    const data = path.endsWith('/replay')
      ? replayed
      : path === '/v1/tenants'
        ? [{ id: 'acme' }]
        : path === '/v1/ppa/valuations' && isAcme
          ? [{ valuation_hash: HASH }]
          : [];
    response.end(JSON.stringify({ meta: { next_cursor: null }, data }));
  });
  await new Promise<void>((resolve) => {
    api.listen(0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
});
afterAll(async () => {
  unlock();
  api.close();
  await stores.close();
});

const tokenOf = (header = '') => Buffer.from(header.split('.')[1] ?? '', 'base64url').toString();
const verify = (more: Record<string, string> = {}, options: Record<string, string> = {}) =>
  stores.aurum(command, options, { AURUM_API_URL: url, ...more });

test('valuations of every tenant are made again by the API', async () => {
  replayed = { identical: true, bytes: 1_200, differences: [] };
  const { code, messages, lines } = await verify();
  expect(messages).toContain('PPA valuations: 1 valuation, 1,200 bytes: all the same');
  expect(messages).toMatch(/aurum: 1 release, [\d,]+ rows: proven\n$/);
  expect(lines.at(-1)).toEqual({
    valuations: {
      ...{ tenants: 2, valuations: 1, bytes: 1_200, different: 0 },
      ...{ of_another_version: 0, first_difference: null },
    },
  });
  expect(code).toBe(0);
});

test('one that differs is named, with its tenant', async () => {
  replayed = { identical: false, bytes: 1_200, differences: [{ path: 'npv' }] };
  const { code, messages } = await verify();
  expect(messages).toContain(`1 DIFFER, first ${HASH} of tenant acme: npv`);
  expect(code).toBe(2);
});

test('one that another version of the code made is not proved, and is no mismatch', async () => {
  replayed = {
    ...{ identical: false, made_by_another_version: true },
    ...{ bytes: 1_200, differences: [{ path: 'npv' }] },
  };
  const { code, messages } = await verify();
  expect(messages).toContain('1 made by another version of the code give other values here');
  expect(messages).toMatch(/NOT PROVED, PPA valuations: 1 valuation made by another version/);
  expect(code).toBe(1);
});

test('with a token of one caller, the tenants it does not show are not proved', async () => {
  replayed = { identical: true, bytes: 1_200, differences: [] };
  const { code, messages } = await verify({ AURUM_TOKEN: `x.${btoa('{"groups":["tenant-acme"]}')}.x` });
  expect(messages).toContain('PPA valuations: 1 valuation, 1,200 bytes: all the same');
  expect(messages).toMatch(/NOT PROVED, PPA valuations: .*other tenants.*Stop the process/);
  expect(messages).toContain('NOT ALL PROVED');
  expect(code).toBe(1);
});

test('where nothing answers either, what is not proved is named with what to do, and is no success', async () => {
  const { code, messages } = await verify({ AURUM_API_URL: 'http://127.0.0.1:9' });
  for (const what of ['the audit trail', 'PPA valuations'])
    expect(messages).toMatch(
      new RegExp(`NOT PROVED, ${what}: .*used by process \\d+\\. .*api_unreachable.*Stop that process`),
    );
  expect(messages).toMatch(/1 release, [\d,]+ rows: NOT ALL PROVED\n$/);
  expect(code).toBe(1);
});

test('a market day without a release is nothing proved, and refused', async () => {
  const { code, messages } = await verify({}, { 'as-of': '2025-01-02' });
  expect(messages).toContain('no release of 2025-01-02 is on main');
  expect(code).toBe(2);
  const day = await verify({}, { 'as-of': DAY });
  expect(day.messages).toContain('the audit trail and the valuations are proved without --as-of');
  expect(day.code).toBe(0);
});
