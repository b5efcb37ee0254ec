/** Every setting that any source reads or names is in the schema, and so in the README's table; none is there for nothing. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { settings } from '#lib/runtime/config.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SOURCES = [
  '{functions,lib,events,schemas,local,scripts,stack,tests}/**/*.{ts,sh,py}',
  'knative/{base,overlays,openfaas}/**/*.{yaml,yml,env}',
  'stack/*.yaml',
  '.ci/run',
  '.env.example',
  'Containerfile',
  'serverless.yml',
];
const files = globSync(SOURCES, { cwd: ROOT });
const known = Object.keys(settings.shape);
const NAME = /\bAURUM_[A-Z0-9]+(?:_[A-Z0-9]+)*\b/g;

/** Names by file; the schema itself and what tests it are no witnesses. */
const named = new Map(
  files
    .filter((file) => !/^(lib|tests\/unit)\/runtime\/(config|settings)\b/.test(file))
    .map((file) => [file, readFileSync(join(ROOT, file), 'utf8').match(NAME) ?? []]),
);

test('the sources are seen', () => {
  expect(files.length).toBeGreaterThan(300);
  expect(named.get(join('lib', 'runtime', 'compose.ts'))).toContain('AURUM_POSTGRES_URL');
});

test('a name in the sources is a setting', () => {
  // Or a family of them in a text: AURUM_S3_*.
  const isKnown = (name: string) =>
    known.some((setting) => setting === name || setting.startsWith(`${name}_`));
  const unknown = [...named].flatMap(([file, names]) =>
    names.filter((name) => !isKnown(name)).map((name) => `${name} in ${file}`),
  );
  expect(unknown).toEqual([]);
});

test('a setting is read somewhere', () => {
  const all = new Set([...named.values()].flat());
  expect(known.filter((name) => name !== 'PORT' && !all.has(name))).toEqual([]);
});
