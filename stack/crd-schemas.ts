/**
 * `node stack/crd-schemas.ts DIR CRD.yaml..`: resource definitions to the JSON schemas kubeconform reads,
 * `DIR/{group}/{kind}_{version}.json`, strict as its own are: a field the definition does not name is an error.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

type Schema = Record<string, unknown>;

const definition = z.object({
  kind: z.literal('CustomResourceDefinition'),
  spec: z.object({
    group: z.string(),
    names: z.object({ kind: z.string() }),
    versions: z.array(
      z.object({
        name: z.string(),
        schema: z.object({ openAPIV3Schema: z.record(z.string(), z.unknown()) }),
      }),
    ),
  }),
});

/** Every schema in a file of definitions, by its path. */
export function schemasIn(yaml: string): Map<string, Schema> {
  const schemas = new Map<string, Schema>();
  for (const document of parseAllDocuments(yaml)) {
    const parsed = definition.safeParse(document.toJS());
    if (!parsed.success) continue; // Another kind of resource.
    const { group, names, versions } = parsed.data.spec;
    for (const { name, schema } of versions) {
      schemas.set(join(group, `${names.kind.toLowerCase()}_${name}.json`), whole(schema.openAPIV3Schema));
    }
  }
  return schemas;
}

/** With the three fields every resource has and definitions may leave out. */
function whole(schema: Schema): Schema {
  const { properties, ...rest } = schema;
  const text = { type: 'string' };
  return strict({
    ...rest,
    properties: { apiVersion: text, kind: text, ...(properties as Schema), metadata: {} },
  }) as Schema;
}

function strict(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(strict);
  if (typeof node !== 'object' || node === null) return node;
  const schema = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, strict(value)]));
  if (schema['x-kubernetes-int-or-string'] === true) {
    delete schema.type;
    return { ...schema, oneOf: [{ type: 'integer' }, { type: 'string' }] };
  }
  const isClosed =
    schema.type === 'object' &&
    schema.properties !== undefined &&
    schema.additionalProperties === undefined &&
    schema['x-kubernetes-preserve-unknown-fields'] !== true;
  return isClosed ? { ...schema, additionalProperties: false } : schema;
}

if (import.meta.main) {
  const [folder, ...files] = process.argv.slice(2);
  if (folder === undefined || files.length === 0) throw new Error('usage: crd-schemas.ts DIR CRD.yaml..');
  const schemas = files.flatMap((file) => [...schemasIn(readFileSync(file, 'utf8'))]);
  for (const [path, schema] of schemas) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), JSON.stringify(schema));
  }
  process.stdout.write(`${schemas.length} schemas\n`);
}
