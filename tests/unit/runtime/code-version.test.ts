import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { CODE_VERSION, RELEASE } from '#lib/runtime/code-version.ts';
import { computingSources } from '#lib/runtime/computing-sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'aurum-sources-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function copyOfSources(name: string): string {
  for (const part of ['lib/domain', 'lib/drivers', 'lib/flows', 'schemas']) {
    cpSync(join(import.meta.dirname, '../../..', part), join(folder, name, part), { recursive: true });
  }
  return join(folder, name);
}

test('the version of the code names release, sources and time-zone data', () => {
  expect(CODE_VERSION).toBe(`${RELEASE}+${computingSources()}.tz${process.versions.tz}`);
  expect(CODE_VERSION).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{12}\.tz\d{4}[a-z]$/);
});

test('equal sources have one digest wherever they lie; a formula, a default or a flow that changes has another', () => {
  const copy = copyOfSources('copy');
  expect(computingSources(copy)).toBe(computingSources());
  const seen = new Set([computingSources()]);
  for (const changed of ['lib/drivers/policy.ts', 'lib/domain/simulation/plan.ts', 'schemas/scenario.ts']) {
    writeFileSync(join(copy, changed), '// other\n', { flag: 'a' });
    seen.add(computingSources(copy));
  }
  expect(seen.size).toBe(4);
  writeFileSync(join(copy, 'schemas/notes.md'), 'no source');
  expect(seen.has(computingSources(copy))).toBe(true);
});
