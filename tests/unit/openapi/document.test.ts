import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { RouteTrigger, Trigger } from '#lib/runtime/triggers.ts';
import { functionFiles } from '../../../scripts/gen/serverless.ts';

type Json = Readonly<Record<string, unknown>>;
interface Document {
  readonly paths: Json;
  readonly components: Readonly<Record<string, Readonly<Record<string, Json>>>>;
}

const ROOT = join(import.meta.dirname, '../../..');
const FILE = join(ROOT, 'schemas/openapi/aurum.yaml');
const document = parse(readFileSync(FILE, 'utf8')) as Document;
const { schemas = {}, responses = {}, securitySchemes: _, ...others } = document.components;

/** Paths of components that a value refers to, and those refer to in turn. */
function referred(value: unknown, seen = new Set<string>()): ReadonlySet<string> {
  for (const [, kind, name] of JSON.stringify(value).matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)) {
    const path = `${kind}/${name}`;
    if (seen.has(path)) continue;
    seen.add(path);
    referred(document.components[kind!]?.[name!] ?? {}, seen);
  }
  return seen;
}

test('what is referred to is there, and what is there is referred to', () => {
  const present = Object.entries({ schemas, responses, ...others }).flatMap(([kind, components]) =>
    Object.keys(components).map((name) => `${kind}/${name}`),
  );
  expect([...referred(document.paths)].sort()).toEqual(present.sort());
});

test('a reference is into the components and nowhere else', () => {
  const targets = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(([, target]) => target);
  expect(targets.length).toBeGreaterThan(1_000);
  for (const target of targets) expect(target).toMatch(/^#\/components\/\w+\/\w+$/);
});

test('every refusal is a problem of RFC 9457', () => {
  const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  const refusals = Object.entries(responses).filter(
    ([name]) => name !== 'NotModified' && name !== 'HeadersTooLarge',
  );
  expect(refusals).toHaveLength(11);
  for (const [name, response] of refusals) expect(response.content, name).toEqual(problem);
});

test('what has a default may be left out by who sends it, and is there for who gets it', () => {
  expect(schemas.BalancingTerms!.required).toContain('cost_per_mwh');
  expect(schemas.BalancingTermsInput!.required).not.toContain('cost_per_mwh');
  // The same for both.
  expect(schemas.CreditTerms).toBeDefined();
  expect(schemas.CreditTermsInput).toBeUndefined();
});

test('every example is a body that its route takes', async () => {
  const taken: string[] = [];
  for (const { name, module } of await functionFiles()) {
    const { trigger } = (await import(join(ROOT, `${module}.ts`))) as { trigger: Trigger };
    if (trigger.kind !== 'http') continue;
    const { body, examples = {} } = (trigger as RouteTrigger).contract;
    for (const [example, { value }] of Object.entries(examples)) {
      expect(body!.safeParse(value), `${name} ${example}`).toMatchObject({ success: true });
      taken.push(`${name} ${example}`);
    }
  }
  expect(taken).toContain('create-scenario fuel_curve');
  expect(taken).toContain('ppa-valuate cfd');
});
