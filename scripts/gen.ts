/**
 * Writes every generated file: plug-in registries, the list of functions, serverless.yml, knative/, Avro schemas, the
 * OpenAPI and the types of its client, the README's settings.
 * `--check` writes nothing and fails when one differs from what it should be.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { RELEASE } from '#lib/runtime/code-version.ts';
import { avroFiles } from './gen/avro.ts';
import { clientFiles } from './gen/client.ts';
import { functionListFiles } from './gen/function-list.ts';
import { readmeFiles } from './gen/readme.ts';
import { registryFiles } from './gen/registries.ts';

/** The content each generated file should have, by path. Registries first: the functions import them. */
export async function generatedFiles(): Promise<Map<string, string>> {
  const { functionFiles, serverlessFiles } = await import('./gen/serverless.ts');
  const { knativeFiles } = await import('./gen/knative.ts');
  const { openapiFiles } = await import('./gen/openapi.ts');
  const functions = await functionFiles();
  const openapi = openapiFiles(functions, RELEASE);
  return new Map([
    ...registryFiles(),
    ...avroFiles(),
    ...readmeFiles(functions),
    ...(await serverlessFiles()),
    ...functionListFiles(functions),
    ...openapi,
    ...(await clientFiles([...openapi.values()][0]!)),
    ...(await knativeFiles(functions)),
  ]);
}

/** Paths whose content on disk is not the generated one. */
export function differing(files: ReadonlyMap<string, string>): string[] {
  return [...files].filter(([path, content]) => read(path) !== content).map(([path]) => path);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // Not there yet: differs.
  }
}

function write(files: ReadonlyMap<string, string>): void {
  for (const path of differing(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, files.get(path)!);
    process.stderr.write(`wrote ${path}\n`);
  }
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const stale = differing(await generatedFiles());
    for (const path of stale) process.stderr.write(`${path} is not what npm run gen writes\n`);
    process.exitCode = stale.length === 0 ? 0 : 1;
  } else {
    write(registryFiles());
    write(await generatedFiles());
  }
}
