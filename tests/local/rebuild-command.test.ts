/** `aurum rebuild` on local stores: refused, planned, locked out, done. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lockFolder } from '#lib/adapters/sql/folder-lock.ts';
import { command as rebuildCommand } from '#lib/runtime/cli/commands/rebuild.ts';
import { command as verifyCommand } from '#lib/runtime/cli/commands/verify.ts';
import { type LocalStores, localStores } from '#tests/fixtures/local-stores.ts';
import { DAY, listed } from '#tests/fixtures/rebuild-site.ts';

let stores: LocalStores;
beforeAll(async () => {
  stores = await localStores();
});
afterAll(() => stores.close());

test('verify, wipe, rebuild, verify', async () => {
  const ports = await stores.open();
  const { objects } = ports;
  await stores.deliver(ports, 'pw', DAY);
  await ports.close();
  const good = await stores.aurum(verifyCommand);
  expect(good.code).toBe(0);
  // The release, the audit trail, the valuations.
  expect(good.lines).toMatchObject([{ mismatch_count: 0 }, { audit: { broken: null } }, { valuations: {} }]);
  expect(good.messages).toMatch(/aurum: 1 release, [\d,]+ rows: proven/);

  const plan = await stores.aurum(rebuildCommand, { 'dry-run': 'yes' });
  expect(plan.code).toBe(0);
  expect(plan.messages).toContain('would refuse: main holds releases');
  expect((await stores.aurum(rebuildCommand)).messages).toContain('(main_exists)');

  await objects.put(`staged/${good.lines[0]!.version}/rows.parquet`, new Uint8Array([1]));
  const bad = await stores.aurum(verifyCommand);
  expect(bad.code).toBe(2);
  expect(bad.messages).toContain('(staged_unreadable)');

  for (const key of await listed(objects, '')) if (!/^(raw|releasing)\//.test(key)) await objects.delete(key);
  stores.lose('events');
  const unlock = lockFolder(join(stores.home, 'postgres'));
  const locked = await stores.aurum(rebuildCommand);
  expect(locked).toMatchObject({ code: 1, lines: [] });
  expect(locked.messages).toContain('(database_in_use)');
  unlock();
  const report = await stores.aurum(rebuildCommand);
  expect(report.messages).toMatch(/RTO [\d.]+ s \([\d,]+ rows\/s\), RPO 0 s/);
  expect(report.code).toBe(0);
  expect(report.lines[0]).toMatchObject({ released: 1, red: 0, refused: 0, lost: [], rpo_s: 0 });
  expect(report.lines[0]?.digest).toEqual(plan.lines[0]?.digest);
  expect((await stores.aurum(verifyCommand)).code).toBe(0);
});
